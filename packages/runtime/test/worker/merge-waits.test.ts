import { setTimeout as sleep } from "node:timers/promises";
import type { WaitPolicy } from "@watersmeet/core";
import type { MappingSpec } from "@watersmeet/core/values";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listEvents } from "../../src/ledger/events.ts";
import { openLedger, type LedgerConnections } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { cancelRun, pauseRun, resumeRun, retryRun } from "../../src/queue/control-run.ts";
import { listDueRuns, passDeadlines } from "../../src/queue/merge-wait/pass-deadlines.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import type { ClaimedStep } from "../../src/step/step.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { failed, type StepBehaviour } from "./test-executor.ts";
import type { AssetSketch } from "./test-plans.ts";
import {
  countStates,
  listStepRows,
  startTestWorker,
  submit,
  waitForEnd,
  waitUntil,
  type StepRow,
} from "./test-runs.ts";

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

const branches = ["a", "b", "c"] as const;

/** Three branches, a merge of them and what reads it; names carry the test's, so that no version of another test is there. */
function confluence(
  name: string,
  wait: Partial<WaitPolicy>,
  options: { readonly partitions?: number; readonly optional?: readonly string[]; readonly mapping?: MappingSpec } = {},
): readonly AssetSketch[] {
  const { partitions, optional = [], mapping } = options;
  const split = partitions === undefined ? {} : { partitions };
  const inputs = branches.map((branch) => ({
    from: `${branch}${name}`,
    isOptional: optional.includes(branch),
    ...(mapping === undefined ? {} : { mapping }),
  }));
  return [
    ...branches.map((branch) => ({ key: `${branch}${name}`, ...split })),
    {
      key: `merge${name}`,
      ...split,
      inputs,
      wait: { ...wait, required: (wait.required ?? []).map((each) => `${each}${name}`) },
    },
    { key: `reader${name}`, ...split, inputs: [`merge${name}`] },
  ];
}

/** What branches do, by their first letter, until it is changed. */
interface Deeds {
  a: Deed | "succeedLast";
  b: Deed;
  c: Deed;
}

type Deed = "succeed" | "fail" | "block" | "hang";

function isSeen(seen: readonly ClaimedStep[], runId: string, branch: string): boolean {
  return seen.some((step) => step.runId === runId && step.asset.startsWith(branch));
}

/** As if so much time had passed for the merges that wait. */
async function letPass(id: RunId): Promise<void> {
  await sql`update watersmeet.step set deadline_at = now() where run_id = ${id} and deadline_at is not null`.execute(
    ledger.db,
  );
}

const anHour = 3_600_000;

function behaveBy(deeds: Deeds, seen: ClaimedStep[] = []): StepBehaviour {
  return async (step, signal) => {
    seen.push(step);
    // The time of a merge begins with its first branch: when that is there, the others run.
    if (deeds.a === "succeedLast") await waitUntil(() => ["b", "c"].every((each) => isSeen(seen, step.runId, each)));
    const branch = branches.find((each) => step.asset.startsWith(each));
    if (branch === undefined) return undefined;
    while (deeds[branch] === "hang" && !signal.aborted) await sleep(5);
    if (deeds[branch] === "fail") return failed({ message: `${branch} is away` });
    if (deeds[branch] !== "block") return undefined;
    const outcome = failed({ code: "GATE_FAILED", class: "data" });
    return outcome.kind === "failed" ? { kind: "blocked", failure: outcome.failure } : outcome;
  };
}

async function runOnce(sketches: readonly AssetSketch[]): Promise<RunId> {
  const id = await submit(ledger.db, sketches);
  await waitForEnd(ledger.db, id);
  return id;
}

async function findStep(id: RunId, asset: string): Promise<(StepRow & { readonly decision: unknown }) | undefined> {
  const row = (await listStepRows(ledger.db, id)).find((each) => each.asset === asset);
  const { rows } = await sql<{ decision: unknown }>`
    select decision from watersmeet.step where run_id = ${id} and asset = ${asset}`.execute(ledger.db);
  return row === undefined ? undefined : { ...row, decision: rows[0]?.decision ?? null };
}

test("with a quorum a merge joins the last good version of what failed, and says so", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds, seen));
  const sketches = confluence("Quorum", { quorum: 2 });
  const first = await runOnce(sketches);
  const good = seen.find((step) => step.asset === "mergeQuorum");
  expect(good?.decision).toBeUndefined();
  expect((await findStep(first, "mergeQuorum"))?.decision).toBeNull();

  deeds.c = "fail";
  const second = await runOnce(sketches);
  const decision = { kind: "quorum", missing: ["cQuorum"], allowed: 2 };
  expect(await countStates(ledger.db, second)).toEqual({ succeeded: 4, failed: 1 });
  const merged = seen.findLast((step) => step.asset === "mergeQuorum");
  expect(merged?.decision).toEqual(decision);
  expect(merged?.inputs.map((input) => input.commitId === good?.inputs[0]?.commitId)).toEqual([false, false, false]);
  expect(merged?.inputs.find((input) => input.asset === "cQuorum")?.commitId).toBe(
    good?.inputs.find((input) => input.asset === "cQuorum")?.commitId,
  );
  expect(await findStep(second, "mergeQuorum")).toMatchObject({ state: "succeeded", decision });
  const events = await listEvents(ledger.db, { runId: second }, { limit: 100 });
  expect(events.items.find((event) => event.kind === "merge:decided")).toMatchObject({
    asset: "mergeQuorum",
    body: { ...decision, count: 1 },
  });
});

test("a branch that is blocked by a gate, or whose own inputs failed, is missing as one that failed", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const sketches = [
    { key: "cSpring" },
    { key: "aDeep" },
    { key: "bDeep" },
    { key: "deep", inputs: ["cSpring"] },
    { key: "mergeDeep", inputs: ["aDeep", "bDeep", "deep"], wait: { quorum: 1 } },
  ];
  await runOnce(sketches);
  deeds.b = "block";
  deeds.c = "fail";
  const id = await runOnce(sketches);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 2, blocked: 1, failed: 1, upstreamFailed: 1 });
  expect((await findStep(id, "mergeDeep"))?.decision).toEqual({
    kind: "quorum",
    missing: ["bDeep", "deep"],
    allowed: 1,
  });
});

test("a merge without terms still ends with the branch that failed", async () => {
  await using _worker = await startTestWorker(ledger.connections, behaveBy({ a: "succeed", b: "fail", c: "succeed" }));
  const id = await runOnce(confluence("Plain", {}));
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 2, failed: 1, upstreamFailed: 2 });
});

test("a quorum that cannot be reached ends the merge with the names of its branches and what they did", async () => {
  await using _worker = await startTestWorker(ledger.connections, behaveBy({ a: "succeed", b: "fail", c: "block" }));
  const id = await runOnce(confluence("TooFew", { quorum: 2 }, { optional: ["b", "c"] }));
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 1, failed: 2, blocked: 1, upstreamFailed: 1 });
  const { failure } = (await findStep(id, "mergeTooFew")) ?? {};
  expect(failure?.code).toBe("MERGE_LEGS_MISSING");
  expect(failure?.message).toContain("needs the newest work of 2 of its branches, and no more than 1 can be there");
  expect(failure?.message).toContain("aTooFew is there; bTooFew failed: b is away; cTooFew was blocked by a gate");
  const { rows } = await sql`
    select from watersmeet.failed_partition where asset = 'mergeTooFew' and run_id = ${id}`.execute(ledger.db);
  expect(rows).toHaveLength(1);
});

test("a branch that the merge requires is never done without", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const sketches = confluence("Required", { quorum: 1, required: ["b"] });
  await runOnce(sketches);
  deeds.b = "fail";
  const id = await runOnce(sketches);
  expect((await findStep(id, "mergeRequired"))?.failure?.message).toContain("it requires bRequired");
  deeds.b = "succeed";
  deeds.c = "fail";
  expect(await countStates(ledger.db, await runOnce(sketches))).toEqual({ succeeded: 4, failed: 1 });
});

test("a branch that never had a version is done without only when its parameter is optional", async () => {
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(
    ledger.connections,
    behaveBy({ a: "succeed", b: "fail", c: "succeed" }, seen),
  );
  const refused = await runOnce(confluence("Never", { quorum: 2 }));
  expect((await findStep(refused, "mergeNever"))?.failure?.message).toContain(
    "there is no version of bNever to fall back on",
  );
  const allowed = await runOnce(confluence("Optional", { quorum: 2 }, { optional: ["b"] }));
  expect((await findStep(allowed, "mergeOptional"))?.decision).toMatchObject({ missing: ["bOptional"] });
  const merged = seen.find((step) => step.asset === "mergeOptional");
  expect(merged?.inputs.map((input) => input.asset)).toEqual(["aOptional", "cOptional"]);
});

test("at its deadline a merge goes on with the last good version of what still runs; what comes later makes it stale", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds, seen));
  await runOnce(confluence("Deadline", {}));
  [deeds.a, deeds.b, deeds.c] = ["succeedLast", "hang", "hang"];
  const startedMs = performance.now();
  const id = await submit(ledger.db, confluence("Deadline", { deadlineMs: 300 }));
  await waitUntil(async () => (await findStep(id, "readerDeadline"))?.state === "succeeded");
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
  await waitUntil(async () => (await findStep(id, "readerLate"))?.state === "upstreamFailed");
  const { failure } = (await findStep(id, "mergeLate")) ?? {};
  expect(failure).toMatchObject({
    code: "MERGE_LEGS_MISSING",
    message: expect.stringContaining("cannot go on after 200 ms"),
  });
  expect(failure?.message).toMatch(/cLate runs, attempt 1, since \d{4}-/u);
  [deeds.b, deeds.c] = ["succeed", "succeed"];
  expect(await waitForEnd(ledger.db, id)).toBe("failed");

  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect((await findStep(id, "mergeLate"))?.decision).toBeNull();
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

test("each partition of a merge decides for itself", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  let broken = new Set<string>();
  await using _worker = await startTestWorker(ledger.connections, (step, signal, listener) =>
    step.asset.startsWith("c") && broken.has(step.partition) ? failed() : behaveBy(deeds)(step, signal, listener),
  );
  const sketches = confluence("Parts", { quorum: 2 }, { partitions: 6 });
  await runOnce(sketches);
  broken = new Set(["p0001", "p0004"]);
  const id = await runOnce(sketches);
  const { rows } = await sql<{ partition: string; decision: unknown }>`
    select partition, decision from watersmeet.step where run_id = ${id} and asset = 'mergeParts' and decision is not null order by ordinal`.execute(
    ledger.db,
  );
  const decision = { kind: "quorum", missing: ["cParts"], allowed: 2 };
  expect(rows).toEqual([
    { partition: "p0001", decision },
    { partition: "p0004", decision },
  ]);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 28, failed: 2 });
});

test("a branch that is read as a whole is missing when one of its partitions is, and the others are read as they came", async () => {
  const seen: ClaimedStep[] = [];
  let isBroken = false;
  await using _worker = await startTestWorker(ledger.connections, (step) => {
    seen.push(step);
    return isBroken && step.asset.startsWith("c") && step.partition === "p0002" ? failed() : undefined;
  });
  const sketches: readonly AssetSketch[] = [
    { key: "aWhole", partitions: 4 },
    { key: "cWhole", partitions: 4 },
    {
      key: "mergeWhole",
      partitions: 4,
      inputs: [{ from: "aWhole" }, { from: "cWhole", mapping: { kind: "all" } }],
      wait: { quorum: 1 },
    },
  ];
  await runOnce(sketches);
  const before = seen.find((step) => step.asset === "mergeWhole");
  isBroken = true;
  const id = await runOnce(sketches);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 11, failed: 1 });
  const merged = seen.findLast((step) => step.asset === "mergeWhole");
  expect(merged?.decision).toEqual({ kind: "quorum", missing: ["cWhole"], allowed: 1 });
  const commits = (step: ClaimedStep | undefined): readonly (string | undefined)[] =>
    step?.inputs.filter((input) => input.asset === "cWhole").map((input) => input.commitId) ?? [];
  expect(commits(merged).map((commitId, index) => commitId === commits(before)[index])).toEqual([
    false,
    false,
    true,
    false,
  ]);
});

test("a branch of which something is lost is judged by that alone while the rest may still come", async () => {
  let deed: "succeed" | "lose" = "succeed";
  const rest = Promise.withResolvers<undefined>();
  await using _worker = await startTestWorker(ledger.connections, async (step) => {
    if (deed === "succeed" || !step.asset.startsWith("c")) return undefined;
    if (step.partition === "p0000") return failed();
    return rest.promise;
  });
  const sketches = (partitions: number): readonly AssetSketch[] => [
    { key: "aRest" },
    { key: "cRest", partitions },
    { key: "mergeRest", inputs: ["aRest", { from: "cRest", mapping: { kind: "all" } }], wait: { quorum: 1 } },
  ];
  await runOnce(sketches(1));
  deed = "lose";
  const id = await submit(ledger.db, sketches(3));
  await waitUntil(async () => (await countStates(ledger.db, id))["failed"] === 1);
  await sleep(50);
  expect((await findStep(id, "mergeRest"))?.state).toBe("waiting");
  rest.resolve(undefined);
  await waitForEnd(ledger.db, id);
  expect(await findStep(id, "mergeRest")).toMatchObject({ state: "succeeded", decision: { missing: ["cRest"] } });
});

test("branches that come between the decision and the claim are joined as they came", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  {
    await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
    await runOnce(confluence("Between", {}));
  }
  deeds.b = "hang";
  const id = await submit(ledger.db, confluence("Between", { deadlineMs: 100 }), { maxParallel: 1 });
  {
    await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
    await waitUntil(async () => (await findStep(id, "mergeBetween"))?.state === "ready");
  }
  deeds.b = "succeed";
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds, seen));
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(seen.map((step) => step.asset)).toEqual(["bBetween", "cBetween", "mergeBetween", "readerBetween"]);
  expect(seen[2]?.decision).toBeUndefined();
  expect((await findStep(id, "mergeBetween"))?.decision).toMatchObject({ missing: ["bBetween", "cBetween"] });
});

test("a merge that gives up is a missing branch of the merge that reads it", async () => {
  const deeds: Deeds = { a: "succeed", b: "succeed", c: "succeed" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const sketches = [
    { key: "aChain" },
    { key: "bChain" },
    { key: "cChain" },
    { key: "inner", inputs: ["aChain", "bChain"], wait: { quorum: 2 } },
    { key: "outer", inputs: ["inner", "cChain"], wait: { quorum: 1 } },
    { key: "last", inputs: ["inner"] },
  ];
  await runOnce(sketches);
  deeds.b = "fail";
  const id = await runOnce(sketches);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 3, failed: 2, upstreamFailed: 1 });
  expect((await findStep(id, "outer"))?.decision).toMatchObject({ missing: ["inner"] });
});

test("a pause stops the time, and a resumed merge has all of it again; a cancelled one waits no more", async () => {
  const deeds: Deeds = { a: "succeed", b: "hang", c: "hang" };
  await using _worker = await startTestWorker(ledger.connections, behaveBy(deeds));
  const id = await submit(ledger.db, confluence("Paused", { deadlineMs: anHour }));
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 1);
  await pauseRun(ledger.db, id, "test");
  await letPass(id);
  // What ends now makes the merge look.
  deeds.b = "succeed";
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 2);
  expect((await findStep(id, "mergePaused"))?.state).toBe("waiting");
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
    await waitUntil(async () => (await findStep(id, "aDied"))?.state === "succeeded");
  }
  expect(await listDueRuns(ledger.db)).not.toContain(id);
  await letPass(id);
  expect(await listDueRuns(ledger.db)).toContain(id);
  const shapeOf = createShapeCache();
  const passed = await Promise.all([ledger, other, ledger].map(({ db }) => passDeadlines(db, id, { shapeOf })));
  expect(passed.map((each) => each.readyCount).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
  await using _second = await startTestWorker(other, behaveBy(deeds));
  await waitUntil(async () => (await findStep(id, "readerDied"))?.state === "succeeded");
  deeds.b = "succeed";
  deeds.c = "fail";
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  const events = await listEvents(ledger.db, { runId: id }, { limit: 100 });
  expect(events.items.filter((event) => event.kind === "merge:decided")).toHaveLength(1);
});
