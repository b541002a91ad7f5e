import { createHash } from "node:crypto";
import { canonicalValue } from "../../schema/canonical-row.ts";
import type { Column, RowSchema } from "../../schema/row-schema.ts";
import { compareStrings } from "../../values/compare.ts";
import type { MergePolicy } from "../policy.ts";
import { hasCell, type Contribution, type Operation } from "./contribution.ts";

/** What counts first between two contributions: when they were true, or who says so. */
export type TokenOrder = "recencyFirst" | "priorityFirst";

/** What a token is made of, in recency-first order. Priority-first moves `rank` to the front and leaves the rest. */
export interface TokenParts {
  readonly eventTimeUs: bigint | null;
  /** Times in the same multiple of it count as equal before the rank; 0: none do. */
  readonly toleranceUs: bigint;
  readonly rank: bigint;
  readonly sequence: bigint;
  readonly batchSequence: bigint;
  readonly source: string;
  readonly ordinal: bigint;
  readonly operation: Operation;
  /** SHA-256 of the cells: equal tokens have equal values, so that it does not matter which of two is kept. */
  readonly valueHash: Buffer;
}

/** Only between contributions that are alike in everything before: a delete outlives an upsert. */
export const operationRanks: Readonly<Record<Operation, number>> = { upsert: 0, retract: 1, delete: 2 };

const undatedUs = -(2n ** 63n);

/**
 * A total order over contributions of one key, as bytes to be compared with `Buffer.compare` (the same as `blob` in DuckDB
 * and `bytea` in Postgres). Numbers are big-endian with the sign flipped; the source is preceded by its length.
 *
 * With a tolerance, recency first has `floor(time / tolerance)` before the rank and the exact time after it. Undated stays before everything. A bucket and not
 * a distance: "within five seconds of each other" is no order, because it does not carry over from one pair to the next (M6).
 */
export function encodeToken(order: TokenOrder, parts: TokenParts): Buffer {
  const time = int64(parts.eventTimeUs ?? undatedUs);
  const rank = int64(parts.rank);
  const bucket = parts.toleranceUs === 0n ? [] : [int64(bucketOf(parts))];
  return Buffer.concat([
    ...(order === "priorityFirst" ? [rank, time] : bucket.length === 0 ? [time, rank] : [...bucket, rank, time]),
    int64(parts.sequence),
    int64(parts.batchSequence),
    lengthPrefixed(Buffer.from(parts.source)),
    int64(parts.ordinal),
    Buffer.from([operationRanks[parts.operation]]),
    parts.valueHash,
  ]);
}

/** What a recency-first token begins with: the time, or its bucket where there is a tolerance, and the rank. */
export function stratumOf(token: Buffer): Buffer {
  return token.subarray(0, 16);
}

function bucketOf({ eventTimeUs, toleranceUs }: TokenParts): bigint {
  return eventTimeUs === null ? undatedUs : floorDivide(eventTimeUs, toleranceUs);
}

/** `a / b` rounded down, also below zero, where `/` rounds towards it. `b` is positive. */
export function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

/** Trust in a source: a property of the policy's version, joined when folding, never stored with the contributions. */
export function rankOf(policy: MergePolicy, source: string): bigint {
  return BigInt(Object.hasOwn(policy.trust, source) ? (policy.trust[source] ?? 0) : 0);
}

export function tokenParts(policy: MergePolicy, schema: RowSchema, contribution: Contribution): TokenParts {
  return {
    ...contribution,
    toleranceUs: BigInt(policy.toleranceUs ?? 0),
    rank: rankOf(policy, contribution.source),
    valueHash: hashCells(schema, contribution),
  };
}

/**
 * SHA-256 over the cells that are present, by field id in code units: the length-prefixed id, then the canonical bytes of the value. A column that is added to
 * the schema later changes no hash, and neither does a rename: a tie is decided in every epoch as it was in the first.
 */
export function hashCells(schema: RowSchema, contribution: Contribution): Buffer {
  const hash = createHash("sha256");
  for (const { id, column } of hashedColumns(schema)) {
    const { name, type } = column;
    if (!hasCell(contribution, name)) continue;
    hash.update(lengthPrefixed(Buffer.from(id))).update(canonicalValue(type, contribution.cells[name]));
  }
  return hash.digest();
}

/** The columns of a schema with their field ids, in the order that `hashCells` takes them. */
export function hashedColumns(schema: RowSchema): readonly { readonly id: string; readonly column: Column }[] {
  return schema.columns
    .map((column) => ({ id: column.field ?? column.name, column }))
    .toSorted((a, b) => compareStrings(a.id, b.id));
}

function lengthPrefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value + 2n ** 63n));
  return bytes;
}
