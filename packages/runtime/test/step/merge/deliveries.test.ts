import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MergeOrder } from "@watersmeet/core/merge";
import { fingerprintOrders } from "@watersmeet/core/plan";
import { compareStrings, parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/test-database.ts";
import type { StoreConfig } from "../../src/config/config.ts";
import type { ClaimedStep, StepOutcome } from "../../src/step/step.ts";
import type { BatchRecord } from "../../src/stores/port/merge-records.ts";
import { copyShop, type TestProject } from "./shop-project.ts";
import { ShopRunner } from "./shop-runner.ts";

interface Delivered {
  readonly rows: readonly object[];
  readonly cursor?: unknown;
  readonly watermark?: string;
  readonly isFinished?: boolean;
}

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe.each(["duckdb", "postgres"] as const)("a merge step in %s", (kind) => {
  let project: TestProject;
  let shop: ShopRunner;
  let runs = 0;

  beforeAll(async () => {
    project = await copyShop();
    await mkdir(join(project.root, "data"));
    const store: StoreConfig | undefined =
      kind === "duckdb" ? undefined : { kind, url: database.url, schema: "public" };
    shop = await ShopRunner.open({
      project,
      ...(store === undefined ? {} : { store }),
      onPhase: (phase) => atPhase(phase),
      beforeCommit: () => beforeCommit(),
    });
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  let atPhase: (phase: string) => Promise<void> | void = () => {};
  let beforeCommit: () => Promise<void> | void = () => {};

  /** Puts there what an asset delivers next, and has it delivered. */
  async function deliver(asset: string, delivered: Delivered, partition = ""): Promise<void> {
    const name = partition === "" ? asset : `${asset}-${partition}`;
    await writeFile(join(project.root, "data", `${name}.json`), JSON.stringify(delivered));
    runs += 1;
    await shop.make(asset, { partition, isForced: true, runId: `${kind}${runs}` });
  }

  function withOrders(...orders: readonly MergeOrder[]): { readonly change: (step: ClaimedStep) => ClaimedStep } {
    const fingerprint = fingerprintOrders(orders) ?? "";
    return { change: (step) => ({ ...step, orders: { fingerprint, orders } }) };
  }

  async function batches(asset: string): Promise<readonly BatchRecord[]> {
    return shop.store.merges.listBatches({ asset: parseAssetKey(asset), partition: unpartitioned, limit: 100 });
  }

  function skus(rows: readonly unknown[]): readonly unknown[] {
    return rows
      .map((row) => (row !== null && typeof row === "object" && "sku" in row ? row.sku : row))
      .toSorted(byText);
  }

  const at = (hour: number, day = 1): string => `2001-01-0${day}T0${hour}:00:00Z`;

  test("a merge does not begin before something of each branch is there, and says what is missing", async () => {
    await deliver("shelf", { rows: [] });
    expect(await shop.run("stock")).toMatchObject({
      kind: "failed",
      failure: { code: "MERGE_CUT_MISALIGNED", message: "stock: branch movements needs movements, which is not there" },
    });
    await deliver("counts", { rows: [] }, "2001-01-01");
  });

  test("versions of an asset that emits changes stay beside each other, with their operations", async () => {
    await deliver("movements", {
      rows: [
        { sku: "a", name: "Axe", amount: 1, at: at(1), does: null },
        { sku: "b", name: "Bow", amount: 2, at: at(1), does: "upsert" },
      ],
      cursor: 1,
    });
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["a", "b"]);
    await deliver("movements", {
      rows: [
        { sku: "a", name: null, amount: null, at: at(2), does: "delete" },
        { sku: "c", name: "Cup", amount: 3, at: at(2), does: null },
      ],
      cursor: 2,
      watermark: at(2),
    });
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["b", "c"]);
    const delivered = (await batches("stock")).filter(({ branch }) => branch === "movements").toReversed();
    expect(delivered).toMatchObject([
      { standing: "live", cursor: { from: null, to: "0000000000000001" }, promise: null },
      {
        standing: "live",
        cursor: { from: "0000000000000001", to: "0000000000000002" },
        promise: { watermark: "978314400000000", isFinished: false },
        origin: { asset: "movements", runId: `${kind}4`, traceId: "trace1" },
      },
    ]);
    expect(BigInt(delivered[1]?.sequence ?? 0)).toBeGreaterThan(BigInt(delivered[0]?.sequence ?? 0));
  });

  test("equal rows after another version are other content, and a version without rows is a batch too", async () => {
    const before = shop.heads.get("movements@");
    await deliver("movements", { rows: [], cursor: 3 });
    await shop.make("stock");
    expect(await stateOf("movements")).toBe("idle");
    await deliver("movements", { rows: [], cursor: 4, isFinished: true });
    const after = shop.heads.get("movements@");
    expect(after?.version).toBe((before?.version ?? 0) + 2);
    expect(after?.dataDigest).not.toBe(before?.dataDigest);
    await shop.make("stock");
    expect(await stateOf("movements")).toBe("finished");
    const delivered = (await batches("stock")).filter(({ branch }) => branch === "movements");
    expect(delivered).toHaveLength(4);
    expect(delivered[0]).toMatchObject({ rowCount: 0, promise: { watermark: null, isFinished: true } });
  });

  test("a version that says nothing of its cursor keeps it, and is not taken for idle", async () => {
    await deliver("movements", { rows: [] });
    await shop.make("stock");
    expect(await stateOf("movements")).toBe("active");
    const [newest] = (await batches("stock")).filter(({ branch }) => branch === "movements");
    expect(newest?.cursor).toEqual({ from: "0000000000000004", to: "0000000000000004" });
  });

  async function stateOf(branch: string): Promise<string | undefined> {
    const [record] = await shop.store.merges.listCuts({ asset: parseAssetKey("stock"), limit: 1 });
    return record?.cut.legs.find((leg) => leg.branch === branch)?.state;
  }

  test("a snapshot withdraws what it has no more, and nothing of the others", async () => {
    const shelf = [
      { sku: "b", name: "Long bow", amount: 5, at: at(3) },
      { sku: "x", name: "Xylophone", amount: 1, at: at(3) },
      { sku: "y", name: "Yoke", amount: 1, at: at(3) },
    ];
    await deliver("shelf", { rows: shelf });
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["b", "c", "x", "y"]);
    await deliver("shelf", { rows: shelf.slice(1) });
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["b", "c", "x", "y"]);
    expect(await shop.rows("stock")).toContainEqual({ sku: "b", name: "Bow", amount: 2, at: at(1) });
    await deliver("shelf", { rows: shelf.slice(1, 2) });
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["b", "c", "x"]);
  });

  test("a snapshot that has lost most of its rows is stopped by a gate", async () => {
    const before = shop.heads.get("shelf@");
    await deliver("shelf", { rows: [] });
    expect(await shop.run("stock")).toMatchObject({
      kind: "blocked",
      failure: { code: "MERGE_SNAPSHOT_SHRANK", class: "data" },
    });
    // The version that is taken back is no delivery, and what comes after it follows the one before.
    await takeBack("shelf", before?.version ?? 0);
    await deliver("shelf", { rows: [{ sku: "x", name: "Xylophone", amount: 2, at: at(3) }] });
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["b", "c", "x"]);
  });

  async function takeBack(asset: string, version: number): Promise<void> {
    const spec = shop.project.current().specs.get(parseAssetKey(asset));
    if (spec === undefined) throw new Error(`no asset ${asset}`);
    runs += 1;
    const commit = await shop.store.revert({
      environment: "prod",
      asset: { key: spec.key, schema: spec.schema, isPartitioned: false },
      partition: unpartitioned,
      version,
      moveId: `move${runs}`,
    });
    shop.heads.set(`${asset}@`, commit);
  }

  test("a day that is delivered again takes the place of what it was; the others stay", async () => {
    await deliver("counts", { rows: [{ sku: "d1", name: "One", amount: 1, at: at(4) }] }, "2001-01-01");
    await deliver("counts", { rows: [{ sku: "d2", name: "Two", amount: 2, at: at(4, 2) }] }, "2001-01-02");
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["b", "c", "d1", "d2", "x"]);
    await deliver("counts", { rows: [{ sku: "e1", name: "Other", amount: 1, at: at(4) }] }, "2001-01-01");
    await shop.make("stock");
    expect(skus(await shop.rows("stock"))).toEqual(["b", "c", "d2", "e1", "x"]);
    const days = (await batches("stock")).filter(({ branch }) => branch === "counts");
    expect(days.map(({ standing, generation, batchKey }) => [standing, generation, batchKey]).toSorted(byText)).toEqual(
      [
        ["live", 1, '["counts","counts","2001-01-02"]'],
        ["live", 3, '["counts","counts","2001-01-01"]'],
        ["superseded", 1, '["counts","counts","2001-01-01"]'],
        ["superseded", 2, '["counts","counts","2001-01-01"]'],
      ],
    );
    expect(days[0]?.cursor).toMatchObject({ from: expect.stringMatching(/^2001-01-0\dT00:00:00.000Z$/) });
  });

  test("of a branch that reads the latest day, the next one takes the place of the one before", async () => {
    await deliver("counts", { rows: [{ sku: "l7", name: "Last", amount: 7, at: at(4, 7) }] }, "2001-01-07");
    await shop.make("newest");
    expect(skus(await shop.rows("newest"))).toEqual(["l7"]);
    // The day is not in the key.
    expect(await batches("newest")).toMatchObject([{ batchKey: '["counts","counts",null]', sequence: "6" }]);
    await deliver("counts", { rows: [] }, "2001-01-07");
    await shop.make("stock");
  });

  test("a query over an asset that emits changes runs once for each of its versions", async () => {
    await shop.make("named");
    expect(skus(await shop.rows("named"))).toEqual(["a", "b", "c"]);
    expect(await batches("named")).toHaveLength(5);
  });

  test("a query over two assets that emit changes or snapshots is refused", async () => {
    expect(await shop.run("twoFeeds")).toMatchObject({
      kind: "failed",
      failure: {
        code: "MERGE_POLICY_INVALID",
        class: "permanent",
        message: expect.stringMatching(/"movements" \(changes\) and "shelf" \(snapshot\)/),
      },
    });
  });

  test("an order makes a version of its own, which says so; the same again changes nothing", async () => {
    const first = (await batches("named")).at(-1);
    const orders = withOrders({ kind: "revoke", batchId: first?.batchId ?? "" });
    const before = shop.heads.get("named@");
    const outcome = await shop.run("named", orders);
    expect(outcome).toMatchObject({ kind: "committed", commit: { record: { orders: expect.any(String) } } });
    expect(shop.heads.get("named@")?.commitId).not.toBe(before?.commitId);
    expect(skus(await shop.rows("named"))).toEqual(["c"]);
    expect(await shop.run("named", orders)).toMatchObject({ kind: "unchanged" });
  });

  test("a merge that is forced to run and joins the same makes no version (L13)", async () => {
    const head = shop.heads.get("stock@");
    const outcome = await shop.run("stock", { isForced: true, runId: "again" });
    expect(outcome).toEqual({ kind: "unchanged", commitId: head?.commitId });
    const heads = await shop.store.listHeads("prod", parseAssetKey("stock"));
    expect(heads).toMatchObject([{ version: head?.version }]);
  });

  test("a diamond whose sides come from different versions is not joined, and the older side is named", async () => {
    await deliver("rates", { rows: [{ sku: "a", price: 1, at: at(1) }] });
    await shop.make("net");
    await shop.make("gross");
    await shop.make("quotes");
    await deliver("rates", { rows: [{ sku: "a", price: 2, at: at(2) }] });
    await shop.make("net");
    const skewed = await shop.run("quotes");
    expect(skewed).toMatchObject({ kind: "failed", failure: { code: "MERGE_CUT_SKEWED", class: "transient" } });
    expect(failureOf(skewed).message).toMatch(/gross from version \d, net from version \d/);
    await shop.make("gross");
    await shop.make("quotes");
    expect(await shop.rows("quotes")).toEqual([{ sku: "a", price: 4, at: at(2) }]);
  });

  test("sides that come from equal rows of different versions are no skew", async () => {
    await deliver("rates", { rows: [{ sku: "a", price: 2, at: at(2) }] });
    await shop.make("net", { isForced: true, runId: "once more" });
    expect(await shop.run("quotes")).toMatchObject({ kind: "unchanged" });
    expect(await shop.run("quotes", { isForced: true, runId: "once more" })).toMatchObject({ kind: "unchanged" });
  });

  test("a side that a merge goes on without is not compared, and the cut says why it did not wait", async () => {
    await deliver("rates", { rows: [{ sku: "a", price: 7, at: at(3) }] });
    await shop.make("net");
    const decision = { kind: "deadline", missing: ["gross"], allowed: 1_000 } as const;
    await shop.make("quotes", { change: (step) => ({ ...step, decision }) });
    const [record] = await shop.store.merges.listCuts({ asset: parseAssetKey("quotes"), limit: 1 });
    expect(record?.cut).toMatchObject({
      decision,
      legs: [
        { branch: "gross", isLastGood: true },
        { branch: "net", isLastGood: false },
      ],
    });
  });

  test("what an input was taken back to while it was merged is not published on (M25)", async () => {
    const before = shop.heads.get("rates@")?.version ?? 0;
    await deliver("rates", { rows: [{ sku: "a", price: 8, at: at(4) }] });
    await shop.make("net");
    await shop.make("gross");
    const net = shop.heads.get("net@");
    const [earlier] = await shop.store.listVersions({
      environment: "prod",
      asset: parseAssetKey("net"),
      partition: unpartitioned,
      upTo: before,
    });
    atPhase = async (phase) => {
      if (phase === "gated") await takeBack("net", earlier?.version ?? 0);
    };
    const stale = await shop.run("quotes", net === undefined ? {} : { change: (step) => step });
    atPhase = () => {};
    expect(stale).toMatchObject({ kind: "failed", failure: { code: "STORE_STALE", class: "transient" } });
    expect(failureOf(stale).message).toMatch(/of net, which quotes joins, was taken back/);
    if (net !== undefined) {
      await takeBack("net", net.version);
      shop.heads.set("net@", net);
    }
    await shop.make("quotes");
  });

  test("nor what it was taken back to after the last look at it (M25)", async () => {
    const before = shop.heads.get("net@");
    await deliver("rates", { rows: [{ sku: "a", price: 9, at: at(5) }] });
    const net = await shop.make("net");
    await shop.make("gross");
    beforeCommit = () => takeBack("net", before?.version ?? 0);
    const stale = await shop.run("quotes");
    beforeCommit = () => {};
    expect(stale).toMatchObject({ kind: "failed", failure: { code: "STORE_STALE", class: "transient" } });
    expect(failureOf(stale).message).toMatch(/quotes was built on version \d+ of net, of which readers of "prod" see/);
    await takeBack("net", net.version);
    await shop.make("quotes");
  });

  test("several rows of one key pass the gates of a merge that keeps them", async () => {
    const row = { sku: "e1", name: "Twin", amount: 1, at: at(5) };
    await deliver("counts", { rows: [row, { ...row, amount: 2 }] }, "2001-01-03");
    await shop.make("history");
    expect(skus(await shop.rows("history"))).toEqual(["d2", "e1", "e1", "e1"]);
    // Where a key has one row, nothing says which of the two it is.
    expect(await shop.run("stock")).toMatchObject({ failure: { code: "MERGE_BATCH_AMBIGUOUS", class: "data" } });
  });

  test("columns are joined by the author's own function, in a child", async () => {
    await deliver(
      "tagged",
      {
        rows: [
          { sku: "a", tags: "long tag", at: at(1) },
          { sku: "b", tags: "b", at: at(1) },
        ],
      },
      "2001-01-01",
    );
    await deliver("tagged", { rows: [{ sku: "a", tags: "tag", at: at(1, 2) }] }, "2001-01-02");
    await shop.make("tags");
    expect(await shop.rows("tags")).toHaveLength(2);
    expect(await shop.rows("tags")).toContainEqual({ sku: "a", tags: "long tag", at: at(1, 2) });
    await deliver("tagged", { rows: [{ sku: "b", tags: "exit", at: at(1, 2) }] }, "2001-01-03");
    expect(await shop.run("tags")).toMatchObject({ kind: "failed", failure: { code: "CHILD_DIED", class: "poison" } });
  });

  // A DuckDB file has one owner: nobody else writes to its tables.
  test.runIf(kind === "postgres")("a table that differs from what its batches give stops the merge", async () => {
    await deliver("counts", { rows: [] }, "2001-01-03");
    await tamper();
    await deliver("movements", { rows: [{ sku: "z", name: "Zip", amount: 1, at: at(9), does: null }] });
    const before = shop.heads.get("stock@");
    const outcome = await shop.run("stock");
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "MERGE_SHADOW_MISMATCH", class: "permanent" } });
    expect(failureOf(outcome).message).toMatch(
      /^1 of \d+ keys of stock that were folded a second time, in full, came out differently: .*"b"/,
    );
    expect(await shop.store.listHeads("prod", parseAssetKey("stock"))).toMatchObject([{ version: before?.version }]);
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

function failureOf(outcome: StepOutcome): { readonly message: string } {
  if (outcome.kind === "failed" || outcome.kind === "blocked") return outcome.failure;
  throw new Error(`it ended ${outcome.kind}`);
}

/** In the order of what they read as. */
function byText(a: unknown, b: unknown): number {
  return compareStrings(JSON.stringify(a), JSON.stringify(b));
}
