import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtSchedules } from "../../src/automation/evaluate/look.ts";
import { openShop, type AutomatedShop } from "./automated-shop.ts";

/* Evaluators that die, and several at once. The tests build on each other, in this order. */
let shop: AutomatedShop;
beforeAll(async () => {
  shop = await openShop();
  shop.setClock("2024-01-10T12:00:00Z");
  await lookAtSchedules(shop.deps);
});
afterAll(() => shop[Symbol.asyncDispose]());

/** Runs an evaluator to its end, and gives the signal that ended it. */
async function evaluate(clock: string, phase = "none"): Promise<string | null> {
  const main = fileURLToPath(new URL("./evaluator-main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, shop.root, clock, phase], {
    env: shop.env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [, signal] = await once(child, "exit");
  return signal;
}

/** Of the schedule. */
async function countRequests(): Promise<{ readonly all: number; readonly open: number }> {
  const { rows } = await shop.ledger.pool.query(
    "select count(*)::integer as all, count(*) filter (where run_id is null)::integer as open from watersmeet.automation_request where name = 'nightly'",
  );
  return rows[0];
}

/** What was run by itself because of what has come; the name of the shop is asked for by the hour. */
async function countNightly(): Promise<number> {
  return (await shop.runs()).filter((each) => each === "orders corrections").length;
}

test(
  "a process that is killed between a tick and its run leaves a request, and the next one makes exactly one run of it",
  { timeout: 180_000 },
  async () => {
    expect(await evaluate("2024-01-11T01:30:00Z", "recorded")).toBe("SIGKILL");
    expect(await countRequests()).toEqual({ all: 1, open: 1 });
    expect(await shop.runs()).toEqual([]);
    expect(await Promise.all([evaluate("2024-01-11T01:31:00Z"), evaluate("2024-01-11T01:31:00Z")])).toEqual([
      null,
      null,
    ]);
    expect(await countNightly()).toBe(1);
    expect(await countRequests()).toEqual({ all: 1, open: 0 });
  },
);

test("a process that is killed after the run was made, before it is known, gives no second run", async () => {
  await shop.ledger.pool.query("update watersmeet.automation_request set run_id = null where name = 'nightly'");
  shop.setClock("2024-01-11T01:32:00Z");
  await lookAtSchedules(shop.deps);
  expect(await countNightly()).toBe(1);
  expect(await countRequests()).toEqual({ all: 1, open: 0 });
});

test("a condition's request survives its evaluator too", async () => {
  shop.setClock("2024-01-11T01:33:00Z");
  await shop.settle();
  const before = await shop.runs();
  expect(before).toEqual(["orders corrections", "sales@2024-01-01..2024-01-03", "revenue"]);
  await shop.deliver("orders-2024-01-02.json", [{ id: 7, amount: 70, at: "2024-01-02T08:00:00Z" }]);
  const { run } = await shop.project.submitRun({
    select: "orders",
    partitions: "2024-01-02",
    force: true,
    requestedBy: "test",
  });
  for await (const _ of shop.project.followRun(run.id));
  expect(await evaluate("2024-01-11T01:34:00Z", "recorded")).toBe("SIGKILL");
  expect(await shop.runs()).toEqual(before);
  shop.setClock("2024-01-11T01:35:00Z");
  await shop.settle();
  expect(await shop.runs()).toEqual([...before, "sales@2024-01-02", "revenue"]);
});

test("what can never be run is closed with the reason, and holds up nothing", async () => {
  await shop.ledger.pool.query(`
    insert into watersmeet.automation_request (tick_id, environment, name, request)
    select id, environment, name, '{"select": "gone", "partitions": null, "force": false, "refresh": false, "at": null}'
    from watersmeet.automation_tick where name = 'nightly' limit 1`);
  shop.setClock("2024-01-11T01:36:00Z");
  await lookAtSchedules(shop.deps);
  const { items } = await shop.project.automation.history("nightly", { limit: 10 });
  expect(items[0]?.requests[1]).toMatchObject({ runId: null, failure: { code: "ASSET_UNKNOWN" } });
});

test("processes that evaluate in the background share the work: one leads, and another takes over when it ends", async () => {
  await using first = await shop.project.startAutomation();
  await using _same = await shop.project.startAutomation();
  await expect.poll(() => isLed()).toBe(true);
  await first[Symbol.asyncDispose]();
  await expect.poll(() => isLed()).toBe(false);
});

async function isLed(): Promise<boolean> {
  const { rows } = await shop.ledger.pool.query(
    "select exists (select from pg_stat_activity join pg_locks using (pid) where application_name = 'watersmeet-automation' and locktype = 'advisory' and granted and datname = current_database()) as led",
  );
  return rows[0].led;
}
