import fc from "fast-check";
import { renderTimestamp } from "../schema/instant.ts";
import type { Column, ColumnType, Row, RowSchema } from "../schema/row-schema.ts";

/** Generators of schemas and rows that are hard on stores. They need fast-check, so they have a door of their own. */

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const instants = { min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n };

/** Texts that break what is not quoted, escaped or counted right. No NUL and no half of a surrogate pair: those are refused at the edge. */
export const hostileTexts: readonly string[] = [
  "",
  " ",
  "null",
  "\\N",
  "NaN",
  "'; drop table x; --",
  '"',
  "''",
  "$1",
  "$$",
  "%s {} ${x}",
  "a,b\r\n\t\\",
  "\u0001\u001f\u007f\u0085\u2028",
  "e\u0301",
  "é",
  "～😀",
  "👩‍👩‍👧‍👦",
  "ſK",
  "\ufeff",
  "0",
  "-0",
  "1e400",
  "x".repeat(300),
];

/** Names of columns that need quoting, or that some dialect reserves. */
export const hostileNames: readonly string[] = [
  "select",
  "Order",
  "a b",
  'a"b',
  "a'b",
  "été",
  "😀",
  "$1",
  "default",
  "rowid",
  "ctid",
  "_x",
  "1",
  "a.b",
  "%",
  "\\",
  "name",
];

export function arbitraryText(): fc.Arbitrary<string> {
  const any = fc.string({ unit: "binary", maxLength: 20 }).filter(isStorableText);
  return fc.oneof({ arbitrary: any, weight: 3 }, { arbitrary: fc.constantFrom(...hostileTexts), weight: 2 });
}

/** JSON values without numbers or texts that a store cannot keep; never `null` itself, which is NULL. */
export function arbitraryJson(): fc.Arbitrary<unknown> {
  return fc
    .jsonValue({ maxDepth: 3, stringUnit: "binary" })
    .filter(
      (value) =>
        value !== null && isStorableText(JSON.stringify(value)) && !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(value)),
    );
}

export function arbitraryColumnType(): fc.Arbitrary<ColumnType> {
  const plain = ["text", "integer", "bigint", "double", "boolean", "date", "timestamp", "json"] as const;
  const decimal = fc
    .integer({ min: 1, max: 38 })
    .chain((precision) =>
      fc.integer({ min: 0, max: precision }).map((scale) => ({ kind: "decimal", precision, scale }) as const),
    );
  const closed = fc
    .uniqueArray(arbitraryText(), { minLength: 1, maxLength: 4 })
    .map((values) => ({ kind: "text", values }) as const);
  return fc.oneof({ arbitrary: fc.constantFrom(...plain).map((kind) => ({ kind })), weight: 8 }, decimal, closed);
}

/** A value of a type in its one JavaScript form, as a row parser gives it; never null. */
export function arbitraryValue(type: ColumnType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "text":
      return type.values === undefined ? arbitraryText() : fc.constantFrom(...type.values);
    case "integer":
      return fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER));
    case "bigint":
      return fc.oneof(fc.bigInt(int64), fc.constantFrom(0n, int64.min, int64.max, 2n ** 53n + 1n));
    case "double":
      return fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
        fc.constantFrom(0, 0.1, 5e-324, 1e308, -1e21, 123456789),
      );
    case "decimal":
      return arbitraryDecimal(type.precision, type.scale);
    case "boolean":
      return fc.boolean();
    case "date":
      return fc.bigInt(instants).map((micros) => renderTimestamp(micros)?.slice(0, 10));
    case "timestamp":
      return fc.oneof(fc.bigInt(instants), fc.constantFrom(instants.min, instants.max, -1n, 0n)).map(renderTimestamp);
    case "json":
      return arbitraryJson();
  }
}

export function arbitraryRowSchema(options: { readonly maxColumns?: number } = {}): fc.Arbitrary<RowSchema> {
  const names = fc.oneof(fc.constantFrom(...hostileNames), fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/));
  return fc
    .uniqueArray(names, { minLength: 1, maxLength: options.maxColumns ?? 8, selector: (name) => name.toLowerCase() })
    .chain((unique) => fc.tuple(...unique.map(arbitraryColumn)))
    .map((columns) => ({ columns }));
}

function arbitraryColumn(name: string): fc.Arbitrary<Column> {
  const nulls = fc.constantFrom({ isNullable: false, nullAs: "null" }, { isNullable: true, nullAs: "null" }, {
    isNullable: true,
    nullAs: "absent",
  } as const);
  return fc.tuple(arbitraryColumnType(), nulls).map(([type, nulling]) => ({ name, type, ...nulling }));
}

/** A row of a schema in its one JavaScript form. */
export function arbitraryRow(schema: RowSchema): fc.Arbitrary<Row> {
  return fc
    .tuple(
      ...schema.columns.map((column) =>
        column.isNullable ? fc.option(arbitraryValue(column.type), { nil: null }) : arbitraryValue(column.type),
      ),
    )
    .map((values) => {
      const entries = schema.columns.map((column, index) => ({ column, value: values[index] }));
      return Object.fromEntries(
        entries
          .filter(({ column, value }) => value !== null || column.nullAs === "null")
          .map(({ column, value }) => [column.name, value]),
      );
    });
}

/** A schema and rows of it. */
export function arbitraryTable(
  options: { readonly maxColumns?: number; readonly maxRows?: number } = {},
): fc.Arbitrary<{ readonly schema: RowSchema; readonly rows: readonly Row[] }> {
  return arbitraryRowSchema(options).chain((schema) =>
    fc.array(arbitraryRow(schema), { maxLength: options.maxRows ?? 20 }).map((rows) => ({ schema, rows })),
  );
}

function arbitraryDecimal(precision: number, scale: number): fc.Arbitrary<string> {
  const limit = 10n ** BigInt(precision) - 1n;
  return fc.oneof(fc.bigInt({ min: -limit, max: limit }), fc.constantFrom(0n, limit, -limit, 1n)).map((unscaled) => {
    const sign = unscaled < 0n ? "-" : "";
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
    return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  });
}

function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
