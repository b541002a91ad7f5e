import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { BatchRecord, CutRecord } from "../../stores/port/merge-records.ts";
import { allBatches } from "./list-batches.ts";
import { getMerge, openStoreOf, type DeskParts } from "./merge-subject.ts";

/** Whether every row that was ever delivered for a version has met exactly one fate (L14). */
export interface Conservation {
  readonly partition: PartitionKey;
  readonly version: number;
  /** Rows of all batches that the version's cut knows. */
  readonly delivered: number;
  /** The sum of the fates that were recorded with the version. */
  readonly accounted: number;
  readonly isConserved: boolean;
}

/** Of every partition that readers see. */
export async function checkConservation(parts: DeskParts, asset: AssetKey): Promise<readonly Conservation[]> {
  const merge = getMerge(parts, asset);
  const store = await openStoreOf(parts, merge);
  const found: Conservation[] = [];
  for (const { partition, version } of await store.listHeads(merge.environment, asset)) {
    const [cut] = await store.merges.listCuts({ asset, partition, version, limit: 1 });
    if (cut === undefined) continue;
    found.push(addUp(cut, await store.merges.listBatches({ asset, partition, version, limit: allBatches })));
  }
  return found;
}

/** The pure part. A batch's rows are those that its branch delivered, duplicates and rejected ones included. */
export function addUp(
  cut: Pick<CutRecord, "cut" | "version" | "fates">,
  batches: readonly Pick<BatchRecord, "rowCount">[],
): Conservation {
  const delivered = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  const accounted = Object.values(cut.fates).reduce((sum, count) => sum + count, 0);
  return {
    partition: cut.cut.partition,
    version: cut.version,
    delivered,
    accounted,
    isConserved: delivered === accounted,
  };
}
