import type { OrderDto } from "../../../read/merges/order-dto.ts";
import type { GivenOrder } from "../../give-order.ts";
import { countOf } from "../quantities.ts";
import { renderFollowedRun } from "../run-summary.ts";
import type { Style } from "../style.ts";
import { renderBatchTable } from "./batches.ts";

/** What an order does, in the words of its command: `{ done: "Revoked", toDo: "Would revoke" }`. */
export interface OrderVerb {
  readonly done: string;
  readonly toDo: string;
}

export function renderGivenOrder({ order, followed, isDryRun }: GivenOrder, verb: OrderVerb, style: Style): string {
  return [
    ...renderDecided(order, isDryRun ? verb.toDo : verb.done, style),
    ...renderConsequences(order, isDryRun),
    ...(followed === null ? renderUnfollowed(order, isDryRun) : ["", renderFollowedRun(followed, style)]),
  ].join("\n");
}

function renderDecided({ batches }: OrderDto, verb: string, style: Style): readonly string[] {
  const count = `${verb} ${countOf(batches.length, "batch", "batches")}`;
  return batches.length === 0 ? [count] : [count, renderBatchTable(batches, style, ["merge"]), ""];
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
