import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtSensors } from "../../src/automation/evaluate/look.ts";
import { openShop, type AutomatedShop } from "./automated-shop.ts";

/* One shop; the tests build on each other, in this order. */
let shop: AutomatedShop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

let seconds = 0;

/** Calls the sensor when its time has come. */
async function call(): Promise<void> {
  seconds += 10;
  shop.setClock(new Date(Date.parse("2024-01-10T12:00:00Z") + seconds * 1000).toISOString());
  await lookAtSensors(shop.deps, new AbortController().signal);
}

async function history() {
  const { items } = await shop.project.automation.history("inbox", { limit: 100 });
  return items.map(({ outcome, message, requests }) => ({ outcome, message, requests: requests.length })).reverse();
}

async function readCursor(): Promise<unknown> {
  const { rows } = await shop.ledger.pool.query("select state from watersmeet.automation where name = 'inbox'");
  return rows[0]?.state.cursor?.value;
}

test("a sensor says what has come, and its cursor goes on with the runs that it asked for", async () => {
  await call();
  expect(await history()).toEqual([]);
  await shop.deliver("orders-2024-01-01.json");
  await shop.deliver("orders-2024-01-02.json");
  await call();
  expect(await history()).toEqual([{ outcome: "requested", message: "2 runs asked for", requests: 2 }]);
  expect(await readCursor()).toBe("orders-2024-01-02.json");
  expect(await shop.runs()).toEqual(["orders@2024-01-01", "orders@2024-01-02"]);
  await call();
  expect(await shop.runs()).toHaveLength(2);
});

test("it is not called before its time", async () => {
  await shop.deliver("orders-2024-01-03.json");
  await lookAtSensors(shop.deps, new AbortController().signal);
  expect(await shop.runs()).toHaveLength(2);
});

test("what a sensor delivers twice is run once, and the history says what was deduplicated", async () => {
  await shop.deliver("repeat");
  await call();
  expect(await shop.runs()).toEqual(["orders@2024-01-01", "orders@2024-01-02", "orders@2024-01-03"]);
  const [, mixed] = await history();
  expect(mixed).toMatchObject({ outcome: "requested", requests: 1 });
  expect(mixed?.message).toMatch(
    /^3 runs asked for; deduplicated: "orders-2024-01-01\.json" \(requested 2024-01-10T.*Z, run \d+\), "orders-2024-01-02/,
  );
  await call();
  expect((await history()).at(-1)).toMatchObject({ outcome: "deduplicated", requests: 0 });
  expect(await shop.runs()).toHaveLength(3);
  await shop.take("repeat");
});

test("a call that fails leaves the cursor as it was, is told once, and is over when one succeeds", async () => {
  const before = await readCursor();
  await shop.deliver("broken", "");
  await call();
  await call();
  expect((await history()).slice(3)).toEqual([{ outcome: "failed", message: "the inbox is broken", requests: 0 }]);
  expect(await readCursor()).toBe(before);
  expect(await shop.project.automation.get("inbox")).toMatchObject({
    failure: { code: "USER_CODE_THREW", message: "the inbox is broken" },
  });
  await shop.take("broken");
  await call();
  expect((await shop.project.automation.get("inbox")).failure).toBeNull();
});

test("two evaluators that call a sensor at once record one of the calls", async () => {
  await shop.take("orders-2024-01-03.json");
  await shop.deliver("orders-2024-01-03.jsonl");
  seconds += 10;
  shop.setClock(new Date(Date.parse("2024-01-10T12:00:00Z") + seconds * 1000).toISOString());
  const { signal } = new AbortController();
  const before = await history();
  await Promise.all([lookAtSensors(shop.deps, signal), lookAtSensors(shop.deps, signal)]);
  expect((await history()).slice(before.length)).toEqual([
    { outcome: "requested", message: "1 run asked for", requests: 1 },
  ]);
});
