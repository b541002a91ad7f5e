import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRowWriter } from "../../src/exchange/open-row-writer.ts";
import { readExchangeFile } from "../../src/exchange/read-exchange-file.ts";
import type { ExchangeFile } from "../../src/stores/port/staging.ts";
import { anyRows } from "./any-rows.ts";
import { column, createScratch, orders, orderSchema, type Scratch } from "./stored-rows.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await createScratch();
});

afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
});

async function carry(format: string, schema: RowSchema, rows: readonly Row[]): Promise<readonly Row[]> {
  const writer = await openRowWriter({ path: join(scratch.folder, `${scratch.next()}.${format}`), schema });
  await writer.write(rows);
  return await readAll(await writer.seal());
}

async function readAll(file: ExchangeFile): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const chunk of readExchangeFile(file)) rows.push(...chunk);
  return rows;
}

describe.each(["parquet", "csv"])("a %s file", (format) => {
  test("gives back rows of every type exactly, in their order", async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, async ({ schema, rows }) => {
        expect(await carry(format, schema, rows)).toEqual(rows.map((row) => withoutNegativeZero(row)));
      }),
      { numRuns: 15 },
    );
  });

  test("carries years before 1 and after 9999", async () => {
    const schema: RowSchema = { columns: [column("day", { kind: "date" }), column("at", { kind: "timestamp" })] };
    const rows = [
      { day: "-000043-03-15", at: "-000043-03-15T12:00:00.000001Z" },
      { day: "0000-12-31", at: "0000-01-01T00:00:00Z" },
      { day: "+012345-01-31", at: "+012345-01-31T23:59:59.999999Z" },
    ];
    expect(await carry(format, schema, rows)).toEqual(rows);
  });

  test("has no negative zero", async () => {
    const [row] = await carry(format, { columns: [column("d", { kind: "double" })] }, [{ d: -0 }]);
    expect(Object.is(row?.["d"], 0)).toBe(true);
  });

  test("keeps columns apart that every object answers to", async () => {
    const schema: RowSchema = {
      columns: ["constructor", "__proto__", "toString"].map((name) => column(name, { kind: "text" })),
    };
    const full: Row = JSON.parse('{ "constructor": "a", "__proto__": "b", "toString": "c" }');
    const [first, second] = await carry(format, schema, [full, {}]);
    expect(Object.entries(first ?? {})).toEqual(Object.entries(full));
    expect(Object.entries(second ?? {})).toEqual([
      ["constructor", null],
      ["__proto__", null],
      ["toString", null],
    ]);
  });

  test("may have no rows", async () => {
    expect(await carry(format, orderSchema, [])).toEqual([]);
  });
});

test("Parquet carries a NUL", async () => {
  const rows = [{ t: "a\0b" }, { t: "\0" }, { t: `${"x".repeat(20)}\0y` }];
  expect(await carry("parquet", { columns: [column("t", { kind: "text" })] }, rows)).toEqual(rows);
});

const misfits: readonly (readonly [Parameters<typeof column>[1], readonly unknown[]])[] = [
  [{ kind: "text" }, [1, "\uD800", {}]],
  [{ kind: "integer" }, [1.5, "1", 2 ** 53, 1n, Number.NaN]],
  [{ kind: "bigint" }, [1, 2n ** 63n, "1"]],
  [{ kind: "double" }, ["1", 1n]],
  [{ kind: "decimal", precision: 4, scale: 2 }, [12.5, "123.45", "1.234", "1e2", ""]],
  [{ kind: "boolean" }, [0, "true"]],
  [{ kind: "date" }, [new Date(0), "2001-02-30", "2001-01-31T00:00:00Z"]],
  [{ kind: "timestamp" }, [new Date(0), "2001-01-31", "2001-01-31T00:00:00.1234567Z"]],
  [{ kind: "json" }, [1n, { a: Number.NaN }, new Map()]],
];

test.each(misfits)(
  "a value that does not fit its column is refused with row, column and value: %j",
  async (type, values) => {
    for (const value of values) {
      const writer = await openRowWriter({
        path: join(scratch.folder, `${scratch.next()}.parquet`),
        schema: { columns: [column("it", type)] },
      });
      await writer.write(Array.from({ length: 2050 }, () => ({ it: null })));
      const sealing = (async () => {
        await writer.write([{ it: value }]);
        await writer.seal();
      })();
      await expect(sealing).rejects.toMatchObject({
        code: "STORE_VALUE_INVALID",
        message: expect.stringMatching(/^Row 2051: column "it" cannot hold /),
        details: { column: "it", row: 2051 },
      });
    }
  },
);

test("an abandoned writer leaves nothing behind", async () => {
  const folder = join(scratch.folder, "abandoned");
  await mkdir(folder);
  const writer = await openRowWriter({ path: join(folder, "x.parquet"), schema: orderSchema });
  await writer.write(orders(5000));
  await writer.abandon();
  expect(await readdir(folder)).toEqual([]);
  const sealed = await openRowWriter({ path: join(folder, "y.parquet"), schema: orderSchema });
  await sealed.write(orders(5));
  await sealed.seal();
  await sealed.abandon();
  expect(await readdir(folder)).toEqual(["y.parquet"]);
});

test("a million rows go through a file, a store and back in bounded memory", async () => {
  const child = join(import.meta.dirname, "streaming-child.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--max-old-space-size=128",
    child,
    scratch.folder,
    "1000000",
  ]);
  const told: { storeRows: number; fileRows: number; isInOrder: boolean; startMb: number; peakMb: number } =
    JSON.parse(stdout);
  expect(told).toMatchObject({ storeRows: 1_000_000, fileRows: 1_000_000, isInOrder: true });
  expect(told.peakMb).toBeLessThan(700);
});

function withoutNegativeZero(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Object.is(value, -0) ? 0 : value]));
}
