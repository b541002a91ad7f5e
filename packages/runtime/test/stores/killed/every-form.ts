import type { MergePolicy } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import type { StoredAsset } from "../../../src/stores/port/staging.ts";
import type { Commit, CommitRequest, Store } from "../../../src/stores/store.ts";
import { mergeOf, type Source } from "../../merge/merge-world.ts";
import {
  asset,
  orders,
  orderSchema,
  partition,
  prepare,
  prepareSmall,
  publish,
  stampedAsset,
  type Publication,
  type Scratch,
} from "../stored-rows.ts";

/** A store, and a name that those who share the database do not have. */
export interface World {
  readonly store: Store;
  readonly scratch: Scratch;
  readonly name: string;
}

interface Write {
  readonly asset: StoredAsset;
  readonly partition: string;
  readonly rows: readonly Row[];
}

const policy: MergePolicy = { key: ["id"], rows: "priorityFirst", columns: {}, trust: { feed: 1 }, eventTime: null };

/** One asset for each way in which a store keeps rows. */
export function formsOf(name: string) {
  return {
    parts: asset(`${name}_parts`, true),
    whole: asset(`${name}_whole`, false),
    small: asset(`${name}_small`, true),
    smallWhole: asset(`${name}_small_whole`, false),
    stamped: stampedAsset(`${name}_stamped`, false),
    stampedParts: stampedAsset(`${name}_stamped_parts`, true),
    feed: asset(`${name}_feed`, false),
    merged: stampedAsset(`${name}_merged`, false),
    mergedParts: stampedAsset(`${name}_merged_parts`, true),
  };
}

/** The first version of everything, and what the merges are to read for their second one. */
export async function publishFirst({ store, scratch, name }: World): Promise<void> {
  const forms = formsOf(name);
  const { feed, merged, mergedParts, parts, small, stamped, stampedParts, whole } = forms;
  await publish(store, scratch, { asset: parts, partition: "a", rows: orders(3) });
  await publish(store, scratch, { asset: whole, rows: orders(3) });
  await publish(store, scratch, { asset: small, partition: "a", rows: orders(3) });
  await publish(store, scratch, { asset: stamped, rows: orders(3) });
  await publish(store, scratch, { asset: stampedParts, partition: "a", rows: orders(3) });
  const first = await publish(store, scratch, { asset: feed, rows: orders(8) });
  for (const target of [merged, mergedParts])
    await store.commit([await prepareMerge({ store, scratch, name }, { target, feed: first, commitId: "first" })]);
  await publish(store, scratch, { asset: feed, rows: orders(10, 4), base: 1 });
}

/** Each by a call of its own, as steps do that end together: they share a transaction. */
export async function commitEach(store: Store, requests: readonly CommitRequest[]): Promise<readonly Commit[]> {
  return (await Promise.all(requests.map((request) => store.commit([request])))).flat();
}

/** The second version of everything, staged and measured: in the stamped ones rows go, stay and come. */
export async function prepareSecond(world: World): Promise<readonly CommitRequest[]> {
  const { store, scratch, name } = world;
  const { feed, merged, mergedParts, parts, small, smallWhole, stamped, stampedParts, whole } = formsOf(name);
  const writes: readonly (Write & { readonly base?: number })[] = [
    { asset: parts, partition: "a", rows: orders(5, 10), base: 1 },
    { asset: parts, partition: "b", rows: orders(4, 20) },
    { asset: whole, partition: "", rows: orders(6, 30), base: 1 },
    { asset: stamped, partition: "", rows: orders(6, 1), base: 1 },
    { asset: stampedParts, partition: "a", rows: orders(5, 1), base: 1 },
    { asset: stampedParts, partition: "b", rows: orders(4, 20) },
  ];
  const requests: CommitRequest[] = [];
  for (const { asset: written, ...write } of writes) {
    const publication: Publication = { asset: written, ...write, commitId: `${written.key}@${write.partition}` };
    requests.push(await prepare(store, scratch, publication));
  }
  const [head] = await store.listHeads("prod", feed.key);
  const [second] = await store.findCommits(head === undefined ? [] : [head.commitId]);
  if (second === undefined) throw new Error("there is nothing to merge");
  for (const target of [merged, mergedParts])
    requests.push(await prepareMerge(world, { target, feed: second, base: 1, commitId: "second" }));
  // What is in memory alone.
  for (const { asset: written, ...write } of [
    { asset: small, partition: "a", rows: orders(2, 40), base: 1 },
    { asset: small, partition: "b", rows: orders(1, 50) },
    { asset: smallWhole, partition: "", rows: orders(1, 60) },
  ]) {
    const publication: Publication = { asset: written, ...write, commitId: `${written.key}@${write.partition}` };
    requests.push(await prepareSmall(store, scratch, publication));
  }
  return requests;
}

/** What a merge makes of a version of its feed, staged and measured. */
export async function prepareMerge(
  { store, scratch }: World,
  {
    target,
    feed,
    base,
    commitId,
  }: { readonly target: StoredAsset; readonly feed: Commit; readonly base?: number; readonly commitId: string },
): Promise<CommitRequest> {
  const source: Source = {
    name: "feed",
    asset: asset(feed.asset, false),
    commit: feed,
    columns: orderSchema.columns.map((column) => column.name),
  };
  await store.ensureAsset(target);
  const at = { asset: target, partition: partition(target.isPartitioned ? "a" : ""), attempt: scratch.next() };
  const merge = { ...mergeOf({ target, policy, sources: [source] }), baseVersion: base ?? null };
  const staged = await store.stageMerge(at, merge);
  return {
    commitId: `${target.key}@${commitId}`,
    environment: "prod",
    staged,
    measurement: await store.measure(staged, []),
    baseVersion: base ?? null,
    record: { by: "test" },
  };
}
