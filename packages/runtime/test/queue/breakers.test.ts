import { setTimeout as sleep } from "node:timers/promises";
import type { FailureCause } from "@watersmeet/core/errors";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultBreakerSettings, defaultRetryBudget } from "../../src/config/failure-terms.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { controlBreaker, type BreakerOrder } from "../../src/queue/breaker/control-breaker.ts";
import { listBreakers, type BreakerRecord } from "../../src/queue/breaker/list-breakers.ts";
import type { StepOutcome } from "../../src/step/step.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { failed } from "../worker/test-executor.ts";
import { executionOf, type AssetSketch } from "../worker/test-plans.ts";
import { countStates, listStepRows, startTestWorker, submit, waitForEnd, waitUntil } from "../worker/test-runs.ts";

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await createTestLedger();
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
});

const quick = { ...defaultBreakerSettings, openMs: 300, maxOpenMs: 300 };

function outage(cause: FailureCause = "unreachable", retryAfterMs: number | null = null): StepOutcome {
  return failed({ class: "transient", isOfUserCode: true, cause, retryAfterMs, message: `connect: ${cause}` });
}

async function getBreaker(resource: string): Promise<BreakerRecord> {
  const found = (await listBreakers(ledger.db)).find((each) => each.resource === resource);
  if (found === undefined) throw new Error(`no breaker ${resource}`);
  return found;
}

async function listBreakerEvents(resource: string): Promise<readonly string[]> {
  const { rows } = await sql<{ kind: string }>`
    select kind from watersmeet.event where kind like 'breaker:%' and body->>'resource' = ${resource} order by sequence`.execute(
    ledger.db,
  );
  return rows.map((row) => row.kind);
}

/** With so many attempts for every step. */
function submitWith(maxAttempts: number, sketches: readonly AssetSketch[]): Promise<RunId> {
  return submit(ledger.db, sketches, { executionOf: executionOf(sketches, maxAttempts) });
}

function order(resource: string, kind: BreakerOrder["kind"], forMs: number | null = null): Promise<void> {
  return controlBreaker(ledger.db, { resource, kind, forMs, reason: "maintenance", by: "cli:ana@host" });
}

test("a thousand steps at a resource that goes away open its breaker once, lose no attempt while it is open, and go on by themselves", async () => {
  let isDown = true;
  let calls = 0;
  const resources = { away: { concurrency: 16, breaker: quick } };
  const behave = () => {
    calls += 1;
    return isDown ? outage() : undefined;
  };
  const id = await submitWith(3, [
    { key: "a", partitions: 1_000, resource: "away" },
    { key: "b", partitions: 5 },
  ]);
  await using _worker = await startTestWorker(
    ledger.connections,
    (step) => (step.asset === "a" ? behave() : undefined),
    { resources, concurrency: 16 },
  );
  await waitUntil(async () => (await getBreaker("away")).phase !== "closed");
  const whenOpen = await getBreaker("away");
  expect(whenOpen).toMatchObject({
    reason: expect.stringContaining("did not get through"),
    waiting: expect.any(Number),
  });
  expect(whenOpen.waiting).toBeGreaterThan(900);
  const failuresAtOpening = (await listStepRows(ledger.db, id)).reduce((sum, row) => sum + row.failures, 0);
  const callsAtOpening = calls;
  // Others are not held up.
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 5);
  await waitUntil(async () => (await getBreaker("away")).failedProbes >= 2);
  const callsWhileOpen = calls - callsAtOpening;
  // Those that were under way, and the probes, of which one may be.
  expect(callsWhileOpen).toBeLessThanOrEqual(16 + (await getBreaker("away")).failedProbes + 1);
  const rows = await listStepRows(ledger.db, id);
  expect(rows.reduce((sum, row) => sum + row.failures, 0)).toBe(failuresAtOpening);
  expect(rows.some((row) => row.failure?.code === "BREAKER_OPEN")).toBe(true);
  isDown = false;
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect((await getBreaker("away")).phase).toBe("closed");
  const events = await listBreakerEvents("away");
  expect(events.filter((kind) => kind === "breaker:opened")).toHaveLength(1);
  expect(events.at(-1)).toBe("breaker:closed");
  const { rows: leases } = await sql`select from watersmeet.resource_lease`.execute(ledger.db);
  expect(leases).toHaveLength(0);
});

test("half-open, one step finds out for all, and the others follow only when it came through", async () => {
  const resources = { slowly: { concurrency: 8, breaker: { ...quick, openMs: 100, maxOpenMs: 100 } } };
  await using _worker = await startTestWorker(ledger.connections, undefined, { resources, stores: () => new Set() });
  await order("slowly", "open", 50_000);
  let running = 0;
  let most = 0;
  const seen: number[] = [];
  const mayEnd = Promise.withResolvers<void>();
  const id = await submitWith(1, [{ key: "a", partitions: 8, resource: "slowly" }]);
  await sql`update watersmeet.breaker set state = 'open', opened_at = now(), retry_at = now() where resource = 'slowly'`.execute(
    ledger.db,
  );
  await using _other = await startTestWorker(
    ledger.connections,
    async () => {
      running += 1;
      most = Math.max(most, running);
      seen.push(running);
      if (seen.length === 1) await mayEnd.promise;
      // The last ones wait for each other.
      if (seen.length > 3) await waitUntil(() => most > 2);
      running -= 1;
      return undefined;
    },
    { resources, concurrency: 8 },
  );
  await waitUntil(() => seen.length > 0);
  await sleep(300);
  // One alone, then at most two more until it closes.
  expect(seen).toEqual([1]);
  mayEnd.resolve();
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(Math.max(...seen.slice(0, 3))).toBeLessThanOrEqual(2);
});

test("a resource that asks to be left alone is, by all, and the step is none the worse", async () => {
  const resources = { busy: { concurrency: 1, breaker: quick } };
  const calledAt: number[] = [];
  const id = await submit(ledger.db, [{ key: "a", partitions: 6, resource: "busy" }]);
  await using _worker = await startTestWorker(
    ledger.connections,
    () => {
      calledAt.push(performance.now());
      return calledAt.length === 1 ? outage("throttled", 700) : undefined;
    },
    { resources, concurrency: 1 },
  );
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const [first = 0, second = 0] = calledAt;
  expect(second - first).toBeGreaterThan(690);
  expect((await listStepRows(ledger.db, id)).every((row) => row.failures === 0)).toBe(true);
});

test("a resource that answers four times as slowly as usual is left alone as well", async () => {
  const resources = { sluggish: { concurrency: 4, breaker: quick } };
  await sql`
    insert into watersmeet.asset_pace (asset, weight, mean_ms, mean_rows, rows_rows, rows_ms) values ('crawls', 10, 2, 3, 0, 0)`.execute(
    ledger.db,
  );
  let pauseMs = 20;
  const id = await submitWith(3, [{ key: "crawls", partitions: 60, resource: "sluggish" }]);
  await using _worker = await startTestWorker(
    ledger.connections,
    async () => {
      await sleep(pauseMs);
      return undefined;
    },
    { resources },
  );
  await waitUntil(async () => (await getBreaker("sluggish")).phase !== "closed");
  expect((await getBreaker("sluggish")).reason).toMatch(/\d+ of \d+ calls took four times as long as usual/);
  pauseMs = 0;
  // However slow the machine is.
  await sql`update watersmeet.asset_pace set mean_ms = 60000 where asset = 'crawls'`.execute(ledger.db);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("held open by hand no step uses the resource until the time has passed; an order is written down with who and why", async () => {
  const resources = { forced: { concurrency: 4, breaker: quick } };
  let calls = 0;
  await using _worker = await startTestWorker(ledger.connections, () => void (calls += 1), { resources });
  await order("forced", "open", 3_600_000);
  const id = await submitWith(2, [{ key: "a", partitions: 3, resource: "forced" }]);
  expect(await getBreaker("forced")).toMatchObject({
    phase: "forcedOpen",
    reason: "maintenance",
    changedBy: "cli:ana@host",
  });
  await sleep(300);
  expect(calls).toBe(0);
  await sql`update watersmeet.breaker set retry_at = now() where resource = 'forced'`.execute(ledger.db);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect((await getBreaker("forced")).phase).toBe("closed");
  const { rows } = await sql`
    select body from watersmeet.event where kind = 'breaker:forcedOpen' and body->>'resource' = 'forced'`.execute(
    ledger.db,
  );
  expect(rows).toEqual([{ body: { resource: "forced", by: "cli:ana@host", reason: "maintenance", forMs: 3_600_000 } }]);
});

test("closed by hand, steps go on at once; disabled, nothing opens it; reset forgets what was counted", async () => {
  const resources = { hands: { concurrency: 4, breaker: quick, retryBudget: null } };
  let isDown = false;
  await using _worker = await startTestWorker(ledger.connections, () => (isDown ? outage() : undefined), { resources });
  await order("hands", "open");
  const id = await submit(ledger.db, [{ key: "a", partitions: 3, resource: "hands" }]);
  await order("hands", "close");
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  isDown = true;
  await order("hands", "disable");
  const second = await submit(ledger.db, [{ key: "c", partitions: 12, resource: "hands" }]);
  expect(await waitForEnd(ledger.db, second)).toBe("failed");
  expect((await getBreaker("hands")).phase).toBe("disabled");
  await order("hands", "reset");
  expect(await getBreaker("hands")).toMatchObject({
    phase: "closed",
    calls: { ok: 0, failed: 0 },
    retries: { attempts: 0, retries: 0 },
  });
});

test("what began before a breaker closed, and fails afterwards, tells of the trouble before", async () => {
  const resources = { late: { concurrency: 4, breaker: { ...quick, unreachableInARow: 1 }, retryBudget: null } };
  const released = Promise.withResolvers<void>();
  let calls = 0;
  const id = await submitWith(2, [{ key: "a", partitions: 2, resource: "late" }]);
  await using _worker = await startTestWorker(
    ledger.connections,
    async () => {
      calls += 1;
      if (calls > 2) return undefined;
      await released.promise;
      return outage();
    },
    { resources },
  );
  await waitUntil(() => calls === 2);
  await order("late", "open");
  await order("late", "close");
  released.resolve();
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await listBreakerEvents("late")).toEqual(["breaker:forcedOpen", "breaker:closed"]);
  expect((await getBreaker("late")).calls).toMatchObject({ failed: 0, ok: 2 });
});

test("an order needs a reason and a resource that is known", async () => {
  const given = { kind: "open", forMs: null, by: "http" } as const;
  await expect(controlBreaker(ledger.db, { ...given, resource: "nowhere", reason: "x" })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  await expect(controlBreaker(ledger.db, { ...given, resource: "away", reason: " " })).rejects.toMatchObject({
    code: "USAGE_INVALID",
  });
});

test("beyond the retry budget of its resource a failure is not tried again, and says so", async () => {
  const retryBudget = { ...defaultRetryBudget, least: 3 };
  const resources = { poor: { concurrency: 4, breaker: null, retryBudget } };
  const id = await submitWith(3, [{ key: "a", partitions: 40, resource: "poor" }]);
  await using _worker = await startTestWorker(ledger.connections, () => outage("unavailable"), { resources });
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  const rows = await listStepRows(ledger.db, id);
  const attempts = rows.reduce((sum, row) => sum + row.attempt, 0);
  expect(attempts - rows.length).toBeLessThanOrEqual(Math.max(3, 0.2 * attempts));
  expect(attempts - rows.length).toBeGreaterThanOrEqual(3);
  const spent = rows.filter((row) => row.failure?.code === "RETRY_BUDGET_SPENT");
  expect(spent.length).toBeGreaterThan(25);
  expect(spent[0]?.failure?.message).toMatch(
    /poor has had \d+ retries among its last \d+ attempts.*connect: unavailable/,
  );
});

test("steps without resources write nothing of breakers", async () => {
  const { rows: before } = await sql`select from watersmeet.breaker_bucket`.execute(ledger.db);
  const id = await submitWith(2, [{ key: "a", partitions: 20 }]);
  await using _worker = await startTestWorker(ledger.connections, () => outage());
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  const { rows: after } = await sql`select from watersmeet.breaker_bucket`.execute(ledger.db);
  expect(after).toHaveLength(before.length);
});
