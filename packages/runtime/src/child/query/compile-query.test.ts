import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Argument } from "../protocol.ts";
import { compileBranches, compileQuery } from "./compile-query.ts";
import { createQueryBuilder, Relation } from "./relation.ts";

const orders = new Relation("orders", "input_0", ["id", "amount", "customerId"]);
const customers = new Relation("customers", "input_1", ["id", "name"]);
const given: readonly Argument[] = [
  { kind: "relation", position: "0", name: "orders", table: "input_0", columns: orders.columns },
  { kind: "relation", position: "1", name: "customers", table: "input_1", columns: customers.columns },
];
const db = createQueryBuilder();
// The row types of handles are known to authors, not here.
const ref = (name: string) => sql.ref(name);

test("a query compiles to SQL over the relations of its inputs, values as parameters", () => {
  const query = db.selectFrom(orders.as("o")).where(ref("o.amount"), ">", 10).select(ref("o.id").as("id"));
  expect(compileQuery(query, given)).toEqual({
    sql: 'select "o"."id" as "id" from "input_0" as "o" where "o"."amount" > $1',
    parameters: [10],
    relations: ["input_0"],
  });
});

test("the relations that a query reads are found in joins, subqueries and common table expressions", () => {
  const big = db.selectFrom(customers.as("c")).select(ref("c.id").as("id"));
  const buyers = db.selectFrom(orders.as("o")).select(ref("o.customerId").as("customerId"));
  const query = db
    .with("big", () => big)
    .selectFrom("big")
    .where(ref("big.id"), "in", buyers)
    .select(ref("big.id").as("id"));
  expect(compileQuery(query, given).relations).toEqual(["input_0", "input_1"]);
});

test("a branch that is a handle delivers all of its columns", () => {
  expect(compileBranches({ customers }, given)).toEqual([
    {
      name: "customers",
      isHandle: true,
      columns: ["id", "name"],
      query: { sql: 'select "id", "name" from "input_1"', parameters: [], relations: ["input_1"] },
    },
  ]);
});

test("a branch that is a query delivers the columns that it selects, by their names", () => {
  const query = db
    .selectFrom(orders.as("o"))
    .selectAll("o")
    .select([sql<number>`1`.as("one"), ref("o.id").as("renamed")]);
  const [branch] = compileBranches({ query }, given);
  expect(branch?.columns).toEqual(["id", "amount", "customerId", "one", "renamed"]);
});

test("columns of a subquery are known when everything of it is selected", () => {
  const inner = db.selectFrom(customers.as("c")).select([ref("c.name").as("label")]);
  const [branch] = compileBranches({ query: db.selectFrom(inner.as("i")).selectAll() }, given);
  expect(branch?.columns).toEqual(["label"]);
});

test("a branch whose columns cannot be told is refused by name", () => {
  expect(() => compileBranches({ odd: sql`select 1 as x` }, given)).toThrow(/columns of branch "odd" cannot be told/);
});

test("what is no query is refused with what it was", () => {
  expect(() => compileQuery([{ id: 1 }], given)).toThrow(/returned \[ \[Object\] \], which is no query/);
});
