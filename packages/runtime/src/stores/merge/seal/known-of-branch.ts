import type { BatchStanding, KnownBatch } from "@watersmeet/core/merge";
import type { CatalogBatch } from "../catalog/batches.ts";
import { standingsOf, type CatalogCut } from "../catalog/cuts.ts";

/** The parts of what was delivered under a key at one time. */
export interface Generation {
  readonly generation: number;
  readonly batches: readonly CatalogBatch[];
}

/** What is known of a branch. Each delivery of a long feed looks its own key and content up, and nothing else. */
export interface KnownOfBranch {
  /** Whatever cut knows them, newest first. */
  listGenerations(batchKey: string): readonly Generation[];
  /** Batches of the cut that is built on which have the key, or else the content, of a delivery. */
  listAlike(delivered: { readonly batchKey: string; readonly digest: string }): readonly KnownBatch[];
  standingOf(batch: CatalogBatch): BatchStanding | undefined;
  /** Batches of the cut that is built on that count. */
  readonly live: readonly CatalogBatch[];
  /** Batches of the cut that is built on that were delivered to it, oldest first. */
  readonly delivered: readonly CatalogBatch[];
}

/** `batches`: all published ones of the partition. */
export function indexKnown(
  branch: string,
  { batches, base }: { readonly batches: readonly CatalogBatch[]; readonly base: CatalogCut | undefined },
): KnownOfBranch {
  const own = batches.filter(({ source }) => source === branch);
  const standings = base === undefined ? new Map<number, BatchStanding>() : standingsOf(base);
  const ofBase = own.flatMap((batch) => {
    const standing = standings.get(batch.number);
    return standing === undefined ? [] : [{ ...batch, standing }];
  });
  const byKey = Map.groupBy(own, ({ batchKey }) => batchKey);
  const [baseByKey, baseByDigest] = [
    Map.groupBy(ofBase, ({ batchKey }) => batchKey),
    Map.groupBy(ofBase, ({ digest }) => digest),
  ];
  return {
    listGenerations(batchKey) {
      return [...Map.groupBy(byKey.get(batchKey) ?? [], ({ generation }) => generation)]
        .map(([generation, parts]) => ({ generation, batches: parts }))
        .sort((a, b) => b.generation - a.generation);
    },
    listAlike({ batchKey, digest }) {
      const ofKey = baseByKey.get(batchKey) ?? [];
      return [...ofKey, ...(baseByDigest.get(digest) ?? []).filter((batch) => batch.batchKey !== batchKey)];
    },
    standingOf: ({ number }) => standings.get(number),
    live: ofBase.filter(({ standing }) => standing === "live"),
    delivered: ofBase
      .filter(({ standing }) => standing !== "superseded")
      .sort((a, b) => Number(a.batchSequence - b.batchSequence) || a.number - b.number),
  };
}
