import { standBatches, type BatchStanding, type MergeOrder, type StandingBatch } from "@watersmeet/core/merge";
import type { CatalogBatch } from "../catalog/batches.ts";
import { standingsOf, type CatalogCut } from "../catalog/cuts.ts";

/** What decides how batches stand to a cut. */
export interface StandingFacts {
  /** All batches of the partition, those that were sealed just now included. */
  readonly batches: readonly CatalogBatch[];
  /** Numbers of those that are delivered. */
  readonly delivered: ReadonlySet<number>;
  /** Cut that is built on. */
  readonly base: CatalogCut | undefined;
  /** In force: those of the cut before and those given now. */
  readonly orders: readonly MergeOrder[];
}

/**
 * How each batch stands to a cut, by number. What was not delivered does not count, so that rows are a function of the pinned inputs and the orders; of what was, the generations
 * up to the delivered one that the cut before knows stand as core's `standBatches` says.
 */
export function standDelivered(facts: StandingFacts): ReadonlyMap<number, BatchStanding> {
  const candidates = listCandidates(facts);
  const waiting = new Set(candidates.filter((batch) => isWaiting(facts, candidates, batch)));
  const known = new Set(candidates.filter((batch) => !waiting.has(batch)));
  const standings = standBatches([...known].map(describe), facts.orders);
  return new Map(
    facts.batches.map((batch) => {
      if (waiting.has(batch)) return [batch.number, standAlone(facts.orders, batch)];
      return [batch.number, known.has(batch) ? (standings.get(batch.batchId) ?? "superseded") : "superseded"];
    }),
  );
}

function listCandidates({ base, batches, delivered }: StandingFacts): readonly CatalogBatch[] {
  const known = base === undefined ? new Map<number, BatchStanding>() : standingsOf(base);
  const generations = new Map<string, number>();
  for (const batch of batches) if (delivered.has(batch.number)) generations.set(deliveryName(batch), batch.generation);
  return batches.filter(
    (batch) =>
      delivered.has(batch.number) ||
      (known.has(batch.number) && batch.generation < (generations.get(deliveryName(batch)) ?? 0)),
  );
}

/** A restatement that came too late waits as a whole, and what it would replace stays: until it is admitted it is as if it had not come. */
function isWaiting({ orders }: StandingFacts, batches: readonly CatalogBatch[], batch: CatalogBatch): boolean {
  if (batch.part === "main" || batch.generation === 1) return false;
  const isWhole = !batches.some(
    (other) =>
      other.part === "main" && other.generation === batch.generation && deliveryName(other) === deliveryName(batch),
  );
  return isWhole && standAlone(orders, batch) !== "live";
}

function standAlone(orders: StandingFacts["orders"], batch: CatalogBatch): BatchStanding {
  return standBatches([describe(batch)], orders).get(batch.batchId) ?? "superseded";
}

function deliveryName({ source, batchKey }: CatalogBatch): string {
  return JSON.stringify([source, batchKey]);
}

function describe(batch: CatalogBatch): StandingBatch {
  return {
    batchId: batch.batchId,
    batchKey: deliveryName(batch),
    generation: batch.generation,
    part: batch.part,
    isClosed: (batch.lateness.closed ?? 0) > 0,
    baseBatchId: batch.baseBatchId,
  };
}
