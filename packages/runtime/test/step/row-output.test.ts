import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "@watersmeet/core/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRowOutput } from "../../src/child/call/row-output.ts";
import { readExchangeFile } from "../../src/exchange/read-exchange-file.ts";
import type { ExchangeFile } from "../../src/stores/port/staging.ts";
import { column, orders, orderSchema } from "../stores/stored-rows.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "watersmeet-output-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function open(name: string, messageBytes: number, schema = orderSchema) {
  return openRowOutput({ path: join(folder, name, "rows.csv"), schema, messageBytes, kept: [] });
}

async function rowsOf(file: ExchangeFile): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const some of readExchangeFile(file)) rows.push(...some);
  return rows;
}

test("few rows go as they are, and leave no file", async () => {
  const output = open("few", 10_000);
  await output.write(orders(2));
  await output.write(orders(1, 2));
  expect(await output.seal()).toEqual({ kind: "messageRows", rows: orders(3) });
  await output.abandon();
  expect(await readdir(folder)).not.toContain("few");
});

test("no rows at all go as they are", async () => {
  expect(await open("none", 10_000).seal()).toEqual({ kind: "messageRows", rows: [] });
});

test("from the moment that they are too many all of them are in the file, in their order", async () => {
  const output = open("many", 1_000);
  for (let from = 0; from < 50; from += 5) await output.write(orders(5, from));
  const sealed = await output.seal();
  if (sealed.kind !== "rows") throw new Error(sealed.kind);
  expect(sealed.file.rowCount).toBe(50);
  expect(await rowsOf(sealed.file)).toEqual(orders(50));
});

test("who takes no rows in messages gets a file", async () => {
  const output = open("unasked", 0);
  await output.write(orders(1));
  expect(await output.seal()).toMatchObject({ kind: "rows", file: { rowCount: 1 } });
});

test("rows that are to be kept go to a file from then on", async () => {
  const output = open("kept", 10_000);
  await output.write(orders(2));
  expect(await output.keep(join(folder, "part.parquet"))).toMatchObject([{ rowCount: 2 }]);
  await output.write(orders(1, 2));
  const sealed = await output.seal();
  if (sealed.kind !== "rows") throw new Error(sealed.kind);
  expect(await rowsOf(sealed.file)).toEqual(orders(3));
});

test("JSON goes as plain data, whatever the function gave", async () => {
  const output = open("json", 10_000, { columns: [column("at", { kind: "json" })] });
  await output.write([{ at: new Proxy({ deep: [1, null] }, {}) }, { at: null }]);
  const sealed = await output.seal();
  expect(structuredClone(sealed)).toEqual({ kind: "messageRows", rows: [{ at: { deep: [1, null] } }, { at: null }] });
});
