import { sql } from "kysely";
import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import type { LedgerDb } from "../../../src/ledger/open-ledger.ts";
import { listAttemptOutcomes, listStepRows, waitForEnd, waitUntil } from "../test-runs.ts";
import { createProjectWorld } from "./project-world.ts";

const assets = `import { asset, listed, type In } from "@watersmeet/core";
import { z } from "zod";

const Row = z.object({ id: z.int() });
export const rivers = asset({ schema: Row, key: ["id"], partitions: listed(["a", "b", "c"]) }, () => [{ id: 1 }]);
export const lakes = asset({ schema: Row, key: ["id"], partitions: listed(["a", "b", "c"]) }, (river: In<typeof rivers>) => river);
`;

const commitLock = "hashtext('watersmeet'), hashtext('commit')";

test("a worker that is stopped in the middle of a commit holds up others for a while only, and writes nothing when it comes back", async () => {
  await using database = await createTestDatabase();
  await using world = await createProjectWorld({
    store: { kind: "postgres", url: database.url },
    assets,
    config: "worker: { concurrency: 2, childMemoryMb: 96 }, retries: { maxAttempts: 2 }",
  });
  const { db } = world.ledger;
  const observer = new pg.Client({ connectionString: database.url });
  await observer.connect();
  try {
    const zombie = await world.spawnWorker();
    expect(await waitForEnd(db, await world.submit())).toBe("succeeded");
    // It waits for the lock of commits, is stopped, and gets it: a transaction that begins and does not go on.
    await observer.query(`select pg_advisory_lock(${commitLock})`);
    const id = await world.submit();
    await waitUntil(async () => {
      const { rows } = await observer.query(
        "select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())",
      );
      return rows.length > 0;
    });
    zombie.process.kill("SIGSTOP");
    await observer.query(`select pg_advisory_unlock(${commitLock})`);
    const peer = await world.spawnWorker();
    // As if fifteen seconds had passed.
    await sql`update watersmeet.worker set beat_at = now() - interval '1 minute' where pid = ${zombie.pid}`.execute(db);

    expect(await waitForEnd(db, id)).toBe("succeeded");
    expect((await listStepRows(db, id)).every((step) => step.failures === 0)).toBe(true);
    expect(await listAttemptOutcomes(db, id)).toContain("lost");

    zombie.process.kill("SIGCONT");
    await waitUntil(async () => (await listWorkers(db)).length === 2);
    expect(await waitForEnd(db, await world.submit())).toBe("succeeded");
    expect(new Set(await listWorkers(db))).toEqual(new Set([zombie.pid, peer.pid]));
    // Three runs of six steps: each had one effect.
    const { rows } = await observer.query("select count(*)::integer as count from _watersmeet.version");
    expect(rows).toEqual([{ count: 18 }]);
  } finally {
    await observer.end();
  }
});

async function listWorkers(db: LedgerDb): Promise<readonly number[]> {
  const workers = await db.selectFrom("worker").select("pid").execute();
  return workers.map((worker) => worker.pid);
}
