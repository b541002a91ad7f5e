import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunId } from "../../../src/ledger/records.ts";
import { tendBudgets } from "../../../src/queue/budget/tend-budgets.ts";
import { createShapeCache } from "../../../src/queue/shape/shape-cache.ts";
import { readWaiting } from "../../../src/queue/waiting/read-waiting.ts";
import { describeWaiting } from "../../../src/queue/waiting/waiting-for.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import type { AssetSketch } from "../test-plans.ts";
import { countStates, startTestWorker, submit, waitForEnd, waitUntil } from "../test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

/** Steps that have ended well, or run, of one asset. */
async function countBegun(id: RunId, asset: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from watersmeet.step
    where run_id = ${id} and asset = ${asset} and state in ('running', 'succeeded')`.execute(ledger.db);
  return rows[0]?.count ?? -1;
}

async function listTurns(id: RunId): Promise<readonly string[]> {
  const { rows } = await sql<{ turn: string }>`
    select kind || case when body ->> 'isForced' = 'true' then ' by force' else '' end as turn
    from watersmeet.event where run_id = ${id} and kind like 'budget:%' order by sequence`.execute(ledger.db);
  return rows.map((row) => row.turn);
}

async function countLeft(id: RunId): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from watersmeet.staged_output where run_id = ${id}`.execute(ledger.db);
  return rows[0]?.count ?? -1;
}

/** Each step of the test executor makes 10 bytes. */
const chain: readonly AssetSketch[] = [
  { key: "made", partitions: 24, stagedBytes: 50 },
  { key: "read", partitions: 24, inputs: ["made"], resource: "reader" },
];
const oneReader = { resources: { reader: { concurrency: 1, breaker: null } }, concurrency: 16 };

test("no more of an asset is begun while its budget waits to be read, waiting steps say so, and it goes on at half", async () => {
  const gate = Promise.withResolvers<undefined>();
  const id = await submit(ledger.db, chain);
  await using _worker = await startTestWorker(
    ledger.connections,
    ({ asset }) => (asset === "read" ? gate.promise : undefined),
    oneReader,
  );
  await waitUntil(async () => (await listTurns(id)).length > 0);
  const [waiting] = await readWaiting(ledger.db, [{ runId: id, ordinal: 23 }]);
  expect(waiting).toMatchObject({ kind: "budget", asset: "made", budgetBytes: 50, resumeBytes: 25 });
  if (waiting?.kind === "budget") expect(waiting.stagedBytes).toBeGreaterThanOrEqual(50);
  expect(waiting && describeWaiting(waiting)).toMatch(
    /^waits until what was made of made is read: \d+ B of it wait .* of the 50 B that may; it goes on at 25 B$/,
  );
  // Eight begin while nobody knows how much they make.
  expect(await countBegun(id, "made")).toBeLessThanOrEqual(8);
  gate.resolve(undefined);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const turns = await listTurns(id);
  expect(turns.length).toBeGreaterThanOrEqual(2);
  expect(turns.every((turn, index) => turn === (index % 2 === 0 ? "budget:reached" : "budget:opened"))).toBe(true);
  expect(await countLeft(id)).toBe(0);
});

test("a step that needs two assets whose budgets are both full is not waited for in a circle", async () => {
  // The one asset comes to its first half late, and the other to its second: what they make at first does not meet.
  const id = await submit(ledger.db, [
    { key: "left", partitions: 20, stagedBytes: 30 },
    { key: "right", partitions: 20, stagedBytes: 30 },
    { key: "joined", partitions: 20, inputs: ["left", "right"] },
  ]);
  await sql`
    update watersmeet.step set not_before = now() + interval '1 hour'
    where run_id = ${id} and ((asset = 'left' and partition < 'p0010') or (asset = 'right' and partition >= 'p0010'))`.execute(
    ledger.db,
  );
  await using _worker = await startTestWorker(ledger.connections);
  await waitUntil(async () => (await listTurns(id)).filter((turn) => turn === "budget:reached").length >= 2);
  await waitUntil(async () => ((await countStates(ledger.db, id))["running"] ?? 0) === 0);
  await sql`update watersmeet.step set not_before = null where run_id = ${id} and state = 'ready'`.execute(ledger.db);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await listTurns(id)).toContain("budget:opened by force");
  expect(await countLeft(id)).toBe(0);
});

test("who reads all partitions at once does not hold back those that it waits for", async () => {
  const id = await submit(ledger.db, [
    { key: "part", partitions: 30, stagedBytes: 20 },
    { key: "whole", inputs: [{ from: "part", mapping: { kind: "all" } }] },
  ]);
  await using _worker = await startTestWorker(ledger.connections);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await listTurns(id)).toEqual([]);
});

test("in a run whose steps get their rows by and by, readers go before the window, and what is read is given free", async () => {
  const id = await submit(ledger.db, chain, { windowSize: 10 });
  await using _worker = await startTestWorker(ledger.connections, () => undefined, oneReader);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const turns = await listTurns(id);
  expect(turns).toContain("budget:reached");
  expect(turns).not.toContain("budget:opened by force");
  expect(await countLeft(id)).toBe(0);
});

test("a sweep lets a lane through in a run that stands still, and forgets budgets of runs that have ended", async () => {
  const id = await submit(ledger.db, [
    { key: "still", partitions: 4, stagedBytes: 20 },
    { key: "reader", partitions: 4, inputs: ["still"] },
  ]);
  await sql`
    insert into watersmeet.lane_budget (run_id, lane, staged_bytes, allowed_bytes, is_paused)
    select run_id, lane, 30, 20, true from watersmeet.run_asset where run_id = ${id} and asset = 'still'`.execute(
    ledger.db,
  );
  const shapeOf = createShapeCache();
  expect(await tendBudgets(ledger.db, shapeOf)).toBe(4);
  expect(await tendBudgets(ledger.db, shapeOf)).toBe(0);
  await using _worker = await startTestWorker(ledger.connections);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  await tendBudgets(ledger.db, shapeOf);
  const { rows } = await sql`select from watersmeet.lane_budget where run_id = ${id}`.execute(ledger.db);
  expect(rows).toEqual([]);
});
