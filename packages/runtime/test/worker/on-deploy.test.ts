import { once } from "node:events";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger, type LedgerConnections } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { cancelRun, changeOnDeploy, pauseRun, resumeRun, retryRun } from "../../src/queue/control-run.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { codeOf } from "./test-plans.ts";
import { countStates, listStepRows, startTestWorker, submit, waitForEnd, waitUntil } from "./test-runs.ts";

/* Runs that follow deployments: workers of two versions of the code, whose steps commit nothing anywhere. */
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

const sketches = [
  { key: "same", partitions: 4 },
  { key: "changed", partitions: 4, inputs: ["same"] },
  { key: "below", inputs: [{ from: "changed", mapping: { kind: "all" } }] },
] as const;
const old = codeOf(sketches);
const renewed = codeOf(sketches, { changed: { codeVersion: "c2" } });

/** Versions of `changed` that the run made: which code each says that it was made by, by partition. */
async function listMadeBy(id: RunId): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ partition: string; version: string }>`
    select partition, code_version as version from watersmeet.materialization where run_id = ${id} and asset = 'changed'`.execute(
    ledger.db,
  );
  return Object.fromEntries(rows.map(({ partition, version }) => [partition, version]));
}

async function listRepins(id: RunId) {
  const { rows } = await sql<{ asset: string; body: unknown }>`
    select asset, body from watersmeet.event where run_id = ${id} and kind = 'run:repinned' order by sequence`.execute(
    ledger.db,
  );
  return rows;
}

async function readRun(id: RunId) {
  return ledger.db
    .selectFrom("run")
    .select(["state", "on_deploy as onDeploy", "failure"])
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
}

/** A worker with the old code that has done what is the same in both, and runs one step of `changed` until `letGo`. */
async function beginWithOldCode(onDeploy: "upgrade" | "abort", maxParallel: number | null = 1) {
  const held = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const id = await submit(ledger.db, sketches, { onDeploy, maxParallel });
  const begun = new Set<string>();
  const worker = await startTestWorker(
    ledger.connections,
    async (step, signal) => {
      if (step.asset !== "changed") return undefined;
      begun.add(step.partition);
      started.resolve();
      await Promise.race([held.promise, once(signal, "abort")]);
      return undefined;
    },
    { concurrency: 1, code: () => old },
  );
  await started.promise;
  return { id, worker, begun, letGo: held.resolve };
}

test("upgrade: steps that have not begun go on with the new code, and each version says which code made it", async () => {
  // The old worker has taken all four steps and has one slot: what has not begun there is not begun.
  const { id, worker, begun, letGo } = await beginWithOldCode("upgrade", null);
  await using _old = worker;
  const done = new Map<string, string>();
  await using renewedWorker = await startTestWorker(
    other,
    (step) => {
      if (step.asset === "changed") done.set(step.partition, step.codeVersion);
      return undefined;
    },
    { code: () => renewed },
  );
  await waitUntil(async () => ((await countStates(ledger.db, id))["succeeded"] ?? 0) >= 7);
  letGo();
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(begun.size).toBe(1);
  expect([...done.values()].every((version) => version === "c2")).toBe(true);
  const ofOld = [...begun].filter((partition) => !done.has(partition)).map((partition) => [partition, "c1"]);
  expect(await listMadeBy(id)).toEqual(Object.fromEntries([...ofOld, ...done]));
  expect(Object.keys(await listMadeBy(id))).toHaveLength(4);
  expect(await listRepins(id)).toEqual([
    {
      asset: "changed",
      body: {
        from: { codeVersion: "c1", schemaVersion: "s1" },
        to: { codeVersion: "c2", schemaVersion: "s1" },
        refusal: null,
        worker: renewedWorker.workerId(),
      },
    },
  ]);
  expect((await listStepRows(ledger.db, id)).every((step) => step.failures === 0)).toBe(true);
});

test("upgrade: what the new code does not have, or plans otherwise, fails with its own code, and what reads it does not run", async () => {
  const gone = codeOf([{ key: "same", partitions: 4 }, { key: "below" }], { below: { codeVersion: "c2" } });
  const { id, worker, letGo } = await beginWithOldCode("upgrade");
  await using _old = worker;
  await using _new = await startTestWorker(other, () => undefined, { code: () => gone });
  await waitUntil(async () => (await listRepins(id)).length === 2);
  expect((await listRepins(id)).map(({ asset, body }) => ({ asset, body }))).toMatchObject([
    { asset: "changed", body: { to: null, refusal: "DEPLOY_ASSET_GONE" } },
    { asset: "below", body: { to: null, refusal: "DEPLOY_PLAN_OUTDATED" } },
  ]);
  letGo();
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  const steps = await listStepRows(ledger.db, id);
  const refused = steps.filter((step) => step.state === "failed");
  expect(refused.length).toBeGreaterThanOrEqual(3);
  expect(refused.every((step) => step.asset === "changed" && step.failure?.code === "DEPLOY_ASSET_GONE")).toBe(true);
  expect(steps.find((step) => step.asset === "below")?.state).toBe("upstreamFailed");
});

test("abort: the run is cancelled and says why, and what had begun is stopped", async () => {
  const { id, worker } = await beginWithOldCode("abort");
  await using _old = worker;
  await using _new = await startTestWorker(other, () => undefined, { code: () => renewed });
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
  expect(await readRun(id)).toMatchObject({
    failure: { code: "DEPLOY_ABORTED", message: expect.stringContaining("changed") },
  });
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 4, cancelled: 5 });
});

test("a run that was aborted and is tried again is pinned: the same deployment does not cancel it once more", async () => {
  const { id, worker } = await beginWithOldCode("abort");
  const aborting = await startTestWorker(other, () => undefined, { code: () => renewed });
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
  await worker[Symbol.asyncDispose]();
  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  expect(await readRun(id)).toEqual({ state: "running", onDeploy: "pin", failure: null });
  await changeOnDeploy(ledger.db, { id, by: "test", onDeploy: "upgrade" });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(new Set(Object.values(await listMadeBy(id)))).toEqual(new Set(["c2"]));
  await aborting[Symbol.asyncDispose]();
});

test("a policy that is given while the run waits for its old code takes what was deployed meanwhile", async () => {
  const id = await submit(ledger.db, sketches);
  await using _new = await startTestWorker(ledger.connections, () => undefined, { code: () => renewed });
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 4);
  expect(await listRepins(id)).toEqual([]);
  await pauseRun(ledger.db, id, "test");
  await changeOnDeploy(ledger.db, { id, by: "test", onDeploy: "upgrade" });
  await resumeRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  await expect(changeOnDeploy(ledger.db, { id, by: "test", onDeploy: "abort" })).rejects.toMatchObject({
    code: "RUN_STATE_CONFLICT",
  });
});

test("code that was there before the run is no news to it, nor is that of an older half that starts again", async () => {
  await using _before = await startTestWorker(ledger.connections, () => undefined, { code: () => old });
  await waitUntil(async () => (await countWorkersWithCode()) === 1);
  // Planned with newer code than any worker has: the old one is older than the run.
  const newer = codeOf(sketches, { changed: { codeVersion: "c3" } });
  const id = await submit(ledger.db, sketches, { onDeploy: "upgrade" });
  await sql`update watersmeet.run_asset set code_version = 'c3' where run_id = ${id} and asset = 'changed'`.execute(
    ledger.db,
  );
  await sql`update watersmeet.run set code_revision = 1 where id = ${id}`.execute(ledger.db);
  await using _newer = await startTestWorker(
    other,
    async (step, signal) => {
      if (step.asset === "changed") await once(signal, "abort");
      return undefined;
    },
    { code: () => newer },
  );
  await waitUntil(async () => (await countWorkersWithCode()) === 2);
  // The old half starts again: its code was declared first, so it decides nothing while the newer is there.
  const again = await startTestWorker(ledger.connections, () => undefined, { code: () => old });
  await waitUntil(async () => (await countWorkersWithCode()) === 3);
  await waitUntil(async () => (await countStates(ledger.db, id))["running"] === 4);
  expect(await listRepins(id)).toEqual([]);
  await again[Symbol.asyncDispose]();
  await cancelRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
});

async function countWorkersWithCode(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from watersmeet.worker where code_id is not null`.execute(ledger.db);
  return rows[0]?.count ?? 0;
}
