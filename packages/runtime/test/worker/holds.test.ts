import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunId } from "../../src/ledger/records.ts";
import { claimSteps } from "../../src/queue/claim/claim-steps.ts";
import { resolveInputs } from "../../src/queue/claim/resolve-inputs.ts";
import type { HeldStep } from "../../src/queue/claim/take-ready.ts";
import { createVersionMemory } from "../../src/queue/claim/version-memory.ts";
import { cancelRun } from "../../src/queue/control-run.ts";
import { createCounterMemory } from "../../src/queue/counters/counter-memory.ts";
import { settleWorker } from "../../src/queue/counters/holds.ts";
import type { EndedAttempt } from "../../src/queue/record/accepted-attempt.ts";
import { createPlainRuns } from "../../src/queue/record/plain/plain-runs.ts";
import { recordOutcomes, type RecordDeps } from "../../src/queue/record/record-outcomes.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { reapWorkers } from "../../src/worker/reap-workers.ts";
import { expectSound } from "../doctor/expect-sound.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { committed, failed } from "./test-executor.ts";
import { countStates, startTestWorker, submit, waitForEnd } from "./test-runs.ts";

/*
 * What a worker takes without rows. The worker is one by hand: a row of its own and the memory that a real one has, so that each test decides when it records.
 */
let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

const shapeOf = createShapeCache();
const chain = [
  { key: "first", partitions: 8 },
  { key: "second", partitions: 8, inputs: ["first"] },
  { key: "third", partitions: 8, inputs: ["second"] },
];

interface HandWorker {
  readonly id: string;
  readonly deps: RecordDeps;
}

async function makeWorker(): Promise<HandWorker> {
  const { id } = await ledger.db
    .insertInto("worker")
    .values({ host: "h", pid: 1, slots: 1, stores: ["default"] })
    .returning("id")
    .executeTakeFirstOrThrow();
  const request = { workerId: id, stores: new Set(["default"]), suspects: { once: 1, again: 1 } };
  const deps: RecordDeps = {
    shapeOf,
    retry: { minDelayMs: 0, maxDelayMs: 0 },
    random: () => 0,
    counters: createCounterMemory(),
    plain: createPlainRuns(),
    next: () => ({ ...request, limit: 100, takesReleased: true }),
  };
  return { id, deps };
}

async function endAll(
  worker: HandWorker,
  held: readonly HeldStep[],
  isBad: (step: HeldStep) => boolean = () => false,
): Promise<readonly EndedAttempt[]> {
  const resolved = await resolveInputs(ledger.db, held, {
    shapeOf,
    installationId: "t",
    memory: createVersionMemory(),
  });
  const at = new Date();
  return resolved.map(({ held: step, claimed, inputIds }): EndedAttempt => ({
    step,
    workerId: worker.id,
    outcome: isBad(step) ? failed() : committed(claimed),
    startedAt: at,
    finishedAt: at,
    inputs: claimed.inputs,
    inputIds,
    orders: null,
  }));
}

/** A run of which the worker has done the first four steps, in two records: the second is plain. Gives what it holds then, all of it without rows. */
async function beginRun(worker: HandWorker): Promise<{ readonly id: RunId; readonly held: readonly HeldStep[] }> {
  const id = await submit(ledger.db, chain, { windowSize: 4 });
  const request = { workerId: worker.id, stores: new Set(["default"]), suspects: { once: 1, again: 1 } };
  const { held: claimed } = await claimSteps(ledger.db, { ...request, limit: 4 });
  const { plain: _, ...inFull } = worker.deps;
  const [one, ...others] = claimed;
  if (one === undefined) throw new TypeError("nothing was claimed");
  const { held: running } = await recordOutcomes(ledger.db, await endAll(worker, [one]), inFull);
  worker.deps.plain?.note(id, true);
  const { held } = await recordOutcomes(ledger.db, await endAll(worker, others), worker.deps);
  expect(held.length).toBeGreaterThan(0);
  expect(held.every((step) => step.hold !== undefined)).toBe(true);
  const { held: more } = await recordOutcomes(ledger.db, await endAll(worker, running), worker.deps);
  return { id, held: [...held, ...more] };
}

async function listHolders(id: RunId): Promise<readonly string[]> {
  const { rows } = await sql<{ worker: string }>`
    select distinct worker_id as worker from watersmeet.step_hold where run_id = ${id}`.execute(ledger.db);
  return rows.map((row) => row.worker);
}

test("steps that end as they should have no row until then, and one afterwards", async () => {
  const worker = await makeWorker();
  const { id, held: first } = await beginRun(worker);
  expect((await countStates(ledger.db, id))["running"] ?? 0).toBe(0);
  expect(await listHolders(id)).toEqual([worker.id]);
  for (let held = first; held.length > 0;)
    held = (await recordOutcomes(ledger.db, await endAll(worker, held), worker.deps)).held;
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 24 });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await listHolders(id)).toEqual([]);
  await expectSound(ledger.db);
});

test("what a dead worker held without rows runs elsewhere, and what it records afterwards is refused", async () => {
  const worker = await makeWorker();
  const { id, held } = await beginRun(worker);
  const late = await endAll(worker, held);
  await sql`update watersmeet.worker set beat_at = now() - interval '1 hour' where id = ${worker.id}`.execute(
    ledger.db,
  );
  {
    await using _peer = await startTestWorker(ledger.connections);
    expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  }
  const { refused } = await recordOutcomes(ledger.db, late, worker.deps);
  expect(refused).toHaveLength(held.length);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 24 });
  await expectSound(ledger.db);
});

test("a claim that came after its worker was given up leaves nothing behind", async () => {
  const worker = await makeWorker();
  const { id, held } = await beginRun(worker);
  await sql`delete from watersmeet.worker where id = ${worker.id}`.execute(ledger.db);
  const { next: _, ...deps } = (await makeWorker()).deps;
  expect((await reapWorkers(ledger.db, { selfId: "0", deps, findsOrphans: false })).workers).toContain(worker.id);
  expect(await listHolders(id)).toEqual([]);
  expect((await countStates(ledger.db, id))["ready"]).toBeGreaterThanOrEqual(held.length);
  await cancelRun(ledger.db, id, "test");
});

test("steps that take long are shown as running, and end as any other", async () => {
  const worker = await makeWorker();
  const { id, held } = await beginRun(worker);
  await ledger.db.transaction().execute((tx) => settleWorker(tx, worker.id, shapeOf));
  expect((await countStates(ledger.db, id))["running"]).toBe(held.length);
  // The worker does not know of it: its record is refused, looked up, and made in full.
  const recorded = await recordOutcomes(ledger.db, await endAll(worker, held), worker.deps);
  expect(recorded.refused).toEqual([]);
  expect((await countStates(ledger.db, id))["running"]).toBe(
    recorded.held.filter((step) => step.hold === undefined).length,
  );
  await cancelRun(ledger.db, id, "test");
});

test("one that fails takes what needs it along, and leaves the others of its hold alone", async () => {
  const worker = await makeWorker();
  const { id, held } = await beginRun(worker);
  const [bad, ...good] = held;
  const before = (await countStates(ledger.db, id))["succeeded"] ?? 0;
  const ended = await endAll(worker, held, (step) => step === bad);
  const first = await recordOutcomes(ledger.db, ended.slice(0, 1), worker.deps);
  expect((await countStates(ledger.db, id))["failed"]).toBe(1);
  const second = await recordOutcomes(ledger.db, ended.slice(1), worker.deps);
  expect([...first.refused, ...second.refused]).toEqual([]);
  expect((await countStates(ledger.db, id))["succeeded"]).toBe(before + good.length);
  await cancelRun(ledger.db, id, "test");
});

test("steps that are held without rows are aborted like all that run when their run is cancelled, and then it ends", async () => {
  const worker = await makeWorker();
  const { id, held } = await beginRun(worker);
  await cancelRun(ledger.db, id, "test");
  const open = async () =>
    (await ledger.db.selectFrom("run").select("open_count").where("id", "=", id).executeTakeFirstOrThrow()).open_count;
  expect(await open()).toBe(held.length);
  const ended = (await endAll(worker, held)).map((each): EndedAttempt => ({ ...each, outcome: { kind: "cancelled" } }));
  await recordOutcomes(ledger.db, ended, worker.deps);
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
  expect(await listHolders(id)).toEqual([]);
  await expectSound(ledger.db);
});
