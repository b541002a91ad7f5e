import { createHash } from "node:crypto";
import { unreachable } from "../errors/unreachable.ts";
import { compareStrings } from "../values/compare.ts";
import { fingerprint } from "../values/fingerprint.ts";
import { canonicalJson } from "./canonical-json.ts";
import { cellOf } from "./cell.ts";
import { parseDate, parseTimestamp } from "./instant.ts";
import type { Column, ColumnType, Row, RowSchema } from "./row-schema.ts";

/**
 * The canonical bytes of values and rows, and the digest of a set of rows. This file is the specification; a store computes the same in SQL.
 *
 * A value is, all integers big-endian and in two's complement:
 *
 * | type            | bytes                                               | Postgres                                  | DuckDB                                                    |
 * |-----------------|-----------------------------------------------------|-------------------------------------------|-----------------------------------------------------------|
 * | integer, bigint | 01, then 8 bytes                                    | `int8send(x)`                             | `x::bigint::bit::blob`                                    |
 * | double          | 01, then 8 bytes IEEE 754; -0 is written as 0       | `float8send(x + 0.0)`                     | `(x + 0.0::double)::bit::blob`                            |
 * | boolean         | 01, then 00 or 01                                   | `boolsend(x)`                             | `case when x then '\x01'::blob else '\x00'::blob end`     |
 * | date            | 01, then 4 bytes: days since 2000-01-01             | `date_send(x)`                            | `(x - date '2000-01-01')::integer::bit::blob`             |
 * | timestamp       | 01, then 8 bytes: microseconds since 2000-01-01 UTC | `timestamptz_send(x)`                     | `(epoch_us(x) - 946684800000000)::bit::blob`              |
 * | text            | 4 bytes of length in bytes, then UTF-8              | `int4send(octet_length(x)) \|\| textsend(x)` | `strlen(x)::integer::bit::blob \|\| encode(x)`          |
 * | decimal         | as text, with exactly `scale` digits: `12.50`       | of `x::text`                              | of `x::varchar`                                           |
 * | json            | as text, in the form of `canonicalJson`             | of `x::jsonb::text`                       | of `x::varchar`                                           |
 * | NULL            | 00; of text, decimal and json: ffffffff             | `coalesce('\x01'::bytea \|\| …, '\x00')`  | `coalesce('\x01'::blob \|\| …, '\x00'::blob)`             |
 *
 * A row is its columns' values one after the other, the columns ordered by name in code units (`canonicalColumns`). The digest of a set of rows is made from
 * their count and from two sums over SHA-256(row): of its bytes 0-7 and of its bytes 8-15, each read as a signed integer and added modulo 2^64.
 * With `h` the hash of a row, in Postgres 18 `sum(substr(h, 1, 8)::int8)` of `sha256(…)` (before 18 `('x' || encode(substr(h, 1, 8), 'hex'))::bit(64)::int8`,
 * a quarter slower), in DuckDB `sum(('0x' || left(h, 16))::ubigint)` of `sha256(…)`, which is hex there; `finishRowDigest` evens out the signs.
 * Sums do not depend on the order, and those of two sets add up. They tell changed content from equal content; they are no defence against somebody
 * who constructs rows on purpose.
 *
 * Measured on a shared two-core machine, 1M rows of 8 columns: DuckDB 1.0 s as these bytes and 0.9 s as text; Postgres 18 1.8 s as these bytes, 4.2 s as text.
 */
export function canonicalRow(schema: RowSchema, row: Row): Buffer {
  return Buffer.concat(canonicalColumns(schema).map((column) => canonicalValue(column.type, cellOf(row, column.name))));
}

/** The columns in the order of their bytes in a canonical row. */
export function canonicalColumns(schema: RowSchema): readonly Column[] {
  return schema.columns.toSorted((a, b) => compareStrings(a.name, b.name));
}

/**
 * The canonical bytes of one value in its JavaScript form (see `ColumnType`), as a row parser or a store gives it; `undefined` is NULL.
 * @throws {TypeError} when the value is not of the type
 */
export function canonicalValue(type: ColumnType, value: unknown): Buffer {
  if (type.kind === "json") return textBytes(value === null || value === undefined ? null : canonicalJson(value));
  if (type.kind === "text" || type.kind === "decimal")
    return textBytes(isNull(value) ? null : requireText(type, value));
  return isNull(value) ? Buffer.from([0]) : Buffer.concat([Buffer.from([1]), fixedBytes(type, value)]);
}

/** What a store's SQL sums up over a set of rows. The sums may be given unreduced; they are taken modulo 2^64. */
export interface RowSums {
  readonly rowCount: number;
  /** Sum over bytes 0-7 of SHA-256(row), and over bytes 8-15. */
  readonly sums: readonly [bigint, bigint];
}

/** The digest of a set of rows, 64 hex digits: equal content, equal digest, on every engine and in any order. */
export function finishRowDigest({ rowCount, sums }: RowSums): string {
  return fingerprint(["rows-1", String(rowCount), ...sums.map((sum) => BigInt.asUintN(64, sum).toString())]);
}

/** The digest of rows in memory: the reference that stores are tested against. */
export function digestRows(schema: RowSchema, rows: Iterable<Row>): string {
  let rowCount = 0;
  let [first, second] = [0n, 0n];
  for (const row of rows) {
    const hash = createHash("sha256").update(canonicalRow(schema, row)).digest();
    rowCount += 1;
    first += hash.readBigInt64BE(0);
    second += hash.readBigInt64BE(8);
  }
  return finishRowDigest({ rowCount, sums: [first, second] });
}

type FixedType = Exclude<ColumnType, { readonly kind: "text" | "decimal" | "json" }>;

const microsAt2000 = 946_684_800_000_000n;
const daysAt2000 = 10_957;

function fixedBytes(type: FixedType, value: unknown): Buffer {
  switch (type.kind) {
    case "integer":
    case "bigint":
      return int64Bytes(requireInt64(type, value));
    case "double":
      if (typeof value !== "number") throw mistyped(type, value);
      return doubleBytes(value);
    case "boolean":
      if (typeof value !== "boolean") throw mistyped(type, value);
      return Buffer.from([value ? 1 : 0]);
    case "date": {
      const days = parseDate(requireText(type, value));
      if (days === null) throw mistyped(type, value);
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(days - daysAt2000);
      return bytes;
    }
    case "timestamp": {
      const micros = parseTimestamp(requireText(type, value));
      if (micros === null) throw mistyped(type, value);
      return int64Bytes(micros - microsAt2000);
    }
    default:
      return unreachable(type);
  }
}

function int64Bytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value + 0);
  return bytes;
}

function textBytes(text: string | null): Buffer {
  if (text === null) return Buffer.from([0xff, 0xff, 0xff, 0xff]);
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function requireInt64(type: ColumnType, value: unknown): bigint {
  const integer =
    typeof value === "bigint" ? value : typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : null;
  if (integer === null || BigInt.asIntN(64, integer) !== integer) throw mistyped(type, value);
  return integer;
}

function requireText(type: ColumnType, value: unknown): string {
  if (typeof value !== "string") throw mistyped(type, value);
  return value;
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function mistyped(type: ColumnType, value: unknown): TypeError {
  return new TypeError(`${String(value)} is not a value of a column of ${type.kind}`);
}
