import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterEach, beforeAll, afterAll, expect, test } from "vitest";
import { expectSound } from "../doctor/expect-sound.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import {
  countStates,
  listAttemptOutcomes,
  listStepRows,
  startTestWorker,
  submit,
  waitForEnd,
  waitUntil,
} from "./test-runs.ts";

let ledger: TestLedger;
const processes: ChildProcess[] = [];
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterEach(() => {
  for (const child of processes.splice(0)) child.kill("SIGKILL");
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

interface WorkerProcess {
  readonly child: ChildProcess;
  readonly lines: string[];
}

async function spawnWorker(deed: "hang" | "die" | "block" | "work"): Promise<WorkerProcess> {
  const main = fileURLToPath(new URL("worker-main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, ledger.url, deed], { stdio: ["ignore", "pipe", "inherit"] });
  processes.push(child);
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  await waitUntil(
    () => lines.some((line) => line.startsWith("ready")) || child.exitCode !== null || child.signalCode !== null,
  );
  return { child, lines };
}

test("steps of a worker that is killed run elsewhere, with one ending each and no leak of leases", async () => {
  const { child } = await spawnWorker("hang");
  const id = await submit(ledger.db, [
    { key: "a", partitions: 6, resource: "api" },
    { key: "b", inputs: [{ from: "a", mapping: { kind: "all" } }] },
  ]);
  await waitUntil(async () => (await countStates(ledger.db, id))["running"] === 2);
  await using _peer = await startTestWorker(ledger.connections, () => undefined, {
    resources: { api: { concurrency: 2 } },
  });
  child.kill("SIGKILL");
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const outcomes = await listAttemptOutcomes(ledger.db, id);
  expect(outcomes.filter((outcome) => outcome === "lost")).toHaveLength(2);
  expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(7);
  await expectSound(ledger.db);
});

test("a step that takes three workers down is set aside, and the others go on", async () => {
  const id = await submit(ledger.db, [
    { key: "poison" },
    { key: "healthy", partitions: 12 },
    { key: "below", inputs: ["poison"] },
  ]);
  for (let deaths = 0; deaths < 3; deaths++) {
    const { child } = await spawnWorker("die");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await using _survivor = await startTestWorker(ledger.connections);
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  expect(await countStates(ledger.db, id)).toEqual({ failed: 1, upstreamFailed: 1, succeeded: 12 });
  const poison = (await listStepRows(ledger.db, id)).find((row) => row.asset === "poison");
  expect(poison).toMatchObject({ crashes: 3, failures: 0, failure: { code: "WORKER_LOST" } });
  await expectSound(ledger.db);
});

test("a worker whose main thread is blocked for seconds is not taken for dead", async () => {
  const { lines } = await spawnWorker("block");
  const id = await submit(ledger.db, [{ key: "busy" }]);
  await using _peer = await startTestWorker(ledger.connections, () => undefined, { stores: () => new Set() });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await listAttemptOutcomes(ledger.db, id)).toEqual(["committed"]);
  expect(lines.filter((line) => line.startsWith("running"))).toHaveLength(1);
});

test("a worker that was stopped and comes back writes nothing over what others did meanwhile", async () => {
  const { child } = await spawnWorker("work");
  child.kill("SIGSTOP");
  const id = await submit(ledger.db, [{ key: "late", partitions: 3 }]);
  // As if it had claimed before it was stopped: the ledger's view of a process that hangs.
  await sql`update watersmeet.worker set beat_at = now() - interval '1 minute'`.execute(ledger.db);
  await using _peer = await startTestWorker(ledger.connections);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  await waitUntil(async () => {
    const { rows } = await sql<{ count: number }>`select count(*)::integer as count from watersmeet.worker`.execute(
      ledger.db,
    );
    return rows[0]?.count === 1;
  });
  child.kill("SIGCONT");
  // It notices, and registers anew.
  await waitUntil(async () => {
    const { rows } = await sql<{ count: number }>`select count(*)::integer as count from watersmeet.worker`.execute(
      ledger.db,
    );
    return rows[0]?.count === 2;
  });
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 3 });
  await expectSound(ledger.db);
});
