import { decidePartitions, isExternal } from "../../plan/decide-partitions.ts";
import { assessAsset } from "../../plan/find-stale.ts";
import type { PlanningState } from "../../plan/planning-state.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import { normalizeRanges, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { PartitionKey } from "../../values/partition-key.ts";
import type { PartitionMapping } from "../../values/partition-mapping.ts";
import type { PartitionSpace } from "../../values/partition-space.ts";

/** An input as conditions see it. */
export interface ReadInput {
  readonly asset: AssetKey;
  readonly name: string;
  readonly mapping: PartitionMapping;
  readonly isSelf: boolean;
}

/** All that conditions can ask of one asset at one moment. */
export interface AssetFacts {
  readonly asset: AssetKey;
  readonly space: PartitionSpace;
  readonly missing: readonly OrdinalRange[];
  readonly stale: readonly OrdinalRange[];
  readonly inProgress: readonly OrdinalRange[];
  readonly failed: readonly OrdinalRange[];
  readonly inputMissing: readonly OrdinalRange[];
  readonly newlyUpdated: readonly OrdinalRange[];
  readonly isCodeUpdated: boolean;
  readonly isExternal: boolean;
  readonly latest: readonly OrdinalRange[];
  /** In the order of positions, `self` last. */
  readonly inputs: readonly ReadInput[];
}

/** What the planner does not know, by asset. What is not there is empty. */
export interface Happenings {
  readonly inProgress: ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>;
  /** Since the evaluation before. */
  readonly newlyUpdated: ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>;
}

type Happened = Happenings & { readonly isCodeUpdated: (asset: AssetKey) => boolean };

/** Puts together what the planner says of an asset, and what happened to it; each only when it is asked for. */
export function buildAssetFacts(state: PlanningState, asset: AssetKey, happened: Happened): AssetFacts {
  const { space, reads } = state.stateOf(asset);
  const find = (keys: ReadonlySet<PartitionKey> | undefined): readonly OrdinalRange[] => findOrdinals(space, keys);
  const freshness = once(() => groupFreshness(state, asset));
  const inputMissing = once(() => findInputMissing(state, asset));
  return {
    asset,
    space,
    get missing() {
      return freshness().missing;
    },
    get stale() {
      return freshness().stale;
    },
    get inputMissing() {
      return inputMissing();
    },
    inProgress: find(happened.inProgress.get(asset)),
    failed: find(state.snapshot.failed.get(asset)),
    newlyUpdated: find(happened.newlyUpdated.get(asset)),
    isCodeUpdated: happened.isCodeUpdated(asset),
    isExternal: isExternal({ reads, space }),
    latest: findLatest(space),
    inputs: reads.map(({ edge, mapping, isSelf }) => ({ asset: edge.from, name: edge.name, mapping, isSelf })),
  };
}

function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => (found ??= { value: find() }).value;
}

function groupFreshness(state: PlanningState, asset: AssetKey): Pick<AssetFacts, "missing" | "stale"> {
  const { groups } = assessAsset(state, asset);
  const rangesOf = (kind: string): readonly OrdinalRange[] =>
    normalizeRanges(groups.flatMap(({ freshness, partitions }) => (freshness.kind === kind ? partitions : [])));
  return { missing: rangesOf("missing"), stale: rangesOf("stale") };
}

/** As the planner would skip them. Partitions that are up to date have what they need. */
function findInputMissing(state: PlanningState, asset: AssetKey): readonly OrdinalRange[] {
  const { skip } = decidePartitions({
    state,
    key: asset,
    planned: new Map(),
    request: { select: asset },
    ranges: [[0, state.stateOf(asset).space.size]],
    words: new Set(),
  });
  return normalizeRanges(
    skip.filter(({ reason }) => reason.kind === "inputMissing").flatMap(({ partitions }) => partitions),
  );
}

function findOrdinals(space: PartitionSpace, keys: ReadonlySet<PartitionKey> | undefined): readonly OrdinalRange[] {
  if (keys === undefined) return [];
  const ranges = [...keys].flatMap((key): OrdinalRange[] => {
    const ordinal = space.ordinalOf(key);
    return ordinal === undefined ? [] : [[ordinal, ordinal + 1]];
  });
  return normalizeRanges(ranges);
}

function findLatest({ size, time, dimensions }: PartitionSpace): readonly OrdinalRange[] {
  const [first, second] = dimensions;
  if (size === 0) return [];
  if (time !== null) return [[size - 1, size]];
  if (second === undefined || first === undefined) return [[0, size]];
  if (first.time !== null) return [[size - second.size, size]];
  if (second.time === null) return [[0, size]];
  return Array.from({ length: first.size }, (_, row): OrdinalRange => [
    (row + 1) * second.size - 1,
    (row + 1) * second.size,
  ]);
}
