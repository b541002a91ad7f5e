import type { DeliveredBatch, MergeOrder, MergePolicy, MergeSpec, SealedBatch } from "@watersmeet/core/merge";
import { sealBatch } from "@watersmeet/core/merge";
import type { Column, Row, RowSchema } from "@watersmeet/core/schema";
import { historyColumns, historyEventTime } from "@watersmeet/core/testing";
import { quoteIdentifier } from "../../src/exchange/quote.ts";
import type { Delivery, StagedBranch, StagedMerge } from "../../src/stores/port/staged-merge.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import type { Commit, Staged } from "../../src/stores/store.ts";
import { asset, column, partition, publish } from "../stores/stored-rows.ts";
import type { MergeWorld } from "./merge-world.ts";

/** Columns in which a feed says what its rows do. */
const feedColumns: readonly Column[] = [
  column("op", { kind: "text" }),
  column("seq", { kind: "bigint" }),
  column("said", { kind: "json" }),
];
const batchColumn = column("batch", { kind: "integer" });

/** All batches of a history, side by side in one table. */
export interface Feed {
  readonly asset: StoredAsset;
  readonly commit: Commit;
  readonly batches: readonly DeliveredBatch[];
  /** What the reference makes of them. */
  readonly sealed: readonly SealedBatch[];
  readonly columns: readonly Column[];
}

/** Batches as a store can read them: rows are told apart by a sequence, where the history had to number them. */
export function toFeedBatches(batches: readonly DeliveredBatch[]): readonly DeliveredBatch[] {
  return batches.map((batch) => {
    const isNumbered = batch.rows.some(({ ordinal = 0n }) => ordinal > 0n);
    const rows = batch.rows.map(({ row, operation = "upsert", sequence = 0n }, index) => ({
      row,
      operation,
      sequence: isNumbered ? BigInt(index) : sequence,
    }));
    return { ...batch, rows };
  });
}

export function sealAll(
  spec: MergeSpec,
  batches: readonly DeliveredBatch[],
  eventTime: Column = historyEventTime,
): readonly SealedBatch[] {
  return batches.map((batch) => {
    const sealing = sealBatch(spec, spec.policy.eventTime === null ? null : eventTime, batch);
    if (sealing.kind !== "sealed") throw new Error("ambiguous");
    return sealing.batch;
  });
}

export async function publishFeed(
  { store, scratch }: MergeWorld,
  {
    spec,
    batches,
    columns = historyColumns,
    eventTime = historyEventTime,
  }: {
    readonly spec: MergeSpec;
    readonly batches: readonly DeliveredBatch[];
    readonly columns?: readonly Column[];
    readonly eventTime?: Column;
  },
): Promise<Feed> {
  const schema: RowSchema = { columns: [...columns, eventTime, ...feedColumns, batchColumn] };
  const stored = asset(`feed_${scratch.next()}`, false, schema);
  await store.ensureAsset(stored);
  const rows = batches.flatMap((batch, index) =>
    batch.rows.map(({ row, operation, sequence }): Row => {
      const said = columns.map(({ name }) => name).filter((name) => row[name] !== undefined);
      const cells = Object.fromEntries([...columns, eventTime].map(({ name }) => [name, row[name] ?? null]));
      return { ...cells, op: operation ?? null, seq: sequence ?? null, said, batch: index };
    }),
  );
  const commit = await publish(store, scratch, { asset: stored, rows });
  return {
    asset: stored,
    commit,
    batches,
    sealed: sealAll(spec, batches, eventTime),
    columns: [...columns, eventTime, ...feedColumns],
  };
}

/** One delivery of a feed: the batch of that index. */
export function deliver(feed: Feed, index: number, more: Partial<Delivery> = {}): Delivery {
  const names = feed.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const { partition: at, version, commitId } = feed.commit;
  return {
    batchKey: String(index),
    query: {
      sql: `select ${names} from input_0 where batch = ${index}`,
      parameters: [],
      inputs: [{ asset: feed.asset, versions: [{ partition: at, version }] }],
    },
    emits: "changes",
    sequence: feed.batches[index]?.batchSequence ?? 0n,
    cursor: null,
    promise: null,
    origin: {
      asset: feed.asset.key,
      partition: at,
      version,
      commitId,
      codeVersion: "code",
      runId: "run",
      traceId: null,
    },
    ...more,
  };
}

export function feedPolicy(policy: MergePolicy): MergePolicy {
  return { ...policy, operation: "op", sequence: "seq", present: "said" };
}

/** Branches that deliver some batches of a feed. */
export function branchesOf(feed: Feed, indexes: readonly number[]): readonly StagedBranch[] {
  const columns = feed.columns.map(({ name }) => name);
  const sources = [...new Set(feed.batches.map(({ source }) => source))].sort();
  return sources.map((name) => ({
    name,
    columns,
    deliveries: indexes.filter((index) => feed.batches[index]?.source === name).map((index) => deliver(feed, index)),
  }));
}

export interface MergeStep {
  readonly target: StoredAsset;
  readonly merge: Omit<StagedMerge, "baseVersion">;
  readonly base?: Commit | undefined;
  readonly partition?: string;
}

export interface CommittedStep {
  readonly staged: Staged;
  readonly commit: Commit;
}

export async function commitStep(world: MergeWorld, step: MergeStep): Promise<CommittedStep> {
  const { store, scratch } = world;
  await store.ensureAsset(step.target);
  const target = { asset: step.target, partition: partition(step.partition ?? ""), attempt: scratch.next() };
  const staged = await store.stageMerge(target, { ...step.merge, baseVersion: step.base?.version ?? null });
  const [commit] = await store.commit([
    {
      commitId: scratch.next(),
      environment: "prod",
      staged,
      measurement: await store.measure(staged, []),
      baseVersion: step.base?.version ?? null,
      record: {},
    },
  ]);
  if (commit === undefined) throw new Error("no commit");
  return { staged, commit };
}

export function stampedMerge(world: MergeWorld, columns: readonly Column[] = historyColumns): StoredAsset {
  return { ...asset(`merged_${world.scratch.next()}`, false, { columns }), isStamped: true };
}

/** The store's id of the batch of an index, and orders about it in the terms of both. */
export function orderAbout(
  feed: Feed,
  { batches }: Staged,
  { index, kind }: { readonly index: number; readonly kind: MergeOrder["kind"] },
): { readonly stored: MergeOrder; readonly reference: MergeOrder } {
  const stored = batches.find(({ batchKey }) => batchKey === String(index))?.batchId;
  const reference = feed.sealed[index]?.batchId;
  if (stored === undefined || reference === undefined) throw new Error(`no batch ${index}`);
  return { stored: { kind, batchId: stored }, reference: { kind, batchId: reference } };
}
