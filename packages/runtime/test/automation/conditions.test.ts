import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtConditions } from "../../src/automation/evaluate/look.ts";
import { listInProgress } from "../../src/automation/records/in-progress.ts";
import { openShop, type AutomatedShop } from "./automated-shop.ts";

/* One shop; the tests build on each other, in this order. */
let shop: AutomatedShop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

const sales = parseAssetKey("sales");
const revenue = parseAssetKey("revenue");

async function run(select: string, partitions?: string): Promise<void> {
  const request = { select, force: true, requestedBy: "test", ...(partitions === undefined ? {} : { partitions }) };
  const { run: started } = await shop.project.submitRun(request);
  for await (const _ of shop.project.followRun(started.id));
}

async function readTotal(): Promise<unknown> {
  return (await shop.project.readRows(revenue, { limit: 1 }))[0]?.["total"];
}

test("what is missing is made as soon as what it needs is there, link by link", async () => {
  await shop.settle();
  expect(await shop.runs()).toEqual([]);
  await shop.deliver("orders-2024-01-01.json", [{ id: 1, amount: 10, at: "2024-01-01T08:00:00Z" }]);
  await run("orders corrections");
  await shop.settle();
  expect(await shop.runs()).toEqual(["sales@2024-01-01..2024-01-03", "revenue"]);
  expect(await readTotal()).toBe(10);
});

test("without a change, another look requests nothing and leaves the ledger as it is", async () => {
  const before = await shop.ledger.pool.query("select name, revision from watersmeet.automation order by name");
  await lookAtConditions(shop.deps);
  await lookAtConditions(shop.deps);
  const after = await shop.ledger.pool.query("select name, revision from watersmeet.automation order by name");
  expect(after.rows).toEqual(before.rows);
});

test("a late batch makes its partition stale, and an eager merge reconciles it by its policy", async () => {
  await shop.deliver("corrections-2024-01-01.json", [{ id: 1, amount: 12, at: "2024-01-05T08:00:00Z" }]);
  await run("corrections", "2024-01-01");
  await shop.settle();
  expect((await shop.runs()).slice(2)).toEqual(["sales@2024-01-01", "revenue"]);
  expect(await readTotal()).toBe(12);
});

test("an input that comes out the same starts nothing", async () => {
  const before = await shop.runs();
  await run("corrections");
  await shop.settle();
  expect(await shop.runs()).toEqual(before);
});

test("the history says what was requested, and why, step by step", async () => {
  const { items } = await shop.project.automation.history("sales", { limit: 10 });
  expect(items.map(({ outcome, message }) => [outcome, message])).toEqual([
    ["requested", "1 partition is requested"],
    ["requested", "3 partitions are requested"],
  ]);
  expect(items[0]?.requests).toMatchObject([{ select: "sales", partitions: "2024-01-01", failure: null }]);
  expect(items[0]?.requests[0]?.runId).toMatch(/^\d+$/);
  expect(JSON.stringify(items[0]?.explanation)).toContain("input changed: corrections");
});

test("an asset says step by step why nothing of it is requested", async () => {
  const { automation } = await shop.project.why(revenue, unpartitioned);
  expect(automation).toMatchObject({ says: "eager()", requestedCount: 0, pause: null });
  expect(automation?.step.parts[0]).toMatchObject({ says: "eager", count: 0, of: 1 });
  expect((await shop.project.why(parseAssetKey("orders"), null)).automation).toBeNull();
});

test("what is paused requests nothing, and says who paused it and why; resumed, it catches up", async () => {
  const { automation: desk } = shop.project;
  await desk.pause({ name: "sales", by: "cli:ana@host", reason: "month end" });
  await shop.deliver("corrections-2024-01-02.json", [{ id: 2, amount: 5, at: "2024-01-05T08:00:00Z" }]);
  await run("corrections", "2024-01-02");
  const before = await shop.runs();
  await shop.settle();
  expect(await shop.runs()).toEqual(before);
  expect(await desk.get("sales")).toMatchObject({ pause: { by: "cli:ana@host", reason: "month end" }, nextAt: null });
  expect((await shop.project.why(sales, null)).automation?.pause?.reason).toBe("month end");
  await desk.resume({ name: "sales", by: "cli:ana@host" });
  await shop.settle();
  expect((await shop.runs()).slice(before.length)).toEqual(["sales@2024-01-02", "revenue"]);
  expect(await readTotal()).toBe(17);
  await expect(desk.pause({ name: "nobody", by: "a", reason: "b" })).rejects.toMatchObject({
    code: "AUTOMATION_UNKNOWN",
  });
  await expect(desk.pause({ name: "sales", by: "a", reason: " " })).rejects.toMatchObject({ code: "USAGE_INVALID" });
});

test("at a tick an outside world without time is asked again, once, however long nothing ran", async () => {
  const own = async () => (await shop.runs()).filter((each) => each === "shopName").length;
  expect(await own()).toBe(0);
  shop.setClock("2024-01-10T13:00:05Z");
  await shop.settle();
  expect(await own()).toBe(1);
  await shop.settle();
  expect(await own()).toBe(1);
  shop.setClock("2024-01-13T09:30:00Z");
  await shop.settle();
  expect(await own()).toBe(2);
});

test("a head that moves in a transaction which began before an evaluation and ends after it is not overlooked", async () => {
  const { pool } = shop.ledger;
  const slow = await pool.connect();
  await slow.query("begin");
  // As a recorder does, with nothing else in the way.
  await slow.query(
    "update watersmeet.head set moved_at = now() where asset = 'corrections' and partition = '2024-01-03'",
  );
  await shop.settle();
  await slow.query("insert into watersmeet.event (kind, asset, body) values ('head:moved', 'corrections', '{}')");
  await slow.query("commit");
  slow.release();
  const { rows } = await pool.query("select seen::text from watersmeet.automation where name = 'sales'");
  const { listMovedHeads } = await import("../../src/automation/records/changes.ts");
  const environment = shop.project.config.environment;
  const assets = [parseAssetKey("corrections")];
  const moved = await listMovedHeads(shop.ledger.db, { environment, assets, seen: rows[0].seen });
  expect([...(moved.get(assets[0] ?? parseAssetKey("x")) ?? [])]).toEqual(["2024-01-03"]);
});

test("steps of a large run that have no rows yet are in progress too", async () => {
  const { pool, db } = shop.ledger;
  const environment = shop.project.config.environment;
  const { run } = await shop.project.submitRun({ select: "orders", force: true, requestedBy: "test" });
  for await (const _ of shop.project.followRun(run.id));
  // As such a run stands in the middle: one step has ended, one has its row, and one has none.
  await pool.query("alter table watersmeet.run disable trigger user; alter table watersmeet.step disable trigger user");
  await pool.query("update watersmeet.run set state = 'running' where id = $1", [run.id]);
  await pool.query("update watersmeet.run_asset set open_count = 2 where run_id = $1", [run.id]);
  await pool.query("update watersmeet.step set state = 'ready' where run_id = $1 and partition = '2024-01-02'", [
    run.id,
  ]);
  await pool.query("delete from watersmeet.step where run_id = $1 and partition = '2024-01-03'", [run.id]);
  const places = await listInProgress(db, { environment, assets: [parseAssetKey("orders")] });
  expect([...(places.get(parseAssetKey("orders")) ?? [])].sort()).toEqual(["2024-01-02", "2024-01-03"]);
});
