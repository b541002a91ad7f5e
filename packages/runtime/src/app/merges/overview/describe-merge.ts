import type { BatchStanding } from "@watersmeet/core/merge";
import { compareStrings, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { readFreezes } from "../../../ledger/decisions.ts";
import type { CutRecord } from "../../../stores/port/merge-records.ts";
import type { Store, StoreHead } from "../../../stores/store.ts";
import { getMerge, openStoreOf, type DeskParts } from "../merge-subject.ts";
import type { MergeOverview, MergePartitionOverview } from "./merge-overview.ts";
import { createWaiting, type Waiting } from "./waiting-for.ts";

/** What a merge joined, in every partition that has a version or waits for something, and what it waits for. */
export async function describeMerge(parts: DeskParts, asset: AssetKey): Promise<MergeOverview> {
  const merge = getMerge(parts, asset);
  const store = await openStoreOf(parts, merge);
  const [freeze] = await readFreezes(parts.connections.db, [{ environment: merge.environment, asset }]);
  const waiting = await createWaiting(parts, merge);
  const heads = await store.listHeads(merge.environment, asset);
  const partitions = new Map<PartitionKey, MergePartitionOverview>();
  const cuts = await listServedCuts(store, asset, heads);
  for (const { partition } of heads) {
    const cut = cuts.get(partition);
    partitions.set(partition, cut === undefined ? nothingYet(partition, waiting) : describeCut(cut, waiting));
  }
  for (const partition of waiting.listWaiting()) {
    if (!partitions.has(partition)) partitions.set(partition, nothingYet(partition, waiting));
  }
  return {
    asset,
    policy: merge.policy,
    isFrozen: freeze !== null && freeze !== undefined,
    partitions: [...partitions.values()].sort((a, b) => compareStrings(a.partition, b.partition)),
  };
}

/** Cuts of the heads. Most heads are the newest versions of their partitions, so that one question for the newest cuts answers nearly all. */
async function listServedCuts(
  store: Store,
  asset: AssetKey,
  heads: readonly StoreHead[],
): Promise<ReadonlyMap<PartitionKey, CutRecord>> {
  const newest = heads.length > 1 ? await store.merges.listCuts({ asset, limit: heads.length * 2 }) : [];
  const byPlace = new Map(newest.map((each) => [placeKey(each.cut.partition, each.version), each]));
  const cuts = new Map<PartitionKey, CutRecord>();
  for (const { partition, version } of heads) {
    const known = byPlace.get(placeKey(partition, version));
    const cut = known ?? (await store.merges.listCuts({ asset, partition, version, limit: 1 }))[0];
    if (cut !== undefined) cuts.set(partition, cut);
  }
  return cuts;
}

function placeKey(partition: PartitionKey, version: number): string {
  return `${version}@${partition}`;
}

function describeCut(record: CutRecord, waiting: Waiting): MergePartitionOverview {
  const { cut } = record;
  return {
    partition: cut.partition,
    version: record.version,
    cutId: record.cutId,
    committedAt: record.committedAt,
    decision: cut.decision,
    watermark: cut.watermark,
    fates: record.fates,
    legs: cut.legs.map((leg) => ({
      branch: leg.branch,
      state: leg.state,
      watermark: leg.watermark,
      isLastGood: leg.isLastGood,
      batches: leg.batches,
      inputs: leg.inputs.map(({ asset, partition, version }) => ({ asset, partition, version })),
      gaps: leg.gaps,
    })),
    waitingFor: waiting.explain(cut.partition, cut),
    held: cut.legs.reduce((sum, leg) => sum + leg.batches.held, 0),
  };
}

const noBatches: Readonly<Record<BatchStanding, number>> = { live: 0, superseded: 0, revoked: 0, held: 0, rejected: 0 };

/** A partition that has no version: every branch is missing. */
function nothingYet(partition: PartitionKey, waiting: Waiting): MergePartitionOverview {
  return {
    partition,
    version: null,
    cutId: null,
    committedAt: null,
    decision: null,
    watermark: null,
    fates: {},
    legs: waiting.branches.map((branch) => ({
      branch,
      state: "missing",
      watermark: null,
      isLastGood: false,
      batches: noBatches,
      inputs: [],
      gaps: [],
    })),
    waitingFor: waiting.explain(partition, null),
    held: 0,
  };
}
