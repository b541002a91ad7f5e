import { once } from "node:events";
import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import { waitForEnd, waitUntil } from "../test-runs.ts";
import { createProjectWorld } from "./project-world.ts";

/* More rows than are published from memory. */
const assets = `import { asset } from "@watersmeet/core";
import { z } from "zod";

const Row = z.object({ id: z.int(), text: z.string() });
export const rivers = asset({ schema: Row, key: ["id"] }, () =>
  Array.from({ length: 20_000 }, (_, id) => ({ id, text: "x".repeat(100) })));
`;

test("what a worker had staged in Postgres when it was killed is dropped by who takes its steps over, and by nobody while it lives", async () => {
  await using database = await createTestDatabase();
  await using world = await createProjectWorld({
    store: { kind: "postgres", url: database.url },
    assets,
    config: "worker: { concurrency: 1, childMemoryMb: 96 }",
  });
  const observer = new pg.Client({ connectionString: database.url });
  await observer.connect();
  const listStaged = async (): Promise<readonly string[]> => {
    const { rows } = await observer.query<{ attempt: string }>("select attempt from _watersmeet.staging");
    return rows.map((row) => row.attempt);
  };
  const listWaiting = async (): Promise<readonly number[]> => {
    const { rows } = await observer.query<{ pid: number }>(
      "select pid from pg_locks where locktype = 'advisory' and not granted",
    );
    return rows.map((row) => row.pid);
  };
  try {
    await world.project.examine();
    const worker = await world.spawnWorker();
    expect(await waitForEnd(world.ledger.db, await world.submit())).toBe("succeeded");
    await observer.query("select pg_advisory_lock(hashtext('watersmeet'), hashtext('commit'))");
    const id = await world.submit();
    await waitUntil(async () => (await listWaiting()).length > 0);
    const [left] = await listStaged();
    expect(left).toMatch(/_1$/);

    await world.project.doctor.repair();
    expect(await listStaged()).toContain(left);

    worker.process.kill("SIGKILL");
    await once(worker.process, "exit");
    for (const pid of await listWaiting()) await observer.query("select pg_terminate_backend($1)", [pid]);
    await waitUntil(async () => (await listWaiting()).length === 0);
    await observer.query("select pg_advisory_unlock(hashtext('watersmeet'), hashtext('commit'))");
    await world.spawnWorker();
    expect(await waitForEnd(world.ledger.db, id)).toBe("succeeded");
    await waitUntil(async () => (await listStaged()).length === 0);
    expect((await world.project.doctor.findViolations()).map(({ code }) => code)).not.toContain("STAGING_LEFT");
  } finally {
    await observer.end();
  }
});
