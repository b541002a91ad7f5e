import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { hashEpoch, listEpochFields } from "@watersmeet/core/merge";
import type { Column, ColumnType, Row, RowSchema } from "@watersmeet/core/schema";
import { parseAssetKey } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createChildPool, type ChildPool } from "../../src/child/child-pool.ts";
import type { ChildAnswer } from "../../src/child/child-process.ts";
import type { ChildWork } from "../../src/child/protocol.ts";
import { openRowWriter } from "../../src/exchange/open-row-writer.ts";
import { readExchangeFile } from "../../src/exchange/read-exchange-file.ts";
import type { ExchangeFile } from "../../src/stores/port/staging.ts";
import { copyShop, type TestProject } from "./shop-project.ts";

let project: TestProject;
let pool: ChildPool;
let fileCount = 0;

beforeAll(async () => {
  project = await copyShop();
  await mkdir(project.stateDirectory);
  pool = createChildPool({ root: project.root, size: 1, memoryMb: 128, stepsPerChild: 50, env: process.env });
});

afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

function column(name: string, kind: "text" | "bigint" | "integer" | "double" | "timestamp"): Column {
  const type: ColumnType = { kind };
  return { name, type, isNullable: true, nullAs: "null" };
}

const before: RowSchema = {
  columns: [column("sku", "text"), column("cents", "integer"), column("at", "timestamp"), column("note", "text")],
};
const now: RowSchema = {
  columns: [
    column("sku", "text"),
    column("price", "double"),
    { ...column("at", "timestamp"), isNullable: false },
    { ...column("remark", "text"), field: "note" },
  ],
};
const left = listEpochFields(before, ["sku"]);
const present = listEpochFields(now, ["sku"]);
const epochs = [{ fields: left, hash: hashEpoch(left), note: "", isLossy: true, upcaster: "upcaster" }];

async function writeFile(schema: RowSchema, rows: readonly Row[]): Promise<ExchangeFile> {
  const writer = await openRowWriter({ path: nextPath(), schema });
  await writer.write(rows);
  return writer.seal();
}

function nextPath(): string {
  fileCount += 1;
  return join(project.stateDirectory, `rows-${fileCount}.parquet`);
}

function perform(work: ChildWork): Promise<ChildAnswer> {
  return pool.perform(work, {
    subject: "stock",
    code: { root: project.root, generation: "1", files: {} },
    timeoutMs: 240_000,
    listener: { log: () => {}, progress: () => {} },
    signal: new AbortController().signal,
  });
}

function address(name: string): Extract<ChildWork, { readonly kind: "upcast" }>["asset"] {
  return { key: parseAssetKey(name), file: "assets/stock.ts", exportPath: [name] };
}

async function upcast(rows: readonly Row[]): Promise<ChildAnswer> {
  const marks = [column("_ordinal", "bigint"), column("_present", "text")];
  const file = await writeFile({ columns: [...marks, ...before.columns] }, rows);
  const cells = now.columns.map((cell): Column => ({ ...cell, isNullable: true }));
  const columns = [...marks, column("_fault", "text"), ...cells];
  return perform({
    kind: "upcast",
    asset: address("shelfPrices"),
    epochs,
    from: 0,
    present,
    file,
    output: { path: nextPath(), schema: { columns } },
  });
}

async function reduce(rows: readonly Row[]): Promise<ChildAnswer> {
  const file = await writeFile({ columns: [column("_group", "bigint"), column("value", "text")] }, rows);
  const schema = { columns: [column("sku", "text"), column("tags", "text")] };
  return perform({
    kind: "reduce",
    asset: address("tags"),
    column: "tags",
    schema,
    file,
    output: { path: nextPath() },
  });
}

async function rowsOf(answer: ChildAnswer): Promise<readonly Row[]> {
  if (answer.kind !== "result" || answer.result.kind !== "file") throw new Error(JSON.stringify(answer));
  const rows: Row[] = [];
  for await (const chunk of readExchangeFile(answer.result.file)) rows.push(...chunk);
  return rows;
}

const at = "2001-01-01T00:00:00Z";

test("rows of an earlier form come back in the present one, with what they say something of", async () => {
  const rows = await rowsOf(
    await upcast([
      { _ordinal: 1n, _present: null, sku: "a", cents: 250, at, note: "new" },
      { _ordinal: 2n, _present: '["sku","at","note"]', sku: "b", cents: null, at, note: null },
    ]),
  );
  expect(rows).toEqual([
    { _ordinal: 1n, _present: '["sku","price","at","remark"]', _fault: null, sku: "a", price: 2.5, at, remark: "new" },
    { _ordinal: 2n, _present: '["sku","at","remark"]', _fault: null, sku: "b", price: null, at, remark: null },
  ]);
});

test("a row that the upcaster throws on, or makes nothing valid of, keeps its place with the reason", async () => {
  const rows = await rowsOf(
    await upcast([
      { _ordinal: 1n, _present: null, sku: "a", cents: 13, at, note: "x" },
      { _ordinal: 2n, _present: null, sku: "b", cents: 14, at, note: "x" },
      { _ordinal: 3n, _present: null, sku: "c", cents: 100, at, note: "x" },
    ]),
  );
  expect(rows.map(({ _ordinal, _fault }) => [_ordinal, _fault])).toEqual([
    [1n, "the upcaster of form 1 throws nobody pays 13 cents"],
    [2n, expect.stringMatching(/^the upcaster of form 1 gives a "price" that /)],
    [3n, null],
  ]);
  expect(rows[0]).toMatchObject({ _present: "[]", sku: null, price: null });
});

test("a child that ends within an upcaster is told as such, and the next one does the work", async () => {
  expect(await upcast([{ _ordinal: 1n, _present: null, sku: "a", cents: 666, at, note: null }])).toMatchObject({
    kind: "failure",
    failure: { code: "CHILD_DIED", message: expect.stringMatching(/process\.exit\(7\)/) },
  });
  expect(
    await rowsOf(await upcast([{ _ordinal: 1n, _present: null, sku: "a", cents: 1, at, note: null }])),
  ).toHaveLength(1);
});

test("candidates are joined key by key, however many there are", async () => {
  const many = Array.from({ length: 5_000 }, (_, index) => ({ _group: 7n, value: "x".repeat(index % 9) }));
  const rows = await rowsOf(
    await reduce([{ _group: 1n, value: "aa" }, { _group: 1n, value: "b" }, { _group: 2n, value: "c" }, ...many]),
  );
  expect(rows).toEqual([
    { _group: 1n, value: "aa" },
    { _group: 2n, value: "c" },
    { _group: 7n, value: "xxxxxxxx" },
  ]);
});

test("a custom function that ends its process ends its child alone", async () => {
  expect(
    await reduce([
      { _group: 1n, value: "exit" },
      { _group: 1n, value: "b" },
    ]),
  ).toMatchObject({
    failure: { code: "CHILD_DIED" },
  });
});
