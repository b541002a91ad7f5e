import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareStrings, parseAssetKey } from "@watersmeet/core/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/test-database.ts";
import type { CutRecord } from "../../src/stores/port/merge-records.ts";
import { partition as partitionOf } from "../stores/stored-rows.ts";
import { copyShop, type TestProject } from "./shop-project.ts";
import { ShopRunner } from "./shop-runner.ts";

/** A feed that all days read, and merges of a day each. */
const code = `
import { readFile } from "node:fs/promises";
import { daily, listed, merge, source, type All, type Ctx, type In } from "@watersmeet/core";
import { z } from "zod";
import type * as here from "./tills.ts";

const Sale = z.object({ id: z.string(), day: z.iso.date(), region: z.string(), at: z.iso.datetime() });

export const tills = source({ schema: Sale, resource: "shop", emits: "changes", every: "1s" }, async (ctx: Ctx) => {
  const { rows, watermark } = JSON.parse(await readFile("data/tills.json", "utf8"));
  if (watermark !== undefined) ctx.watermark(watermark);
  return rows;
});

const days = daily("2001-01-01", "2001-01-04", { timeZone: "America/New_York" });

export const daySales = merge(
  { schema: Sale, partitions: days, partitionBy: "day", key: ["day", "id"], policy: "recencyFirst", eventTime: "at", wait: { complete: true } },
  (tills: In<typeof here.tills, All>) => ({ tills }),
);

export const hourSales = merge(
  { schema: Sale, partitions: days, partitionBy: "at", key: ["at", "id"], policy: "recencyFirst" },
  (tills: In<typeof here.tills, All>) => ({ tills }),
);

export const regionSales = merge(
  { schema: Sale, partitions: listed(["eu", "us"]), partitionBy: "region", key: ["region", "id"], policy: "recencyFirst" },
  (tills: In<typeof here.tills, All>) => ({ tills }),
);
`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe.each(["duckdb", "postgres"] as const)("partitions of merges in %s", (kind) => {
  let project: TestProject;
  let shop: ShopRunner;
  let runs = 0;

  beforeAll(async () => {
    project = await copyShop();
    await mkdir(join(project.root, "data"));
    await writeFile(join(project.root, "assets/tills.ts"), code);
    const store = kind === "duckdb" ? {} : { store: { kind, url: database.url, schema: "public" } };
    shop = await ShopRunner.open({ project, ...store });
    expect(shop.project.current().problems).toEqual([]);
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  async function deliver(delivered: { readonly rows: readonly object[]; readonly watermark?: string }): Promise<void> {
    await writeFile(join(project.root, "data/tills.json"), JSON.stringify(delivered));
    runs += 1;
    await shop.make("tills", { isForced: true, runId: `${kind}${runs}` });
  }

  async function cutOf(asset: string, partition: string): Promise<CutRecord | undefined> {
    const at = partitionOf(partition);
    const [cut] = await shop.store.merges.listCuts({ asset: parseAssetKey(asset), partition: at, limit: 1 });
    return cut;
  }

  async function ids(asset: string, partition: string): Promise<readonly unknown[]> {
    const rows = await shop.rows(asset, partition);
    return rows.map((row) => (row !== null && typeof row === "object" && "id" in row ? row.id : row)).toSorted(byText);
  }

  const sale = (id: string, day: string, region: string, at: string) => ({ id, day, region, at });

  test("a merge that wants all of a window is not made before its branches are past its end (M24 b)", async () => {
    await deliver({
      rows: [
        sale("a", "2001-01-01", "eu", "2001-01-01T05:00:00Z"),
        sale("b", "2001-01-01", "us", "2001-01-02T04:59:59Z"),
        sale("c", "2001-01-02", "eu", "2001-01-02T05:00:00Z"),
        sale("d", "2000-12-31", "mars", "2001-01-01T04:59:59Z"),
      ],
      watermark: "2001-01-02T04:59:59Z",
    });
    const refused = await shop.run("daySales", { partition: "2001-01-01" });
    expect(refused).toMatchObject({
      kind: "failed",
      failure: {
        code: "MERGE_LEGS_MISSING",
        class: "transient",
        message:
          "daySales @ 2001-01-01 waits for all of its window, which ends at 2001-01-02T05:00:00Z: tills is active at 2001-01-02T04:59:59Z",
        details: { windowEnd: "2001-01-02T05:00:00Z", legs: [{ branch: "tills", state: "active" }] },
      },
    });
    expect(await shop.store.listHeads("prod", parseAssetKey("daySales"))).toEqual([]);
    await deliver({ rows: [], watermark: "2001-01-02T05:00:00Z" });
    await shop.make("daySales", { partition: "2001-01-01" });
    expect(await cutOf("daySales", "2001-01-01")).toMatchObject({ cut: { isComplete: true } });
    expect(await ids("daySales", "2001-01-01")).toEqual(["a", "b"]);
  });

  test("each row is in the partition that its key names, by a date of the partitions' clock, an instant or a text (M17)", async () => {
    await shop.make("hourSales", { partition: "2001-01-01" });
    await shop.make("hourSales", { partition: "2001-01-02" });
    expect(await ids("hourSales", "2001-01-01")).toEqual(["a", "b"]);
    expect(await ids("hourSales", "2001-01-02")).toEqual(["c"]);
    await shop.make("regionSales", { partition: "eu" });
    await shop.make("regionSales", { partition: "us" });
    expect(await ids("regionSales", "eu")).toEqual(["a", "c"]);
    expect(await ids("regionSales", "us")).toEqual(["b"]);
    const batches = await shop.store.merges.listBatches({
      asset: parseAssetKey("regionSales"),
      partition: partitionOf("us"),
      limit: 5,
    });
    expect(batches.map(({ rowCount, outsideCount = 0 }) => [rowCount, outsideCount])).toEqual([
      [0, 0],
      [1, 3],
    ]);
  });

  test("what does not ask for all of a window says whether it has it", async () => {
    expect(await cutOf("hourSales", "2001-01-01")).toMatchObject({ cut: { isComplete: true } });
    expect(await cutOf("hourSales", "2001-01-02")).toMatchObject({ cut: { isComplete: false } });
    expect((await cutOf("regionSales", "eu"))?.cut.isComplete).toBe(undefined);
  });

  test("a source that is overdue is suspect: it is waited for and no longer taken for idle (M27)", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await shop.make("hourSales", { partition: "2001-01-03" });
    const cut = await cutOf("hourSales", "2001-01-03");
    expect(cut?.cut.legs).toMatchObject([{ branch: "tills", state: "suspect", cadence: { everyMs: 1_000 } }]);
  });
});

/** In the order of what they read as. */
function byText(a: unknown, b: unknown): number {
  return compareStrings(JSON.stringify(a), JSON.stringify(b));
}
