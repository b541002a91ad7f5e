import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtSchedules } from "../../src/automation/evaluate/look.ts";
import { openShop, type AutomatedShop } from "./automated-shop.ts";

/* One shop; the tests build on each other, in this order. Every night at 02:30 in Berlin, which is 01:30 UTC in winter. */
let shop: AutomatedShop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

async function look(now: string): Promise<void> {
  shop.setClock(now);
  await lookAtSchedules(shop.deps);
}

/** Newest last: what each tick was for, and what it says. */
async function ticks(): Promise<readonly (readonly [instant: string, message: string, requests: number])[]> {
  const { items } = await shop.project.automation.history("nightly", { limit: 100 });
  return items.map((tick) => [tick.instant.toISOString(), tick.message, tick.requests.length] as const).reverse();
}

test("a schedule begins when it is first seen: ticks of before are not its own", async () => {
  await look("2024-01-10T12:00:00Z");
  await look("2024-01-11T01:29:59Z");
  expect(await ticks()).toEqual([]);
  expect(await shop.project.automation.get("nightly")).toMatchObject({
    kind: "schedule",
    says: "30 2 * * * (Europe/Berlin)",
    doc: "Every night at half past two.",
    evaluatedAt: new Date("2024-01-10T12:00:00Z"),
  });
});

test("a tick makes one run, which asks for everything that is missing or stale", async () => {
  await look("2024-01-11T01:30:00Z");
  await look("2024-01-11T01:30:01Z");
  expect(await ticks()).toEqual([["2024-01-11T01:30:00.000Z", "tick of 2024-01-11T01:30:00.000Z", 1]]);
  const { items } = await shop.project.ledger.listRuns({}, { limit: 10 });
  expect(items).toMatchObject([{ select: "orders corrections", requestedBy: "automation:nightly", stepCount: 6 }]);
});

test("two evaluators at once, each of its own mind that it leads, make one run of a tick", async () => {
  shop.setClock("2024-01-12T01:30:00Z");
  await Promise.all(Array.from({ length: 5 }, () => lookAtSchedules(shop.deps)));
  expect((await ticks()).slice(1)).toEqual([["2024-01-12T01:30:00.000Z", "tick of 2024-01-12T01:30:00.000Z", 1]]);
  expect(await shop.runs()).toHaveLength(2);
});

test("a clock that is set back gives no tick a second time, and one that jumps ahead gives one", async () => {
  for (const now of ["2024-01-12T01:29:00Z", "2024-01-12T01:30:00Z", "2024-01-12T01:31:00Z"]) await look(now);
  expect(await ticks()).toHaveLength(2);
  await look("2024-01-13T02:00:00Z");
  await look("2024-01-13T01:00:00Z");
  await look("2024-01-13T01:35:00Z");
  expect((await ticks()).slice(2)).toEqual([["2024-01-13T01:30:00.000Z", "tick of 2024-01-13T01:30:00.000Z", 1]]);
});

test("after days in which nothing ran, the last tick is run, and it says how many were missed", async () => {
  await look("2024-01-17T12:00:00Z");
  expect((await ticks()).slice(3)).toEqual([
    ["2024-01-17T01:30:00.000Z", "tick of 2024-01-17T01:30:00.000Z; 3 missed ticks before it: ran the last only", 1],
  ]);
  expect(await shop.runs()).toHaveLength(4);
});

test("a tick at a time that clocks skip runs once, at the moment of the change; at a repeated one, once too", async () => {
  await look("2024-03-30T12:00:00Z");
  const before = (await ticks()).length;
  for (const minute of ["00:59", "01:00", "01:30", "02:00"]) await look(`2024-03-31T${minute}:00Z`);
  expect((await ticks()).slice(before).map(([instant]) => instant)).toEqual(["2024-03-31T01:00:00.000Z"]);
  await look("2024-10-26T12:00:00Z");
  const later = (await ticks()).length;
  for (const minute of ["00:29", "00:30", "01:00", "01:30", "02:00"]) await look(`2024-10-27T${minute}:00Z`);
  expect((await ticks()).slice(later).map(([instant]) => instant)).toEqual(["2024-10-27T00:30:00.000Z"]);
});

test("while the sources have problems nothing is run, and afterwards the last tick that was missed", async () => {
  const before = (await ticks()).length;
  const broken = {
    ...shop.deps.project(),
    problems: [{ code: "MODULE_LOAD_FAILED", message: "a module is broken" }],
  } as const;
  for (const day of ["28", "29", "30"]) {
    shop.setClock(`2024-10-${day}T12:00:00Z`);
    await lookAtSchedules({ ...shop.deps, project: () => broken });
  }
  expect(await ticks()).toHaveLength(before);
  await look("2024-10-30T13:00:00Z");
  expect((await ticks()).slice(before)).toEqual([
    ["2024-10-30T01:30:00.000Z", "tick of 2024-10-30T01:30:00.000Z; 2 missed ticks before it: ran the last only", 1],
  ]);
});

test("ticks of a pause are not made up for", async () => {
  const { automation: desk } = shop.project;
  const before = (await ticks()).length;
  await desk.pause({ name: "nightly", by: "cli:ana@host", reason: "the shop moves" });
  await look("2024-11-02T12:00:00Z");
  expect(await ticks()).toHaveLength(before);
  // The desk's own clock is that of today, long after.
  await desk.resume({ name: "nightly", by: "cli:ana@host" });
  await look("2024-11-03T12:00:00Z");
  expect(await ticks()).toHaveLength(before);
});
