import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalRow } from "../schema/canonical-row.ts";
import { normalizeValue } from "../schema/normalize-value.ts";
import { arbitraryTable } from "./arbitraries.ts";

test("generated rows are in the one form that row parsers and stores give", () => {
  fc.assert(
    fc.property(arbitraryTable({ maxRows: 5 }), ({ schema, rows }) => {
      for (const row of rows) {
        for (const column of schema.columns) {
          const value = row[column.name];
          if (value === null || value === undefined) expect(column.isNullable).toBe(true);
          else expect(normalizeValue(column.type, value)).toEqual({ value, problem: null });
        }
        expect(canonicalRow(schema, row).length).toBeGreaterThanOrEqual(schema.columns.length);
      }
    }),
  );
});
