import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/test-database.ts";
import { replaySchema } from "../../src/step/replay/replay-schema.ts";
import { copyShop, type TestProject } from "./shop-project.ts";
import { ShopRunner } from "./shop-runner.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const at = (hour: number): string => `2001-01-01T0${hour}:00:00Z`;

describe.each(["duckdb", "postgres"] as const)("a merge whose schema changes, in %s", (kind) => {
  let project: TestProject;
  let shop: ShopRunner;
  let now = "";
  let runs = 0;

  beforeAll(async () => {
    project = await copyShop();
    await mkdir(join(project.root, "data"));
    now = await readFile(join(project.root, "assets/stock.ts"), "utf8");
    await writeFile(join(project.root, "assets/stock.ts"), beforeEuros(now));
    const store = kind === "duckdb" ? {} : { store: { kind, url: database.url, schema: "public" } };
    shop = await ShopRunner.open({ project, ...store });
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  async function deliver(rows: readonly object[]): Promise<void> {
    await writeFile(join(project.root, "data/priceTags.json"), JSON.stringify({ rows }));
    runs += 1;
    await shop.make("priceTags", { isForced: true, runId: `run${runs}` });
  }

  async function useCode(text: string): Promise<void> {
    await writeFile(join(project.root, "assets/stock.ts"), text);
    const { problems } = await shop.project.reload();
    expect(problems).toEqual([]);
  }

  test("its first form is an epoch", async () => {
    await deliver([
      { sku: "a", cents: 250, at: at(1), note: "old" },
      { sku: "b", cents: 13, at: at(1), note: "unlucky" },
      { sku: "c", cents: null, at: at(1) },
    ]);
    await shop.make("shelfPrices");
    expect(await shop.store.merges.listEpochs(parseAssetKey("shelfPrices"))).toMatchObject([{ number: 1, batches: 1 }]);
  });

  test("before anything runs, a replay tells what the new code makes of real batches", async () => {
    await useCode(now);
    const replay = await replaySchema(
      {
        project: () => shop.project.current(),
        stores: new Map([["default", shop.store]]),
        children: shop.children,
        stateDirectory: project.stateDirectory,
        shadowPerMille: 0,
      },
      {
        asset: parseAssetKey("shelfPrices"),
        partition: unpartitioned,
        environment: "prod",
        orders: null,
        batchesPerEpoch: 10,
        signal: new AbortController().signal,
      },
    );
    expect(replay).toMatchObject({
      version: 1,
      batches: [
        { epoch: 1, rowCount: 3, rejectedCount: 1, reasons: ["the upcaster of form 1 throws nobody pays 13 cents"] },
      ],
      failure: null,
    });
    // Of the columns that both forms have; the row that is set aside is missing in the new one.
    expect(replay?.differences).toMatchObject({
      comparedKeys: 3,
      differentKeys: 1,
      samples: [{ key: '["b"]', before: [{ sku: "b", at: at(1) }], after: [] }],
    });
    expect(await shop.store.listHeads("prod", parseAssetKey("shelfPrices"))).toMatchObject([{ version: 1 }]);
  });

  test("its old batches are read through the upcaster, and rows that it throws on are set aside and counted", async () => {
    await deliver([{ sku: "d", price: 9.5, at: at(2), remark: "new" }]);
    const outcome = await shop.run("shelfPrices");
    expect(outcome).toMatchObject({
      kind: "committed",
      facts: { merge: { fates: { rejected: 1 } } },
      quarantinedCount: 1,
    });
    const rows = await shop.rows("shelfPrices");
    expect(rows).toHaveLength(3);
    expect(rows).toContainEqual({ sku: "a", price: 2.5, at: at(1), remark: "old" });
    expect(rows).toContainEqual({ sku: "c", price: null, at: at(1) });
    expect(rows).toContainEqual({ sku: "d", price: 9.5, at: at(2), remark: "new" });
  });

  test("an upcaster that takes its process down ends the step, and nothing is published", async () => {
    await useCode(beforeEuros(now));
    await deliver([{ sku: "e", cents: 666, at: at(3) }]);
    await shop.make("shelfPrices");
    const before = shop.heads.get("shelfPrices@");
    await useCode(now);
    expect(await shop.run("shelfPrices")).toMatchObject({
      kind: "failed",
      failure: { code: "CHILD_DIED", class: "poison" },
    });
    const heads = await shop.store.listHeads("prod", parseAssetKey("shelfPrices"));
    expect(heads).toMatchObject([{ version: before?.version }]);
  });
});

/** The code as it was when prices were in cents. */
function beforeEuros(text: string): string {
  const inCents = text.replace("source({ schema: Euros,", "source({ schema: Cents,");
  const start = inCents.indexOf("    schema: Euros,\n");
  const end = inCents.indexOf("    epochs: [", start);
  const close = inCents.indexOf("    ],\n  },\n  (priceTags", end);
  return `${inCents.slice(0, start)}    schema: Cents,\n${inCents.slice(start + "    schema: Euros,\n".length, end)}${inCents.slice(close + "    ],\n".length)}`;
}
