import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listEvents } from "../../../src/ledger/events.ts";
import { openLedger, type LedgerConnections } from "../../../src/ledger/open-ledger.ts";
import { cancelRun, pauseRun, resumeRun, retryRun } from "../../../src/queue/control-run.ts";
import { listDueRuns, passDeadlines } from "../../../src/queue/merge-wait/pass-deadlines.ts";
import { createShapeCache } from "../../../src/queue/shape/shape-cache.ts";
import type { ClaimedStep } from "../../../src/step/step.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { countStates, startTestWorker, submit, waitForEnd, waitUntil } from "../test-runs.ts";
import { anHour, behaveBy, branches, confluence, findStep, letPass, runOnce, type Deeds } from "./confluence.ts";

let ledger: TestLedger;
let other: LedgerConnections;
beforeAll(async () => {
  ledger = await createTestLedger();
  other = await openLedger(ledger.url);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

test("at its deadline a merge goes on with the last good version of what still runs; what comes later makes it stale", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds, seen));
  await runOnce(ledger, confluence("Deadline", {}));
  [deeds.a, deeds.b, deeds.c] = ["succeedLast", "hang", "hang"];
  const startedMs = performance.now();
  const id = await submit(ledger.db, confluence("Deadline", { deadlineMs: 300 }));
  await waitUntil(async () => (await findStep(ledger, id, "readerDeadline"))?.state === "succeeded");
  expect(performance.now() - startedMs).toBeGreaterThan(300);
  const decision = { kind: "deadline", missing: ["bDeadline", "cDeadline"], allowed: 300 };
  expect(seen.findLast((step) => step.asset === "mergeDeadline")?.decision).toEqual(decision);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 3, running: 2 });
  [deeds.b, deeds.c] = ["succeed", "succeed"];
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const { rows } = await sql<{ isStale: boolean }>`
    select merged.input_fingerprints ->> '2' <> branch.data_digest as "isStale"
    from watersmeet.head as merge_head join watersmeet.materialization as merged on merged.id = merge_head.materialization_id,
      watersmeet.head as branch_head join watersmeet.materialization as branch on branch.id = branch_head.materialization_id
    where merge_head.asset = 'mergeDeadline' and branch_head.asset = 'cDeadline'`.execute(ledger.db);
  expect(rows).toEqual([{ isStale: true }]);
});

test("at its deadline a merge that cannot go on says which branch it lacks and what that does", async () => {
  const deeds: Deeds = { a: "succeedLast", b: "hang", c: "hang" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const id = await submit(ledger.db, confluence("Late", { deadlineMs: 200 }));
  await waitUntil(async () => (await findStep(ledger, id, "readerLate"))?.state === "upstreamFailed");
  const { failure } = (await findStep(ledger, id, "mergeLate")) ?? {};
  expect(failure).toMatchObject({
    code: "MERGE_LEGS_MISSING",
    message: expect.stringContaining("cannot go on after 200 ms"),
  });
  expect(failure?.message).toMatch(/cLate runs, attempt 1, since \d{4}-/u);
  [deeds.b, deeds.c] = ["succeed", "succeed"];
  expect(await waitForEnd(ledger.db, id)).toBe("failed");

  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect((await findStep(ledger, id, "mergeLate"))?.decision).toBeNull();
});

test("a retry gives a merge its time again, from when its first branch is there", async () => {
  const deeds: Deeds = { a: "fail", b: "succeed", c: "succeed" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const id = await submit(ledger.db, confluence("Again", { deadlineMs: anHour, required: ["a"] }));
  await waitForEnd(ledger.db, id);
  deeds.a = "hang";
  await sql`update watersmeet.step set deadline_at = now() - interval '1 hour' where run_id = ${id}`.execute(ledger.db);
  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  const { rows } = await sql<{ state: string; leftMs: number }>`
    select state, extract(epoch from deadline_at - now()) * 1000 as "leftMs" from watersmeet.step
    where run_id = ${id} and asset = 'mergeAgain'`.execute(ledger.db);
  expect(rows[0]?.state).toBe("waiting");
  expect(Number(rows[0]?.leftMs)).toBeGreaterThan(anHour / 2);
  deeds.a = "succeed";
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("branches that come between the decision and the claim are joined as they came", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  {
    await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
    await runOnce(ledger, confluence("Between", {}));
  }
  const id = await submit(ledger.db, confluence("Between", { deadlineMs: 100 }), { maxParallel: 1 });
  const before: ClaimedStep[] = [];
  {
    // Which branch goes first is decided by how long each took: that one ends, and the next one does not.
    const behave = behaveBy({ a: "hang", b: "hang", c: "hang" }, before);
    await using _worker = await startTestWorker(ledger.connections, (...call) =>
      before.length === 0 ? behaveBy(deeds, before)(...call) : behave(...call),
    );
    await waitUntil(async () => (await findStep(ledger, id, "mergeBetween"))?.state === "ready");
  }
  const left = branches.map((branch) => `${branch}Between`).filter((branch) => branch !== before[0]?.asset);
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds, seen));
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(seen.slice(0, 2).map((step) => step.asset)).toEqual(expect.arrayContaining(left));
  expect(seen.slice(2).map((step) => step.asset)).toEqual(["mergeBetween", "readerBetween"]);
  expect(seen[2]?.decision).toBeUndefined();
  expect((await findStep(ledger, id, "mergeBetween"))?.decision).toMatchObject({ missing: left });
});

test("a pause stops the time, and a resumed merge has all of it again; a cancelled one waits no more", async () => {
  const deeds: Deeds = { a: "succeed", b: "hang", c: "hang" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const id = await submit(ledger.db, confluence("Paused", { deadlineMs: anHour }));
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 1);
  await pauseRun(ledger.db, id, "test");
  await letPass(ledger, id);
  // What ends now makes the merge look.
  deeds.b = "succeed";
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 2);
  expect((await findStep(ledger, id, "mergePaused"))?.state).toBe("waiting");
  await resumeRun(ledger.db, id, "test");
  const { rows } = await sql<{ leftMs: number }>`
    select extract(epoch from deadline_at - now()) * 1000 as "leftMs" from watersmeet.step
    where run_id = ${id} and asset = 'mergePaused' and state = 'waiting'`.execute(ledger.db);
  expect(Number(rows[0]?.leftMs)).toBeGreaterThan(anHour / 2);
  await cancelRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
});

test("a deadline passes whoever has died, and is decided once by however many look", async () => {
  const deeds: Deeds = { a: "succeed", b: "hang", c: "hang" };
  const sketches = confluence("Died", { deadlineMs: anHour }, { optional: ["b", "c"] });
  const id = await submit(ledger.db, sketches);
  {
    await using _first = await startTestWorker(ledger.connections, behaveBy(deeds));
    await waitUntil(async () => (await findStep(ledger, id, "aDied"))?.state === "succeeded");
  }
  expect(await listDueRuns(ledger.db)).not.toContain(id);
  await letPass(ledger, id);
  expect(await listDueRuns(ledger.db)).toContain(id);
  const shapeOf = createShapeCache();
  const passed = await Promise.all([ledger, other, ledger].map(({ db }) => passDeadlines(db, id, { shapeOf })));
  expect(passed.map((each) => each.readyCount).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
  await using _second = await startTestWorker(other, behaveBy(deeds));
  await waitUntil(async () => (await findStep(ledger, id, "readerDied"))?.state === "succeeded");
  deeds.b = "succeed";
  deeds.c = "fail";
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  const events = await listEvents(ledger.db, { runId: id }, { limit: 100 });
  expect(events.items.filter((event) => event.kind === "merge:decided")).toHaveLength(1);
});
