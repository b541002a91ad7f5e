import { parseAssetKey } from "@watersmeet/core/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../../../../../tools/testing/test-database.ts";
import { at, byText, skus, StockRunner, storeOf } from "./stock-runner.ts";

const delivered = z.object({ branch: z.string(), outcome: z.string() });
const recordShape = z.object({ facts: z.object({ merge: z.object({ batches: z.array(delivered) }) }) });

/* The tests of an engine build on each other, in this order. */

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe.each(["duckdb", "postgres"] as const)("what branches deliver to a merge step in %s", (kind) => {
  let world: StockRunner;

  beforeAll(async () => {
    world = await StockRunner.open(kind, storeOf(kind, database.url));
  });

  afterAll(() => world[Symbol.asyncDispose]());

  test("a merge does not begin before something of each branch is there, and says what is missing", async () => {
    await world.deliver("shelf", { rows: [] });
    expect(await world.shop.run("stock")).toMatchObject({
      kind: "failed",
      failure: { code: "MERGE_CUT_MISALIGNED", message: "stock: branch movements needs movements, which is not there" },
    });
    await world.deliver("counts", { rows: [] }, "2001-01-01");
  });

  test("versions of an asset that emits changes stay beside each other, with their operations", async () => {
    await world.deliver("movements", {
      rows: [
        { sku: "a", name: "Axe", amount: 1, at: at(1), does: null },
        { sku: "b", name: "Bow", amount: 2, at: at(1), does: "upsert" },
      ],
      cursor: 1,
    });
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["a", "b"]);
    await world.deliver("movements", {
      rows: [
        { sku: "a", name: null, amount: null, at: at(2), does: "delete" },
        { sku: "c", name: "Cup", amount: 3, at: at(2), does: null },
      ],
      cursor: 2,
      watermark: at(2),
    });
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c"]);
    const delivered = (await world.batches("stock")).filter(({ branch }) => branch === "movements").toReversed();
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
    const before = world.shop.heads.get("movements@");
    await world.deliver("movements", { rows: [], cursor: 3 });
    await world.shop.make("stock");
    expect(await stateOf("movements")).toBe("idle");
    await world.deliver("movements", { rows: [], cursor: 4, isFinished: true });
    const after = world.shop.heads.get("movements@");
    expect(after?.version).toBe((before?.version ?? 0) + 2);
    expect(after?.dataDigest).not.toBe(before?.dataDigest);
    await world.shop.make("stock");
    expect(await stateOf("movements")).toBe("finished");
    const delivered = (await world.batches("stock")).filter(({ branch }) => branch === "movements");
    expect(delivered).toHaveLength(4);
    expect(delivered[0]).toMatchObject({ rowCount: 0, promise: { watermark: null, isFinished: true } });
  });

  test("a version that says nothing of its cursor keeps it, and is not taken for idle", async () => {
    await world.deliver("movements", { rows: [] });
    await world.shop.make("stock");
    expect(await stateOf("movements")).toBe("active");
    const [newest] = (await world.batches("stock")).filter(({ branch }) => branch === "movements");
    expect(newest?.cursor).toEqual({ from: "0000000000000004", to: "0000000000000004" });
  });

  test("of a long feed a version delivers what came since the one before, and that one's last once more", async () => {
    await world.deliver("movements", { rows: [{ sku: "m", name: "Mug", amount: 1, at: at(3), does: null }] });
    const { record } = await world.shop.make("stock");
    expect(outcomesOf(record)).toEqual(["duplicate", "admitted"]);
    const known = (await world.batches("stock")).filter(({ branch }) => branch === "movements");
    expect(known.map(({ standing }) => standing)).toEqual(Array.from({ length: 6 }, () => "live"));
  });

  test("versions that readers were taken back from leave a merge that had joined them", async () => {
    const before = world.shop.heads.get("movements@")?.version ?? 0;
    await world.deliver("movements", { rows: [{ sku: "n", name: "Net", amount: 1, at: at(3), does: null }] });
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "m", "n"]);
    await world.takeBack("movements", before - 1);
    await world.deliver("movements", { rows: [{ sku: "o", name: "Oar", amount: 1, at: at(3), does: null }] });
    const { record } = await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "o"]);
    // From the beginning, since what the cut before went on from is not on the way to the new version.
    expect(outcomesOf(record)).toHaveLength(6);
    await world.takeBack("movements", before - 1);
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c"]);
  });

  /** What became of the deliveries that a version was staged with. */
  function outcomesOf(record: unknown): readonly string[] {
    const { facts } = recordShape.parse(record);
    return facts.merge.batches.filter(({ branch }) => branch === "movements").map(({ outcome }) => outcome);
  }

  test("a snapshot withdraws what it has no more, and nothing of the others", async () => {
    const shelf = [
      { sku: "b", name: "Long bow", amount: 5, at: at(3) },
      { sku: "x", name: "Xylophone", amount: 1, at: at(3) },
      { sku: "y", name: "Yoke", amount: 1, at: at(3) },
    ];
    await world.deliver("shelf", { rows: shelf });
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "x", "y"]);
    await world.deliver("shelf", { rows: shelf.slice(1) });
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "x", "y"]);
    expect(await world.shop.rows("stock")).toContainEqual({ sku: "b", name: "Bow", amount: 2, at: at(1) });
    await world.deliver("shelf", { rows: shelf.slice(1, 2) });
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "x"]);
  });

  async function stateOf(branch: string): Promise<string | undefined> {
    const [record] = await world.shop.store.merges.listCuts({ asset: parseAssetKey("stock"), limit: 1 });
    return record?.cut.legs.find((leg) => leg.branch === branch)?.state;
  }

  test("a snapshot that has lost most of its rows is stopped by a gate", async () => {
    const before = world.shop.heads.get("shelf@");
    await world.deliver("shelf", { rows: [] });
    expect(await world.shop.run("stock")).toMatchObject({
      kind: "blocked",
      failure: { code: "MERGE_SNAPSHOT_SHRANK", class: "data" },
    });
    // The version that is taken back is no delivery, and what comes after it follows the one before.
    await world.takeBack("shelf", before?.version ?? 0);
    await world.deliver("shelf", { rows: [{ sku: "x", name: "Xylophone", amount: 2, at: at(3) }] });
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "x"]);
  });

  test("a day that is delivered again takes the place of what it was; the others stay", async () => {
    await world.deliver("counts", { rows: [{ sku: "d1", name: "One", amount: 1, at: at(4) }] }, "2001-01-01");
    await world.deliver("counts", { rows: [{ sku: "d2", name: "Two", amount: 2, at: at(4, 2) }] }, "2001-01-02");
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "d1", "d2", "x"]);
    await world.deliver("counts", { rows: [{ sku: "e1", name: "Other", amount: 1, at: at(4) }] }, "2001-01-01");
    await world.shop.make("stock");
    expect(skus(await world.shop.rows("stock"))).toEqual(["b", "c", "d2", "e1", "x"]);
    const days = (await world.batches("stock")).filter(({ branch }) => branch === "counts");
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
    await world.deliver("counts", { rows: [{ sku: "l7", name: "Last", amount: 7, at: at(4, 7) }] }, "2001-01-07");
    await world.shop.make("newest");
    expect(skus(await world.shop.rows("newest"))).toEqual(["l7"]);
    // The day is not in the key.
    expect(await world.batches("newest")).toMatchObject([{ batchKey: '["counts","counts",null]', sequence: "6" }]);
    await world.deliver("counts", { rows: [] }, "2001-01-07");
    await world.shop.make("stock");
  });

  test("a query over an asset that emits changes runs once for each of its versions", async () => {
    await world.shop.make("named");
    expect(skus(await world.shop.rows("named"))).toEqual(["a", "b", "c"]);
    expect(await world.batches("named")).toHaveLength(5);
  });

  test("a query over two assets that emit changes or snapshots is refused", async () => {
    expect(await world.shop.run("twoFeeds")).toMatchObject({
      kind: "failed",
      failure: {
        code: "MERGE_POLICY_INVALID",
        class: "permanent",
        message: expect.stringMatching(/"movements" \(changes\) and "shelf" \(snapshot\)/),
      },
    });
  });
});
