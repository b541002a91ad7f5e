import type { BatchStanding } from "../cut/cut.ts";
import type { MergeOrder } from "../orders.ts";

/**
 * Which rows of a delivery a batch has: those that count as soon as it is known, those that came so late that they wait in the holding area, or those that
 * came too late for a merge that does not want them. The parts of a delivery share its key, generation and digest.
 */
export type BatchPart = "main" | "held" | "rejected";

/** A batch that a cut knows of, as far as its standing depends on it. */
export interface StandingBatch {
  readonly batchId: string;
  /** Of the delivery. */
  readonly batchKey: string;
  /** Of the delivery; a later one takes the place of those before. */
  readonly generation: number;
  readonly part: BatchPart;
  /** Whether it has rows of a closed period: then an ordinary admission is not enough. */
  readonly isClosed: boolean;
  /** Of a snapshot: the batch that it is the difference to. `null`: it needs none. */
  readonly baseBatchId: string | null;
}

/**
 * How each of the batches that a cut knows of stands to it, by batch id. A pure function of two *sets*: neither the order of the batches nor that of the
 * decisions counts, so a revocation commutes with the arrival of what it revokes (L6).
 *
 * - Taken back is taken back, whatever else was decided.
 * - Of each key the greatest generation of which something is not taken back takes the place of the others: without it they count again (L5).
 * - A part that waits, or was turned away for its lateness, counts when an order admits it and none rejects it.
 * - A difference counts only with what it is the difference to; without it, it waits (M13).
 *
 * @param orders all that were ever made, those of the cut before included
 */
export function standBatches(
  known: readonly StandingBatch[],
  orders: readonly MergeOrder[],
): ReadonlyMap<string, BatchStanding> {
  const decided = collectOrders(orders);
  const current = findCurrent(known, decided);
  const standings = new Map<string, BatchStanding>(
    known.map((batch) => [batch.batchId, standAlone(batch, { decided, current })]),
  );
  holdWithoutBase(known, standings);
  return standings;
}

interface Decided {
  readonly revoked: ReadonlySet<string>;
  readonly rejected: ReadonlySet<string>;
  readonly admitted: ReadonlySet<string>;
  /** Admitted into a closed period too. */
  readonly overriding: ReadonlySet<string>;
}

function collectOrders(orders: readonly MergeOrder[]): Decided {
  const idsOf = (kind: MergeOrder["kind"]) =>
    new Set(orders.filter((order) => order.kind === kind).map(({ batchId }) => batchId));
  return {
    revoked: idsOf("revoke"),
    rejected: idsOf("reject"),
    admitted: idsOf("admit"),
    overriding: new Set(
      orders.filter((order) => order.kind === "admit" && order.overridesClosed === true).map(({ batchId }) => batchId),
    ),
  };
}

function findCurrent(known: readonly StandingBatch[], { revoked }: Decided): ReadonlyMap<string, number> {
  const current = new Map<string, number>();
  for (const { batchId, batchKey, generation } of known) {
    if (!revoked.has(batchId)) current.set(batchKey, Math.max(generation, current.get(batchKey) ?? generation));
  }
  return current;
}

function standAlone(
  { batchId, batchKey, generation, part, isClosed }: StandingBatch,
  { decided, current }: { readonly decided: Decided; readonly current: ReadonlyMap<string, number> },
): BatchStanding {
  if (decided.revoked.has(batchId)) return "revoked";
  if (current.get(batchKey) !== generation) return "superseded";
  if (part === "main") return "live";
  if (decided.rejected.has(batchId)) return "rejected";
  const isAdmitted = (isClosed ? decided.overriding : decided.admitted).has(batchId);
  return isAdmitted ? "live" : part;
}

function holdWithoutBase(known: readonly StandingBatch[], standings: Map<string, BatchStanding>): void {
  const differences = known.filter(({ baseBatchId }) => baseBatchId !== null);
  const isLive = (batchId: string | null) => batchId === null || standings.get(batchId) === "live";
  for (let isSettled = false; !isSettled;) {
    const stranded = differences.filter(({ batchId, baseBatchId }) => isLive(batchId) && !isLive(baseBatchId));
    for (const { batchId } of stranded) standings.set(batchId, "held");
    isSettled = stranded.length === 0;
  }
}
