import type { BatchStanding, MergeOrder } from "@watersmeet/core/merge";
import type { CatalogBatch } from "../catalog/batches.ts";

/** What decides how batches stand to a cut. */
export interface StandingFacts {
  /** All batches of the partition, those that were sealed just now included. */
  readonly batches: readonly CatalogBatch[];
  /** Generation that was delivered, by `deliveryName`. What was not delivered does not count: rows are a function of the pinned inputs. */
  readonly delivered: ReadonlyMap<string, number>;
  /** In force: those of the cut before and those given now. */
  readonly orders: readonly MergeOrder[];
  /** Whether there is a cut before it; without one nothing was late. */
  readonly hasBase: boolean;
}

/** What all generations and parts of one delivery share. */
export function deliveryName({ source, batchKey }: Pick<CatalogBatch, "source" | "batchKey">): string {
  return JSON.stringify([source, batchKey]);
}

/**
 * How each batch stands to a cut. Of what was delivered under a key, the greatest generation that counts is live and those before it are superseded; a revoked one is as if it
 * had never come, so that the generation before it counts again (L5). Parts of a delivery that came late wait until an order admits them.
 */
export function standBatches(facts: StandingFacts): ReadonlyMap<number, BatchStanding> {
  const revoked = findRevoked(facts);
  const own = new Map(
    facts.batches.map((batch) => [
      batch,
      revoked.has(generationName(batch)) || revoked.has(batch.batchId)
        ? ("revoked" as const)
        : standAlone(facts, batch),
    ]),
  );
  const counting = new Map<string, number>();
  for (const [batch, standing] of own) {
    const name = deliveryName(batch);
    if (standing === "live") counting.set(name, Math.max(counting.get(name) ?? 0, batch.generation));
  }
  return new Map(
    [...own].map(([batch, standing]) => {
      const isReplaced = standing !== "revoked" && batch.generation < (counting.get(deliveryName(batch)) ?? 0);
      return [batch.number, isReplaced ? "superseded" : standing];
    }),
  );
}

/** As if there were no other generation. */
function standAlone(facts: StandingFacts, batch: CatalogBatch): BatchStanding {
  const delivered = facts.delivered.get(deliveryName(batch));
  if (delivered === undefined || batch.generation > delivered) return "superseded";
  if (batch.part === "main") return "live";
  const orders = facts.orders.filter(({ batchId }) => batchId === batch.batchId);
  if (orders.some(({ kind }) => kind === "reject")) return "rejected";
  const isAdmitted = orders.some(
    ({ kind, overridesClosed = false }) => kind === "admit" && (overridesClosed || (batch.lateness.closed ?? 0) === 0),
  );
  return isAdmitted || !facts.hasBase ? "live" : batch.part;
}

/** Ids of revoked batches, and names of revoked generations: what takes back a delivery takes back its late part, too. */
function findRevoked({ batches, orders }: StandingFacts): ReadonlySet<string> {
  const ids = new Set(orders.filter(({ kind }) => kind === "revoke").map(({ batchId }) => batchId));
  const whole = batches.filter(({ batchId, part }) => part === "main" && ids.has(batchId));
  return new Set([...ids, ...whole.map(generationName)]);
}

function generationName(batch: CatalogBatch): string {
  return `${deliveryName(batch)}:${batch.generation}`;
}
