import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { countStates, listAttemptOutcomes, submit, waitForEnd, waitUntil } from "../test-runs.ts";
import { createNetworkHosts, findRefusal } from "./network-hosts.ts";

const main = fileURLToPath(new URL("../worker-main.ts", import.meta.url));
const refusal = await findRefusal();
const title =
  "three hosts, one cut off in the middle of its steps: the others do them, and what it brings when it is back is refused";

async function listPids({ db }: TestLedger): Promise<readonly number[]> {
  const { rows } = await sql<{ pid: number }>`select pid from watersmeet.worker order by pid`.execute(db);
  return rows.map((row) => row.pid);
}

async function countRunning({ db }: TestLedger, pid: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from watersmeet.step join watersmeet.worker on worker.id = step.worker_id
    where step.state = 'running' and worker.pid = ${pid}`.execute(db);
  return rows[0]?.count ?? 0;
}

test.skipIf(refusal !== null)(
  refusal === null ? title : `${title} (${refusal})`,
  async () => {
    await using ledger = await createTestLedger();
    await using hosts = await createNetworkHosts(ledger.url, 3);
    const directory = await mkdtemp(join(tmpdir(), "watersmeet-hosts-"));
    const mayEnd = join(directory, "may-end");
    const workers: ChildProcess[] = [];
    try {
      for (const host of [0, 1, 2]) {
        const worker = hosts.spawn(host, [main, hosts.url, "linger", mayEnd]);
        workers.push(worker);
        if (worker.stdout !== null) createInterface({ input: worker.stdout }).on("line", () => {});
      }
      await waitUntil(async () => (await listPids(ledger)).length === 3);
      const id = await submit(ledger.db, [
        { key: "held", partitions: 9 },
        { key: "after", inputs: [{ from: "held", mapping: { kind: "all" } }] },
      ]);
      await waitUntil(async () => (await countStates(ledger.db, id))["running"] === 9);
      // Which worker has how many is theirs to settle: the one with the most is cut off.
      const counts = await Promise.all(workers.map(({ pid = 0 }) => countRunning(ledger, pid)));
      const lost = Math.max(...counts);
      const cutOff = counts.indexOf(lost);
      expect(lost).toBeGreaterThan(0);

      await hosts.cut(cutOff);
      await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === lost);
      await writeFile(mayEnd, "");
      expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
      const before = await listAttemptOutcomes(ledger.db, id);
      expect(before.filter((outcome) => outcome === "lost").length).toBeGreaterThanOrEqual(lost);
      expect(before.filter((outcome) => outcome === "committed")).toHaveLength(10);

      await hosts.mend(cutOff);
      await waitUntil(async () => (await listPids(ledger)).length === 3);
      const next = await submit(ledger.db, [{ key: "again", partitions: 9 }]);
      expect(await waitForEnd(ledger.db, next)).toBe("succeeded");
      expect(await listAttemptOutcomes(ledger.db, id)).toEqual(before);
    } finally {
      // A namespace stays for as long as a process is in it.
      for (const worker of workers) {
        worker.kill("SIGKILL");
        if (worker.exitCode === null && worker.signalCode === null) await once(worker, "exit");
      }
      await rm(directory, { recursive: true, force: true });
    }
  },
  240_000,
);
