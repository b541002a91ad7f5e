import { decidePartitions, isExternal } from "../../plan/decide/decide-partitions.ts";
import type { OrderedHeads, PlanningState } from "../../plan/state/planning-state.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import { normalizeRanges, subtractRanges, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import type { PartitionMapping } from "../../values/partitions/partition-mapping.ts";
import type { PartitionSpace } from "../../values/partitions/partition-space.ts";

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
  const judged = once(() => judge(state, asset));
  return {
    asset,
    space,
    get missing() {
      return judged().missing;
    },
    get stale() {
      return judged().stale;
    },
    get inputMissing() {
      return judged().inputMissing;
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

/** The planner's judgement of every partition, as it would plan them all now. */
function judge(state: PlanningState, asset: AssetKey): Pick<AssetFacts, "missing" | "stale" | "inputMissing"> {
  const { space, heads } = state.stateOf(asset);
  const all: readonly OrdinalRange[] = normalizeRanges([[0, space.size]]);
  const request = { select: asset };
  const { run, skip } = decidePartitions({
    state,
    key: asset,
    planned: new Map(),
    request,
    ranges: all,
    words: new Set(),
  });
  const inputMissing = normalizeRanges(
    skip.flatMap(({ reason, partitions }) => (reason.kind === "inputMissing" ? partitions : [])),
  );
  const toRun = normalizeRanges([...run.flatMap(({ partitions }) => partitions), ...inputMissing]);
  const missing = listAbsent(heads, space.size);
  // What would run, if it could, and has a version is stale.
  return { missing, stale: subtractRanges(toRun, missing), inputMissing };
}

function listAbsent(heads: OrderedHeads, size: number): readonly OrdinalRange[] {
  const absent: [number, number][] = [];
  for (let ordinal = 0; ordinal < size; ordinal++) {
    if (heads.has(ordinal)) continue;
    const last = absent.at(-1);
    if (last?.[1] === ordinal) last[1] = ordinal + 1;
    else absent.push([ordinal, ordinal + 1]);
  }
  return absent;
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
