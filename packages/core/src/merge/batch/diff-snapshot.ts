import type { Row } from "../../schema/row-schema.ts";
import type { Contribution, MergeSpec } from "../contribution/contribution.ts";
import { canonicalKey, keyColumns } from "../contribution/key.ts";
import { encodeToken, hashCells, tokenParts } from "../contribution/token.ts";
import type { SealedBatch } from "./seal-batch.ts";

/** What a snapshot says that the snapshots of its source before it did not say. */
export type SnapshotDifference =
  | { readonly kind: "difference"; readonly batch: SealedBatch }
  /** So much is gone that the snapshot is more likely cut short than right. */
  | { readonly kind: "shrank"; readonly baseRows: number; readonly absentRows: number };

/**
 * Turns deletes by absence into explicit retracts (M13): a snapshot, sealed whole, becomes the difference to what its source said before. Rows that it says already
 * are left out; keys that it lacks are retracted, with the latest time and sequence that the source has given them: no clock decides. A key whose row
 * was rejected is not absent.
 *
 * This is the reference; the stores do it in SQL.
 *
 * @param chain the source's batches that count, oldest first, each the difference to the one before it
 * @param shrinkPerMille rows that may be absent, of 1,000
 */
export function diffSnapshot(
  spec: MergeSpec,
  { chain, snapshot, shrinkPerMille }: SnapshotRequest,
): SnapshotDifference {
  const state = readState(spec, chain);
  const present = new Set(
    [...snapshot.contributions.map(({ key }) => key), ...snapshot.rejected.map(({ row }) => row)].map((row) =>
      keyOf(spec, row),
    ),
  );
  const standing = [...state].filter(([, { last }]) => last.operation === "upsert");
  const absent = standing.filter(([key]) => !present.has(key));
  if (absent.length * 1_000 > standing.length * shrinkPerMille)
    return { kind: "shrank", baseRows: standing.length, absentRows: absent.length };
  const told = snapshot.contributions.filter((contribution) => {
    const before = state.get(keyOf(spec, contribution.key));
    return before === undefined || !isSame(spec, before.last, contribution);
  });
  const { source, batchId } = snapshot;
  const batchSequence = snapshot.contributions[0]?.batchSequence ?? nextSequence(chain);
  const retracts = absent.map(([, { last, eventTimeUs, sequence }]): Contribution => {
    const retract = { key: last.key, operation: "retract", cells: {}, eventTimeUs, sequence } as const;
    return { ...retract, source, batchSequence, ordinal: 0n, batchId, copy: 0 };
  });
  const baseBatchId = chain.at(-1)?.batchId ?? null;
  return { kind: "difference", batch: { ...snapshot, baseBatchId, contributions: [...told, ...retracts] } };
}

export interface SnapshotRequest {
  readonly chain: readonly SealedBatch[];
  readonly snapshot: SealedBatch;
  readonly shrinkPerMille: number;
}

/** The last that a source said of a key, and the greatest time and sequence that it has given it. */
interface KeyState {
  readonly last: Contribution;
  readonly eventTimeUs: bigint | null;
  readonly sequence: bigint;
}

function readState(spec: MergeSpec, chain: readonly SealedBatch[]): ReadonlyMap<string, KeyState> {
  const state = new Map<string, KeyState>();
  for (const { contributions } of chain) {
    const ascending = contributions.toSorted((a, b) => Buffer.compare(tokenOf(spec, a), tokenOf(spec, b)));
    for (const last of ascending) {
      const key = keyOf(spec, last.key);
      const before = state.get(key);
      const eventTimeUs = greatest(before?.eventTimeUs ?? null, last.eventTimeUs);
      const sequence = before !== undefined && before.sequence > last.sequence ? before.sequence : last.sequence;
      state.set(key, { last, eventTimeUs, sequence });
    }
  }
  return state;
}

function isSame(spec: MergeSpec, a: Contribution, b: Contribution): boolean {
  return (
    a.operation === b.operation &&
    a.eventTimeUs === b.eventTimeUs &&
    a.sequence === b.sequence &&
    hashCells(spec.schema, a).equals(hashCells(spec.schema, b))
  );
}

function nextSequence(chain: readonly SealedBatch[]): bigint {
  const sequences = chain.flatMap(({ contributions }) => contributions.map(({ batchSequence }) => batchSequence));
  return sequences.reduce((all, sequence) => (sequence > all ? sequence : all), -1n) + 1n;
}

function keyOf(spec: MergeSpec, row: Row): string {
  const key = canonicalKey(keyColumns(spec.schema, spec.policy.key), row);
  return key.kind === "key" ? key.bytes.toString("hex") : "";
}

function tokenOf(spec: MergeSpec, contribution: Contribution): Buffer {
  return encodeToken("recencyFirst", tokenParts(spec.policy, spec.schema, contribution));
}

function greatest(a: bigint | null, b: bigint | null): bigint | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
