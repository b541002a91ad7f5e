import type { MergeOrder } from "@watersmeet/core/merge";
import { fingerprintOrders } from "@watersmeet/core/plan";
import { parseAssetKey } from "@watersmeet/core/values";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../../tools/testing/test-database.ts";
import type { ClaimedStep } from "../../../src/step/step.ts";
import { at, failureOf, skus, StockRunner, storeOf } from "./stock-runner.ts";

/* The tests of an engine build on each other, in this order. */

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe.each(["duckdb", "postgres"] as const)("what a merge step in %s makes", (kind) => {
  let world: StockRunner;

  beforeAll(async () => {
    world = await StockRunner.open(kind, storeOf(kind, database.url));
  });

  afterAll(() => world[Symbol.asyncDispose]());

  function withOrders(...orders: readonly MergeOrder[]): { readonly change: (step: ClaimedStep) => ClaimedStep } {
    const fingerprint = fingerprintOrders(orders) ?? "";
    return { change: (step) => ({ ...step, orders: { fingerprint, orders } }) };
  }

  beforeAll(async () => {
    await world.deliver("movements", {
      rows: [
        { sku: "a", name: "Axe", amount: 1, at: at(1), does: null },
        { sku: "b", name: "Bow", amount: 2, at: at(1), does: null },
      ],
    });
    await world.deliver("movements", { rows: [{ sku: "c", name: "Cup", amount: 3, at: at(2), does: null }] });
    await world.deliver("shelf", { rows: [] });
    await world.deliver("counts", { rows: [{ sku: "e1", name: "Other", amount: 1, at: at(4) }] }, "2001-01-01");
    await world.deliver("counts", { rows: [{ sku: "d2", name: "Two", amount: 2, at: at(4, 2) }] }, "2001-01-02");
    await world.shop.make("stock");
    await world.shop.make("named");
  });

  test("an order makes a version of its own, which says so; the same again changes nothing", async () => {
    const first = (await world.batches("named")).at(-1);
    const orders = withOrders({ kind: "revoke", batchId: first?.batchId ?? "" });
    const before = world.shop.heads.get("named@");
    const outcome = await world.shop.run("named", orders);
    expect(outcome).toMatchObject({ kind: "committed", commit: { record: { orders: expect.any(String) } } });
    expect(world.shop.heads.get("named@")?.commitId).not.toBe(before?.commitId);
    expect(skus(await world.shop.rows("named"))).toEqual(["c"]);
    expect(await world.shop.run("named", orders)).toMatchObject({ kind: "unchanged" });
  });

  test("a merge that is forced to run and joins the same makes no version (L13)", async () => {
    const head = world.shop.heads.get("stock@");
    const outcome = await world.shop.run("stock", { isForced: true, runId: "again" });
    expect(outcome).toEqual({ kind: "unchanged", commitId: head?.commitId });
    const heads = await world.shop.store.listHeads("prod", parseAssetKey("stock"));
    expect(heads).toMatchObject([{ version: head?.version }]);
  });

  test("several rows of one key pass the gates of a merge that keeps them", async () => {
    const row = { sku: "e1", name: "Twin", amount: 1, at: at(5) };
    await world.deliver("counts", { rows: [row, { ...row, amount: 2 }] }, "2001-01-03");
    await world.shop.make("history");
    expect(skus(await world.shop.rows("history"))).toEqual(["d2", "e1", "e1", "e1"]);
    // Where a key has one row, nothing says which of the two it is.
    expect(await world.shop.run("stock")).toMatchObject({ failure: { code: "MERGE_BATCH_AMBIGUOUS", class: "data" } });
  });

  test("columns are joined by the author's own function, in a child", async () => {
    await world.deliver(
      "tagged",
      {
        rows: [
          { sku: "a", tags: "long tag", at: at(1) },
          { sku: "b", tags: "b", at: at(1) },
        ],
      },
      "2001-01-01",
    );
    await world.deliver("tagged", { rows: [{ sku: "a", tags: "tag", at: at(1, 2) }] }, "2001-01-02");
    await world.shop.make("tags");
    expect(await world.shop.rows("tags")).toHaveLength(2);
    expect(await world.shop.rows("tags")).toContainEqual({ sku: "a", tags: "long tag", at: at(1, 2) });
    await world.deliver("tagged", { rows: [{ sku: "b", tags: "exit", at: at(1, 2) }] }, "2001-01-03");
    expect(await world.shop.run("tags")).toMatchObject({
      kind: "failed",
      failure: { code: "CHILD_DIED", class: "poison" },
    });
  });

  // A DuckDB file has one owner: nobody else writes to its tables.
  test.runIf(kind === "postgres")("a table that differs from what its batches give stops the merge", async () => {
    await world.deliver("counts", { rows: [] }, "2001-01-03");
    await tamper();
    await world.deliver("movements", { rows: [{ sku: "z", name: "Zip", amount: 1, at: at(9), does: null }] });
    const before = world.shop.heads.get("stock@");
    const outcome = await world.shop.run("stock");
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "MERGE_SHADOW_MISMATCH", class: "permanent" } });
    expect(failureOf(outcome).message).toMatch(
      /^1 of \d+ keys of stock that were folded a second time, in full, came out differently: .*"b"/,
    );
    expect(await world.shop.store.listHeads("prod", parseAssetKey("stock"))).toMatchObject([
      { version: before?.version },
    ]);
  });
});
/** Somebody writes to the tables of merges by hand. */
async function tamper(): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ table_name: string }>(
      "select table_name from information_schema.columns where table_schema = '_watersmeet' and table_name like 'a%stamped%' and column_name = 'amount'",
    );
    for (const { table_name: name } of rows) {
      await client.query(`update _watersmeet."${name}" set name = 'by hand' where sku = 'b'`);
    }
  } finally {
    await client.end();
  }
}
