import { WatersmeetError } from "@watersmeet/core/errors";
import type { Row } from "@watersmeet/core/schema";
import { compareStrings, unpartitioned, type PartitionKey } from "@watersmeet/core/values";
import type { Store } from "../../../stores/store.ts";
import type { DeskMerge } from "../merge-subject.ts";

/** One version of one partition. */
export interface KeyPlace {
  readonly partition: PartitionKey;
  readonly version: number;
}

/** Where to look for a key: the partition asked for, or else the first that anything was said in; the version asked for, or else the one that readers see. @throws {NOT_FOUND} */
export async function findPlace(
  store: Store,
  merge: DeskMerge,
  asked: { readonly key: Row; readonly partition: PartitionKey | undefined; readonly version: number | undefined },
): Promise<KeyPlace> {
  const found = await store.listHeads(merge.environment, merge.key);
  const heads = found.toSorted((a, b) => compareStrings(a.partition, b.partition));
  const partition = asked.partition ?? (await findPartition(store, merge, { key: asked.key, heads }));
  const version = asked.version ?? heads.find((head) => head.partition === partition)?.version;
  if (version !== undefined) return { partition, version };
  throw new WatersmeetError("NOT_FOUND", `Nothing of ${merge.key} is published yet`, {
    hint: `\`watersmeet run ${merge.key}\` makes it.`,
  });
}

async function findPartition(
  store: Store,
  merge: DeskMerge,
  { key, heads }: { readonly key: Row; readonly heads: readonly { readonly partition: PartitionKey }[] },
): Promise<PartitionKey> {
  const [first, ...others] = heads;
  if (first === undefined) return unpartitioned;
  if (others.length === 0) return first.partition;
  for (const { partition } of heads) {
    const said = await store.merges.readContributions({ asset: merge.stored, partition, key, limit: 1 });
    if (said.length > 0) return partition;
  }
  return first.partition;
}
