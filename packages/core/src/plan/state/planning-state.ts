import { listSelfEdges, type Graph, type GraphEdge } from "../../graph/graph.ts";
import type { ManifestAsset } from "../../manifest/manifest.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import { createMapping, type PartitionMapping } from "../../values/partitions/partition-mapping.ts";
import { createPartitionSpace, type PartitionSpace } from "../../values/partitions/partition-space.ts";
import type { PartitionsSpec } from "../../values/partitions/partitions-spec.ts";
import { stableJson } from "../../values/stable-json.ts";
import { getHeadColumns, type HeadColumns } from "./head-table.ts";
import type { HeadState, StateSnapshot } from "./state-snapshot.ts";

/** What the planner looks at. `now` is where open-ended partitions end. */
export interface PlanningInput {
  readonly graph: Graph;
  readonly snapshot: StateSnapshot;
  readonly now: Date;
}

/** An input of an asset, `self` included, ready for arithmetic. */
export interface AssetRead {
  readonly edge: GraphEdge;
  readonly mapping: PartitionMapping;
  readonly isSelf: boolean;
}

/** One asset at one instant. */
export interface AssetState {
  readonly asset: ManifestAsset;
  readonly space: PartitionSpace;
  readonly heads: OrderedHeads;
  /** By ordinal. */
  readonly keys: readonly PartitionKey[];
  /** In the order of positions, `self` last. */
  readonly reads: readonly AssetRead[];
}

/** The heads of an asset by the ordinal of their partition. */
export interface OrderedHeads {
  /** From this ordinal on there are none. */
  readonly length: number;
  has(ordinal: number): boolean;
  /** Row in the columns; -1 when there is no head. */
  rowOf(ordinal: number): number;
  readonly columns: HeadColumns;
}

/** Graph, ledger and time put together, asset by asset and only as far as asked for. */
export interface PlanningState extends PlanningInput {
  /** @throws {RangeError} when the graph has no such asset */
  stateOf(asset: AssetKey): AssetState;
}

/** For any number of questions about the same moment: spaces, keys and mappings are worked out once. */
export function createPlanningState({ graph, snapshot, now }: PlanningInput): PlanningState {
  const spaceOf = createSpaceCache(now);
  const states = new Map<AssetKey, AssetState>();
  const spaceOfAsset = (key: AssetKey): PartitionSpace => spaceOf(getAsset(graph, key).partitions).space;
  const describe = (key: AssetKey): AssetState => {
    const asset = getAsset(graph, key);
    const { space, listKeys } = spaceOf(asset.partitions);
    const edges = [...(graph.upstream.get(key) ?? []), ...listSelfEdges(asset)];
    return {
      asset,
      space,
      heads: orderHeads(space, snapshot.heads.get(key) ?? new Map(), listKeys),
      get keys() {
        return listKeys();
      },
      reads: edges.map((edge) => ({
        edge,
        mapping: createMapping({ mapping: edge.mapping, downstream: space, upstream: spaceOfAsset(edge.from) }),
        isSelf: edge.from === key,
      })),
    };
  };
  return {
    graph,
    snapshot,
    now,
    stateOf(key) {
      const known = states.get(key);
      if (known !== undefined) return known;
      const state = describe(key);
      states.set(key, state);
      return state;
    },
  };
}

function getAsset(graph: Graph, key: AssetKey): ManifestAsset {
  const asset = graph.assets.get(key);
  if (asset === undefined) throw new RangeError(`the graph has no asset ${key}`);
  return asset;
}

interface KeyedSpace {
  readonly space: PartitionSpace;
  readonly listKeys: () => readonly PartitionKey[];
}

/** Assets that are partitioned alike share one space and one list of keys. */
function createSpaceCache(now: Date): (spec: PartitionsSpec | null) => KeyedSpace {
  const known = new Map<string, KeyedSpace>();
  return (spec) => {
    const name = stableJson(spec);
    const cached = known.get(name);
    if (cached !== undefined) return cached;
    const space = createPartitionSpace(spec, now);
    let keys: readonly PartitionKey[] | undefined;
    const keyed: KeyedSpace = {
      space,
      listKeys: () => (keys ??= Array.from({ length: space.size }, (_, ordinal) => space.keyAt(ordinal))),
    };
    known.set(name, keyed);
    return keyed;
  };
}

function orderHeads(
  space: PartitionSpace,
  heads: ReadonlyMap<PartitionKey, HeadState>,
  listKeys: () => readonly PartitionKey[],
): OrderedHeads {
  const columns = getHeadColumns(heads);
  const rows = new Int32Array(heads.size === 0 ? 0 : space.size).fill(-1);
  // Where little is made, it is quicker to look its few partitions up than to write every key.
  if (heads.size * 4 > space.size) {
    for (const [ordinal, partition] of listKeys().entries()) rows[ordinal] = columns.rowOf(partition) ?? -1;
  } else {
    for (const partition of heads.keys()) {
      const ordinal = space.ordinalOf(partition);
      if (ordinal !== undefined) rows[ordinal] = columns.rowOf(partition) ?? -1;
    }
  }
  const rowOf = (ordinal: number): number => rows[ordinal] ?? -1;
  return { length: rows.length, columns, rowOf, has: (ordinal) => rowOf(ordinal) >= 0 };
}
