import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../../tools/testing/test-database.ts";
import { at, failureOf, StockRunner, storeOf } from "./stock-runner.ts";

/* The tests of an engine build on each other, in this order. */

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe.each(["duckdb", "postgres"] as const)("what a merge step in %s joins", (kind) => {
  let world: StockRunner;

  beforeAll(async () => {
    world = await StockRunner.open(kind, {
      ...storeOf(kind, database.url),
      onPhase: (phase) => atPhase(phase),
      beforeCommit: () => beforeCommit(),
    });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  let atPhase: (phase: string) => Promise<void> | void = () => {};
  let beforeCommit: () => Promise<void> | void = () => {};

  test("a diamond whose sides come from different versions is not joined, and the older side is named", async () => {
    await world.deliver("rates", { rows: [{ sku: "a", price: 1, at: at(1) }] });
    await world.shop.make("net");
    await world.shop.make("gross");
    await world.shop.make("quotes");
    await world.deliver("rates", { rows: [{ sku: "a", price: 2, at: at(2) }] });
    await world.shop.make("net");
    const skewed = await world.shop.run("quotes");
    expect(skewed).toMatchObject({ kind: "failed", failure: { code: "MERGE_CUT_SKEWED", class: "transient" } });
    expect(failureOf(skewed).message).toMatch(/gross from version \d, net from version \d/);
    await world.shop.make("gross");
    await world.shop.make("quotes");
    expect(await world.shop.rows("quotes")).toEqual([{ sku: "a", price: 4, at: at(2) }]);
  });

  test("sides that come from equal rows of different versions are no skew", async () => {
    await world.deliver("rates", { rows: [{ sku: "a", price: 2, at: at(2) }] });
    await world.shop.make("net", { isForced: true, runId: "once more" });
    expect(await world.shop.run("quotes")).toMatchObject({ kind: "unchanged" });
    expect(await world.shop.run("quotes", { isForced: true, runId: "once more" })).toMatchObject({ kind: "unchanged" });
  });

  test("a side that a merge goes on without is not compared, and the cut says why it did not wait", async () => {
    await world.deliver("rates", { rows: [{ sku: "a", price: 7, at: at(3) }] });
    await world.shop.make("net");
    const decision = { kind: "deadline", missing: ["gross"], allowed: 1_000 } as const;
    await world.shop.make("quotes", { change: (step) => ({ ...step, decision }) });
    const [record] = await world.shop.store.merges.listCuts({ asset: parseAssetKey("quotes"), limit: 1 });
    expect(record?.cut).toMatchObject({
      decision,
      legs: [
        { branch: "gross", isLastGood: true },
        { branch: "net", isLastGood: false },
      ],
    });
  });

  test("what an input was taken back to while it was merged is not published on (M25)", async () => {
    const before = world.shop.heads.get("rates@")?.version ?? 0;
    await world.deliver("rates", { rows: [{ sku: "a", price: 8, at: at(4) }] });
    await world.shop.make("net");
    await world.shop.make("gross");
    const net = world.shop.heads.get("net@");
    const [earlier] = await world.shop.store.listVersions({
      environment: "prod",
      asset: parseAssetKey("net"),
      partition: unpartitioned,
      upTo: before,
    });
    atPhase = async (phase) => {
      if (phase === "gated") await world.takeBack("net", earlier?.version ?? 0);
    };
    const stale = await world.shop.run("quotes", net === undefined ? {} : { change: (step) => step });
    atPhase = () => {};
    expect(stale).toMatchObject({ kind: "failed", failure: { code: "STORE_STALE", class: "transient" } });
    expect(failureOf(stale).message).toMatch(/of net, which quotes joins, was taken back/);
    if (net !== undefined) {
      await world.takeBack("net", net.version);
      world.shop.heads.set("net@", net);
    }
    await world.shop.make("quotes");
  });

  test("nor what it was taken back to after the last look at it (M25)", async () => {
    const before = world.shop.heads.get("net@");
    await world.deliver("rates", { rows: [{ sku: "a", price: 9, at: at(5) }] });
    const net = await world.shop.make("net");
    await world.shop.make("gross");
    beforeCommit = () => world.takeBack("net", before?.version ?? 0);
    const stale = await world.shop.run("quotes");
    beforeCommit = () => {};
    expect(stale).toMatchObject({ kind: "failed", failure: { code: "STORE_STALE", class: "transient" } });
    expect(failureOf(stale).message).toMatch(/quotes was built on version \d+ of net, of which readers of "prod" see/);
    await world.takeBack("net", net.version);
    await world.shop.make("quotes");
  });
});
