import { unreachable } from "@watersmeet/core/errors";
import type { Column, ColumnType, Row, RowSchema } from "@watersmeet/core/schema";
import fc from "fast-check";
import { renderDate, renderTimestamp } from "../../src/exchange/civil-time.ts";

/** Texts that something between here and a table might take for more than a text. */
export const hostileTexts: readonly string[] = [
  "",
  " ",
  "NULL",
  "null",
  "\\N",
  '"\\N"',
  "\\.",
  "''",
  "'; drop table x; --",
  '"quoted"',
  'a"b',
  "a,b",
  "line\nbreak",
  "line\r\nbreak",
  "\ttab",
  "\\",
  "$1",
  "🎉 emoji",
  "é",
  "é",
  "～",
  "\u{10FFFF}",
  "‮rtl",
  "x".repeat(5000),
  "exactly12byt",
  "thirteen byte",
];

const text = fc.oneof(
  fc.constantFrom(...hostileTexts),
  // Postgres has no NUL in a text, and no text has half a character.
  fc.string({ unit: "binary" }).map((value) => value.replaceAll("\0", "").toWellFormed()),
);

function valueOf(type: ColumnType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "text":
      return text;
    case "integer":
      return fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER));
    case "bigint":
      return fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.constantFrom(2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
      );
    case "double":
      return fc.oneof(fc.double(), fc.constantFrom(-0, 5e-324, 1e308, Number.NaN, Number.NEGATIVE_INFINITY));
    case "decimal":
      return fc
        .bigInt({ min: -(10n ** BigInt(type.precision)) + 1n, max: 10n ** BigInt(type.precision) - 1n })
        .map((value) => renderDecimal(value, type.scale));
    case "boolean":
      return fc.boolean();
    case "date":
      return fc
        .oneof(fc.integer({ min: -719_162, max: 2_932_896 }), fc.constantFrom(-719_162, 2_932_896, -1, 0, 11_016))
        .map(renderDate);
    case "timestamp":
      return fc
        .tuple(fc.integer({ min: -719_162, max: 2_932_896 }), fc.integer({ min: 0, max: 86_399_999_999 }))
        .map(([days, micros]) => renderTimestamp(days, micros));
    case "json":
      return json;
    default:
      return unreachable(type);
  }
}

const json = fc
  .jsonValue({ stringUnit: "grapheme" })
  // NULL of the column is not null in it; Postgres has no NUL in a text; no negative zero; doubles are what JavaScript has.
  .filter((value) => value !== null && !JSON.stringify(value).includes("\\u0000"))
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

const types: readonly ColumnType[] = [
  { kind: "text" },
  { kind: "integer" },
  { kind: "bigint" },
  { kind: "double" },
  { kind: "decimal", precision: 4, scale: 2 },
  { kind: "decimal", precision: 9, scale: 0 },
  { kind: "decimal", precision: 18, scale: 6 },
  { kind: "decimal", precision: 38, scale: 10 },
  { kind: "boolean" },
  { kind: "date" },
  { kind: "timestamp" },
  { kind: "json" },
];

/** A schema with a column of each type, and rows for it; any cell may be NULL, or absent where the column says so. */
export const anyRows: fc.Arbitrary<{ readonly schema: RowSchema; readonly rows: readonly Row[] }> = fc
  .array(fc.boolean(), { minLength: types.length, maxLength: types.length })
  .map((absent) => ({
    columns: types.map((type, index): Column => ({
      name: `c${index}_${type.kind}`,
      type,
      isNullable: true,
      nullAs: absent[index] === true ? "absent" : "null",
    })),
  }))
  .chain((schema) => fc.record({ schema: fc.constant(schema), rows: fc.array(rowOf(schema), { maxLength: 12 }) }));

function rowOf(schema: RowSchema): fc.Arbitrary<Row> {
  const cells = schema.columns.map((column) =>
    fc
      .option(valueOf(column.type), { nil: column.nullAs === "absent" ? undefined : null })
      .map((value) => [column.name, value] as const),
  );
  return fc.tuple(...cells).map((entries) => Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
}

function renderDecimal(value: bigint, scale: number): string {
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
