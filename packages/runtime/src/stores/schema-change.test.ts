import type { Column, ColumnType, RowSchema } from "@watersmeet/core/schema";
import { parseAssetKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import { renderDuckdbType } from "../exchange/column-types.ts";
import { planSchemaChange } from "./schema-change.ts";

const column = (name: string, kind: "text" | "integer" | "bigint" | "double", isNullable = true): Column => ({
  name,
  type: { kind },
  isNullable,
  nullAs: "null",
});
const schema = (...columns: readonly Column[]): RowSchema => ({ columns });
const key = parseAssetKey("orders");
const stored = schema(column("id", "integer"), column("name", "text"));

function plan(wanted: RowSchema, hasRows = true) {
  return planSchemaChange({ key, schema: wanted }, stored, {
    hasRows,
    renderType: (type: ColumnType) => renderDuckdbType(type),
  });
}

test("a new column that may be NULL is added, wherever it stands in the schema", () => {
  const change = plan(schema(column("new", "double"), column("id", "integer"), column("name", "text")));
  expect(change.added.map(({ name }) => name)).toEqual(["new"]);
  expect(change.stored.columns.map(({ name }) => name)).toEqual(["id", "name", "new"]);
});

test("a column that is left out stays, for the versions that have it", () => {
  expect(plan(schema(column("id", "integer")))).toEqual({ added: [], stored });
});

test("types that are stored alike are the same", () => {
  expect(plan(schema(column("id", "bigint"), column("name", "text"))).added).toEqual([]);
});

test("every column that does not fit is named", () => {
  expect(() => plan(schema(column("id", "text"), column("name", "double"), column("must", "text", false)))).toThrow(
    'The schema of "orders" does not fit its stored rows: "id" is bigint in the store and varchar in the schema; "name" is varchar in the store and double in the schema; "must" is new and may not be null, but there are rows without it',
  );
});

test("without rows, a new column may be required", () => {
  expect(plan(schema(column("id", "integer"), column("must", "text", false)), false).added).toHaveLength(1);
});
