import { WatersmeetError } from "@watersmeet/core/errors";
import { walkGraph } from "@watersmeet/core/graph";
import { createPartitionSpace, type AssetKey, type Json, type PartitionKey } from "@watersmeet/core/values";
import { insertDecision, lockDecisions } from "../../../ledger/decisions.ts";
import { insertEvents, notifyFollowers } from "../../../ledger/events.ts";
import {
  findDecisionOf,
  findNewOrders,
  findOrderedPartitions,
  insertOrders,
  type PlacedOrder,
} from "../../../ledger/merge-orders.ts";
import type { DecisionKind, RunRecord } from "../../../ledger/records.ts";
import type { RunRequest } from "../../watersmeet.ts";
import type { DeskAsset, DeskParts } from "../merge-subject.ts";
import { describeRequest, findEarlierDecision } from "./decide-once.ts";

/** What the desk needs to give an order: its parts, and a way to start runs. */
export interface OrderingParts extends DeskParts {
  readonly submitRun: (request: RunRequest) => Promise<{ readonly run: RunRecord }>;
}

/** A decision about batches of a merge. */
export interface Ruling {
  readonly kind: Extract<DecisionKind, "revoke" | "admit" | "reject" | "rollback">;
  readonly orders: readonly PlacedOrder[];
  readonly by: string;
  readonly reason: string;
  readonly details?: Readonly<Record<string, Json>>;
  /** What was asked for: see `KeyedRequest`. */
  readonly asked: Json;
  readonly idempotencyKey: string | undefined;
  /** Whether what reads the merge runs too. @default false */
  readonly withDescendants?: boolean;
}

/**
 * Records orders, and then starts the run that carries them out. Between the two the process may end: the orders stand, the partitions are stale for every plan
 * from then on, and whoever gives the same orders again gets the run of the first time, made now if it was not.
 */
export async function giveOrders(parts: OrderingParts, merge: DeskAsset, ruling: Ruling): Promise<RunRecord | null> {
  requireAuthor(ruling);
  const decided = await recordOrders(parts, merge, ruling);
  return decided === null ? null : startDecidedRun(parts, { asset: merge, ...decided, ...ruling });
}

interface DecidedOrders {
  readonly decisionId: string;
  readonly partitions: readonly PartitionKey[];
}

/** One transaction: the decision, its orders, its event. Orders that were given before keep their decision, and their run. `null`: there is nothing to order. */
async function recordOrders(parts: DeskParts, merge: DeskAsset, ruling: Ruling): Promise<DecidedOrders | null> {
  const { db } = parts.connections;
  const place = { environment: merge.environment, asset: merge.key };
  const decided = await db.transaction().execute(async (tx) => {
    await lockDecisions(tx, place);
    const earlier = await findEarlierDecision(tx, merge.environment, ruling);
    if (earlier !== undefined) return { decisionId: earlier, partitions: await findOrderedPartitions(tx, earlier) };
    if (ruling.orders.length === 0) return null;
    const partitions = [...new Set(ruling.orders.map((order) => order.partition))];
    const orders = await findNewOrders(tx, place, ruling.orders);
    if (orders.length === 0) {
      const known = await findDecisionOf(tx, place, ruling.orders);
      if (known === undefined) throw new TypeError("orders are neither new nor known");
      return { decisionId: known, partitions };
    }
    const { kind, by, reason } = ruling;
    const details = { ...ruling.details, ...describeRequest(ruling) };
    const decisionId = await insertDecision(tx, { ...place, kind, by, reason, details });
    await insertOrders(tx, place, { decisionId, orders });
    const body = { decision: decisionId, order: kind, batches: orders.length, by, reason };
    await insertEvents(tx, [{ kind: "order:given", asset: merge.key, body }]);
    return { decisionId, partitions };
  });
  await notifyFollowers(db);
  return decided;
}

/** The run that carries out a decision. Asked for again, it is the same. */
export async function startDecidedRun(
  parts: OrderingParts,
  decided: {
    readonly asset: DeskAsset;
    readonly partitions: readonly PartitionKey[];
    readonly decisionId: string;
    readonly by: string;
    readonly idempotencyKey?: string | undefined;
    readonly withDescendants?: boolean;
  },
): Promise<RunRecord | null> {
  const { asset, decisionId } = decided;
  const space = createPartitionSpace(asset.manifest.partitions, new Date());
  // A partition that the asset does not have any more is served to nobody: its orders stand, and nothing runs.
  const present = decided.partitions.filter((partition) => space.ordinalOf(partition) !== undefined);
  if (present.length === 0) return null;
  const { run } = await parts.submitRun({
    select: decided.withDescendants === true ? `${asset.key}+` : asset.key,
    ...(asset.manifest.partitions === null ? {} : { partitions: present.join(",") }),
    requestedBy: decided.by,
    idempotencyKey: decided.idempotencyKey ?? `decision:${decisionId}`,
  });
  return run;
}

/** Everything downstream, in the order of the graph. */
export function listDescendants({ project, key }: DeskAsset): readonly AssetKey[] {
  const within = walkGraph(project.graph, [key], { direction: "down", depth: Number.POSITIVE_INFINITY });
  return project.graph.order.filter((each) => each !== key && within.has(each));
}

/** @throws {USAGE_INVALID} */
export function requireAuthor({ by, reason }: { readonly by: string; readonly reason: string }): void {
  if (by.trim() !== "" && reason.trim() !== "") return;
  throw new WatersmeetError("USAGE_INVALID", "A decision needs who makes it and why", {
    hint: "Give a reason, e.g. --reason 'the feed of 2001-01-31 was cut off'. It is kept with the decision.",
  });
}
