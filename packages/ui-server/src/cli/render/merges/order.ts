import type { OrderDto } from "../../../read/merges/order-dto.ts";
import type { GivenOrder } from "../../orders/give-order.ts";
import { countOf } from "../quantities.ts";
import { renderFollowedRun } from "../run-summary.ts";
import type { Style } from "../style.ts";
import { renderBatchTable } from "./batches.ts";

/** What an order does, in the words of its command. */
export interface OrderVerb {
  /** `Revoked` */
  readonly done: string;
  /** `Would revoke` */
  readonly toDo: string;
  /** Said instead where the order is about no batch. */
  readonly withoutBatches: string;
}

export function renderGivenOrder({ order, followed, isDryRun }: GivenOrder, verb: OrderVerb, style: Style): string {
  const isInForce = isDryRun || order.run !== null;
  return [
    ...renderDecided(order, { ...verb, verb: isDryRun ? verb.toDo : verb.done }, style),
    ...renderStayingOut(order),
    ...(isInForce ? renderConsequences(order, isDryRun) : []),
    ...(followed === null ? renderUnfollowed(order, isDryRun) : ["", renderFollowedRun(followed, style)]),
  ].join("\n");
}

function renderDecided(
  { batches }: OrderDto,
  words: { readonly verb: string; readonly withoutBatches: string },
  style: Style,
): readonly string[] {
  if (batches.length === 0) return [words.withoutBatches];
  return [
    `${words.verb} ${countOf(batches.length, "batch", "batches")}`,
    renderBatchTable(batches, style, ["merge"]),
    "",
  ];
}

function renderStayingOut({ stayOut }: OrderDto): readonly string[] {
  if (stayOut.length === 0) return [];
  const named = stayOut.map(({ id }) => id.slice(0, 12)).join(", ");
  return [`Stays taken back, though it counts in that version: ${named}`];
}

const shownPartitions = 8;

function renderConsequences({ partitions, descendants }: OrderDto, isDryRun: boolean): readonly string[] {
  const named = partitions.filter((partition) => partition !== "");
  const more = named.length > shownPartitions ? ` and ${named.length - shownPartitions} more` : "";
  const where = named.length === 0 ? [] : [`Partitions: ${named.slice(0, shownPartitions).join(", ")}${more}`];
  const verb = isDryRun ? "Would be stale" : "Stale once the new version is there";
  return [...where, ...(descendants.length === 0 ? [] : [`${verb}: ${descendants.join(", ")}`])];
}

function renderUnfollowed({ run }: OrderDto, isDryRun: boolean): readonly string[] {
  if (isDryRun) return ["Nothing was done: it was a dry run"];
  if (run === null) return ["Nothing has to run"];
  return [`Run ${run.id} carries it out, and is not waited for: watersmeet runs show ${run.id}`];
}
