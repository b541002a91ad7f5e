import type { Row, RowSchema } from "@watersmeet/core/schema";

/** Rows in an order of their own, so that two sets of them can be compared. */
export function sortRows(schema: RowSchema, rows: readonly Row[]): readonly Row[] {
  const keyOf = (row: Row) =>
    JSON.stringify(
      schema.columns.map(({ name }) => [
        typeof row[name],
        row[name] === undefined
          ? ""
          : String(
              row[name] === null
                ? null
                : JSON.stringify(row[name], (_, value: unknown) =>
                    typeof value === "bigint"
                      ? `${value}n`
                      : Object.is(value, -0)
                        ? 0
                        : typeof value === "number" && !Number.isFinite(value)
                          ? String(value)
                          : value,
                  ),
            ),
      ]),
    );
  return rows
    .map((row) =>
      Object.fromEntries(
        schema.columns.flatMap(({ name }) =>
          row[name] === undefined || !Object.hasOwn(row, name) ? [] : [[name, normal(row[name])]],
        ),
      ),
    )
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function normal(value: unknown): unknown {
  return Object.is(value, -0) ? 0 : value;
}
