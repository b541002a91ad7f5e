import type { AssetKey } from "../../values/asset-key.ts";
import type { OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { PartitionSpace } from "../../values/partitions/partition-space.ts";
import { fingerprintInput, type ReadPartition } from "../identity/commit-id.ts";
import { createDigestColumn } from "../identity/digest-column.ts";
import { ordersPosition } from "../identity/order-fingerprint.ts";
import type { RunReason } from "../plan.ts";
import type { AssetRead, AssetState, PlanningState } from "../state/planning-state.ts";
import { createAssetSets } from "./asset-sets.ts";
import { groupOrdinals } from "./group-ordinals.ts";

/** Why a partition that has a version would be made again. */
export type StaleReason = Extract<
  RunReason,
  { kind: "codeChanged" | "schemaChanged" | "ordersChanged" | "inputChanged" }
>;

/** How a partition stands to what it is made from, as things are now. */
export type Freshness =
  /** It has no version. */
  | { readonly kind: "missing" }
  /** Another run would give the same commit id. */
  | { readonly kind: "upToDate" }
  /** It stays as it is, whatever changes, until it is run with force. */
  | { readonly kind: "pinned" }
  | { readonly kind: "stale"; readonly reason: StaleReason };

/** Partitions that stand alike. */
export interface FreshnessGroup {
  readonly freshness: Freshness;
  readonly partitions: readonly OrdinalRange[];
}

/** Every partition of an asset, each in one group; groups in the order of their first partition. */
export interface Assessment {
  readonly asset: AssetKey;
  readonly space: PartitionSpace;
  readonly groups: readonly FreshnessGroup[];
}

/**
 * The one answer to "is it up to date?", for planner, API, pages and automation. A partition is compared with the heads that it would read now, and only with
 * those: an upstream that is itself stale makes nothing stale until it has run and its content differs.
 */
export function assessAsset(state: PlanningState, asset: AssetKey): Assessment {
  const { codes, freshnessOf } = assessOrdinals(state, asset);
  const { space } = state.stateOf(asset);
  const groups = groupOrdinals([[0, space.size]], (ordinal) => codes[ordinal] ?? missing);
  return { asset, space, groups: groups.map(({ code, partitions }) => ({ freshness: freshnessOf(code), partitions })) };
}

export interface OrdinalAssessment {
  /** By ordinal: a number that `freshnessOf` reads. */
  readonly codes: Uint32Array;
  readonly freshnessOf: (code: number) => Freshness;
}

/** The same, partition by partition. */
export function assessOrdinals(state: PlanningState, key: AssetKey): OrdinalAssessment {
  const own = state.stateOf(key);
  const sets = createAssetSets();
  const codes = new Uint32Array(own.space.size).fill(missing);
  if (own.heads.length > 0) {
    compareVersions(own, codes);
    compareOrders(state, own, codes);
    for (const read of own.reads) {
      const isUnchanged = createComparison(own, state.stateOf(read.edge.from), read);
      for (let ordinal = 0; ordinal < codes.length; ordinal++) {
        const code = codes[ordinal] ?? missing;
        if ((code !== upToDate && code < firstInputSet) || isUnchanged(ordinal)) continue;
        codes[ordinal] = firstInputSet + sets.add(code === upToDate ? 0 : code - firstInputSet, read.edge.from);
      }
    }
    markPinned(state, own, codes);
  }
  return {
    codes,
    freshnessOf: (code) =>
      fixedFreshness[code] ?? {
        kind: "stale",
        reason: { kind: "inputChanged", inputs: sets.list(code - firstInputSet) },
      },
  };
}

const missing = 0;
const upToDate = 1;
const codeChanged = 2;
const schemaChanged = 3;
const ordersChanged = 4;
const pinned = 5;
/** From here on: the number of the set of inputs that changed. */
const firstInputSet = 6;

const fixedFreshness: Readonly<Record<number, Freshness>> = {
  [missing]: { kind: "missing" },
  [upToDate]: { kind: "upToDate" },
  [codeChanged]: { kind: "stale", reason: { kind: "codeChanged" } },
  [schemaChanged]: { kind: "stale", reason: { kind: "schemaChanged" } },
  [ordersChanged]: { kind: "stale", reason: { kind: "ordersChanged" } },
  [pinned]: { kind: "pinned" },
};

function compareVersions({ asset, heads }: AssetState, codes: Uint32Array): void {
  const { codeVersions, schemaVersions } = heads.columns;
  for (let ordinal = 0; ordinal < heads.length; ordinal++) {
    const row = heads.rowOf(ordinal);
    if (row < 0) continue;
    if (codeVersions[row] !== asset.codeVersion) codes[ordinal] = codeChanged;
    else codes[ordinal] = schemaVersions[row] === asset.schemaVersion ? upToDate : schemaChanged;
  }
}

/** A version was made with the orders of that time; others since then make it stale. Assets that never had an order cost nothing. */
function compareOrders({ snapshot }: PlanningState, own: AssetState, codes: Uint32Array): void {
  const { asset, heads, keys } = own;
  const given = snapshot.orders?.get(asset.key);
  const recorded = heads.columns.inputs.get(ordersPosition);
  if (given === undefined && recorded === undefined) return;
  for (let ordinal = 0; ordinal < heads.length; ordinal++) {
    const partition = keys[ordinal];
    if (codes[ordinal] !== upToDate || partition === undefined) continue;
    if (recorded?.get(heads.rowOf(ordinal)) !== given?.get(partition)) codes[ordinal] = ordersChanged;
  }
}

function markPinned({ snapshot }: PlanningState, { asset, heads, space }: AssetState, codes: Uint32Array): void {
  for (const partition of snapshot.pinned?.get(asset.key) ?? []) {
    const ordinal = space.ordinalOf(partition);
    if (ordinal !== undefined && heads.has(ordinal)) codes[ordinal] = pinned;
  }
}

/**
 * Whether what a partition read of one input then is what it would read now. For partitions that have a head. A needed input of which nothing is there yet has not
 * changed: the newest day, before it is made, does not make the reader of the latest day stale.
 */
function createComparison(own: AssetState, upstream: AssetState, read: AssetRead): (ordinal: number) => boolean {
  const recorded = own.heads.columns.inputs.get(read.edge.position) ?? createDigestColumn();
  const recordedAt = (ordinal: number): string | undefined => recorded.get(own.heads.rowOf(ordinal));
  if (read.mapping.isIdentity) {
    const { dataDigests } = upstream.heads.columns;
    return (ordinal) => {
      if (!upstream.heads.has(ordinal)) return !read.edge.isOptional || recordedAt(ordinal) === fingerprintInput([]);
      return recorded.isSame(own.heads.rowOf(ordinal), dataDigests, upstream.heads.rowOf(ordinal));
    };
  }
  const findFingerprint = createFingerprints(upstream, read);
  return (ordinal) => {
    const fingerprint = findFingerprint(ordinal);
    return fingerprint === undefined || recordedAt(ordinal) === fingerprint;
  };
}

/** Fingerprints of one input as it is now, by the ordinal of the reader; `undefined` where nothing of what is needed is there. */
function createFingerprints(
  upstream: AssetState,
  { edge, mapping }: AssetRead,
): (ordinal: number) => string | undefined {
  const compute = (ordinal: number): string | undefined => {
    const ranges = mapping.toUpstream([ordinal, ordinal + 1]);
    const read = listHeads(upstream, ranges);
    return read.length === 0 && ranges.length > 0 && !edge.isOptional ? undefined : fingerprintInput(read);
  };
  if (!mapping.isConstant) return compute;
  const common = compute(0);
  return () => common;
}

/** The partitions that exist; a partition that is not there yet makes its reader no staler than it is. */
function listHeads({ heads, keys }: AssetState, ranges: readonly OrdinalRange[]): readonly ReadPartition[] {
  const read: ReadPartition[] = [];
  for (const [from, to] of ranges) {
    for (let ordinal = from; ordinal < to; ordinal++) {
      const dataDigest = heads.columns.dataDigests.get(heads.rowOf(ordinal));
      const partition = keys[ordinal];
      if (dataDigest !== undefined && partition !== undefined) read.push({ partition, dataDigest });
    }
  }
  return read;
}
