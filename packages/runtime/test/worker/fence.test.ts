import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listEvents } from "../../src/ledger/events.ts";
import { readSnapshot } from "../../src/ledger/read-snapshot.ts";
import { claimSteps } from "../../src/queue/claim/claim-steps.ts";
import { resolveInputs } from "../../src/queue/claim/resolve-inputs.ts";
import { roomForSuspects } from "../../src/queue/claim/suspects.ts";
import type { HeldStep } from "../../src/queue/claim/take-ready.ts";
import { createVersionMemory } from "../../src/queue/claim/version-memory.ts";
import type { EndedAttempt } from "../../src/queue/record/accepted-attempt.ts";
import { recordOutcomes, type RecordDeps } from "../../src/queue/record/record-outcomes.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { committed, failed } from "./test-executor.ts";
import { countStates, listAttemptOutcomes, submit } from "./test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

const shapeOf = createShapeCache();
const deps: RecordDeps = { shapeOf, retry: { minDelayMs: 1, maxDelayMs: 1 }, random: () => 0 };

async function makeWorker(): Promise<string> {
  const row = await ledger.db
    .insertInto("worker")
    .values({ host: "h", pid: 1, slots: 1, stores: [] })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

async function claimOne(workerId: string): Promise<HeldStep> {
  const request = { workerId, stores: new Set(["default"]), limit: 1, suspects: roomForSuspects([]) };
  const [step] = (await claimSteps(ledger.db, request)).held;
  if (step === undefined) throw new Error("nothing was ready");
  return step;
}

async function endedBy(workerId: string, step: HeldStep, outcome?: EndedAttempt["outcome"]): Promise<EndedAttempt> {
  const [resolved] = await resolveInputs(ledger.db, [step], {
    shapeOf,
    installationId: "t",
    memory: createVersionMemory(),
  });
  if (resolved === undefined) throw new Error("not resolved");
  const at = new Date();
  const { inputs } = resolved.claimed;
  return {
    step,
    workerId,
    outcome: outcome ?? committed(resolved.claimed),
    startedAt: at,
    finishedAt: at,
    inputs,
    inputIds: resolved.inputIds,
    orders: resolved.claimed.orders?.fingerprint ?? null,
  };
}

test("an attempt that was given to somebody else writes nothing, and nothing is recorded twice", async () => {
  const id = await submit(ledger.db, [{ key: "fenced" }]);
  const [late, current] = [await makeWorker(), await makeWorker()];
  const lateEnd = await endedBy(late, await claimOne(late));
  // The reaper's work: the first worker was taken for dead.
  await recordOutcomes(ledger.db, [{ ...lateEnd, outcome: { kind: "lost", workerId: late } }], deps);
  const currentEnd = await endedBy(current, await claimOne(current));

  expect((await recordOutcomes(ledger.db, [lateEnd], deps)).refused).toEqual([lateEnd]);
  expect(await countStates(ledger.db, id)).toEqual({ running: 1 });
  expect((await recordOutcomes(ledger.db, [currentEnd], deps)).refused).toEqual([]);
  expect((await recordOutcomes(ledger.db, [currentEnd, lateEnd], deps)).refused).toEqual([currentEnd, lateEnd]);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 1 });
  expect(await listAttemptOutcomes(ledger.db, id)).toEqual(["lost", "committed"]);
});

test("who lost a step before it knew what to build on does not begin", async () => {
  await submit(ledger.db, [{ key: "stopped" }]);
  const [late, current] = [await makeWorker(), await makeWorker()];
  const claimed = await claimOne(late);
  const resolve = (step: HeldStep) =>
    resolveInputs(ledger.db, [step], { shapeOf, installationId: "t", memory: createVersionMemory() });
  const lateEnd = await endedBy(late, claimed);
  await recordOutcomes(ledger.db, [{ ...lateEnd, outcome: { kind: "lost", workerId: late } }], deps);
  expect(await resolve(claimed)).toEqual([]);
  const again = await claimOne(current);
  expect(await resolve(claimed)).toEqual([]);
  expect(await resolve(again)).toHaveLength(1);
  await recordOutcomes(ledger.db, [await endedBy(current, again)], deps);
});

test("outcomes and the claim of what they made ready are one transaction", async () => {
  const id = await submit(ledger.db, [{ key: "first" }, { key: "second", inputs: ["first"] }]);
  const workerId = await makeWorker();
  const ended = await endedBy(workerId, await claimOne(workerId));
  const next = () => ({ workerId, stores: new Set(["default"]), limit: 4, suspects: roomForSuspects([]) });
  const recorded = await recordOutcomes(ledger.db, [ended], { ...deps, next });
  expect(recorded.held.map((step) => step.asset)).toEqual(["second"]);
  expect(recorded.readyCount).toBe(0);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 1, running: 1 });
  const events = await listEvents(ledger.db, { runId: id }, { limit: 50 });
  expect(events.items.map((event) => event.kind)).toEqual([
    "run:queued",
    "run:started",
    "step:started",
    "step:finished",
    "head:moved",
    "step:started",
  ]);
  await recordOutcomes(ledger.db, [await endedBy(workerId, recorded.held[0] ?? ended.step)], deps);
});

test("the planner sees heads with what they read, failures, and only versions of the stores of now", async () => {
  await submit(ledger.db, [{ key: "up" }, { key: "down", inputs: ["up"] }, { key: "bad" }]);
  const workerId = await makeWorker();
  await ledger.db.insertInto("store").values({ name: "default", store_id: "s1", address: "here" }).execute();
  for (let steps = 0; steps < 3; steps++) {
    const step = await claimOne(workerId);
    await recordOutcomes(ledger.db, [await endedBy(workerId, step, step.asset === "bad" ? failed() : undefined)], deps);
  }
  const snapshot = await readSnapshot(ledger.connections.pool, {
    environment: "prod",
    storeIds: new Map([["default", "s1"]]),
  });
  expect([...snapshot.heads.keys()].sort()).toEqual(["down", "up"]);
  const down = [...snapshot.heads]
    .find(([asset]) => asset === "down")?.[1]
    .values()
    .next().value;
  const up = [...snapshot.heads]
    .find(([asset]) => asset === "up")?.[1]
    .values()
    .next().value;
  expect(down?.inputs).toEqual({ "0": up?.dataDigest });
  expect([...snapshot.failed].map(([asset, partitions]) => [asset, [...partitions]])).toEqual([["bad", [""]]]);
  const { rows } = await sql<{ last: string }>`select max(sequence) as last from watersmeet.event`.execute(ledger.db);
  expect(snapshot.sequence).toBe(rows[0]?.last);
  const elsewhere = await readSnapshot(ledger.connections.pool, {
    environment: "prod",
    storeIds: new Map([["default", "s2"]]),
  });
  expect(elsewhere.heads.size).toBe(0);
});

test("an environment shows its parent's heads where it has none of its own", async () => {
  await ledger.db.insertInto("environment").values({ name: "dev", parent: "prod" }).execute();
  const snapshot = await readSnapshot(ledger.connections.pool, { environment: "dev" });
  expect([...snapshot.heads.keys()]).toContain("up");
});
