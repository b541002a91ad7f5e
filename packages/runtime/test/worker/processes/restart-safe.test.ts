import { once } from "node:events";
import { sql } from "kysely";
import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import { listAttemptOutcomes, listStepRows, waitForEnd, waitUntil } from "../test-runs.ts";
import { createProjectWorld, type ProjectWorld, type WorkerProcess } from "./project-world.ts";

/* What a supervisor does to a worker: SIGTERM, and SIGKILL or a second SIGTERM when it does not end. */
const assets = `import { asset, type Ctx } from "@watersmeet/core";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Row = z.object({ id: z.int() });
const untilTold = async (ctx: Ctx, file: string) => {
  ctx.log.info("started");
  while (!existsSync(file)) await sleep(20);
  return [{ id: ctx.attempt }];
};
export const endsInTime = asset({ schema: Row }, (ctx: Ctx) => untilTold(ctx, "end-in-time"));
export const endsNever = asset({ schema: Row }, (ctx: Ctx) => untilTold(ctx, "end-never"));
export const quick = asset({ schema: Row }, () => [{ id: 1 }]);
`;

const commitLock = "hashtext('watersmeet'), hashtext('commit')";

async function createWorld(url: string): Promise<ProjectWorld> {
  return createProjectWorld({
    store: { kind: "postgres", url },
    assets,
    config: "worker: { concurrency: 2, childMemoryMb: 96 }",
  });
}

/** The run's steps that user code is at work on: it has said so. */
async function countStarted({ ledger }: ProjectWorld, run: string): Promise<number> {
  const { rows } = await sql`select from watersmeet.log_line where run_id = ${run} and message = 'started'`.execute(
    ledger.db,
  );
  return rows.length;
}

async function exitOf({ process: child }: WorkerProcess): Promise<readonly [number | null, string | null]> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return [child.exitCode, child.signalCode];
}

test("SIGTERM during user code: what ends in time is kept, the rest is handed back and counts against nobody", async () => {
  await using database = await createTestDatabase();
  await using world = await createWorld(database.url);
  const { db } = world.ledger;
  const worker = await world.spawnWorker();
  const id = await world.submit("endsInTime endsNever");
  await waitUntil(async () => (await countStarted(world, id)) === 2);
  worker.process.kill("SIGTERM");
  await world.write("end-in-time", "");
  expect(await exitOf(worker)).toEqual([0, null]);
  expect(worker.lines).toContain("stopped");
  expect((await listStepRows(db, id)).map(({ state, failures, crashes }) => [state, failures, crashes])).toEqual([
    ["succeeded", 0, 0],
    ["ready", 0, 0],
  ]);
  expect(await db.selectFrom("worker").select("id").execute()).toHaveLength(0);

  await world.write("end-never", "");
  await world.spawnWorker();
  expect(await waitForEnd(db, id)).toBe("succeeded");
  expect(await listAttemptOutcomes(db, id)).toEqual(expect.arrayContaining(["committed", "released", "committed"]));
});

test("SIGTERM during a commit: the commit is finished and recorded, once", async () => {
  await using database = await createTestDatabase();
  await using world = await createWorld(database.url);
  const { db } = world.ledger;
  const observer = new pg.Client({ connectionString: database.url });
  await observer.connect();
  try {
    const worker = await world.spawnWorker();
    expect(await waitForEnd(db, await world.submit("quick"))).toBe("succeeded");
    await observer.query(`select pg_advisory_lock(${commitLock})`);
    const id = await world.submit("quick");
    await waitUntil(async () => {
      const { rows } = await observer.query(
        "select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())",
      );
      return rows.length > 0;
    });
    worker.process.kill("SIGTERM");
    await observer.query(`select pg_advisory_unlock(${commitLock})`);
    expect(await exitOf(worker)).toEqual([0, null]);
    expect(await waitForEnd(db, id)).toBe("succeeded");
    expect(await listAttemptOutcomes(db, id)).toEqual(["committed"]);
    const { rows } = await observer.query("select from _watersmeet.version");
    expect(rows).toHaveLength(2);
  } finally {
    await observer.end();
  }
});

test("a second SIGTERM ends the worker at once, and its steps run elsewhere", async () => {
  await using database = await createTestDatabase();
  await using world = await createWorld(database.url);
  const { db } = world.ledger;
  const [worker] = [await world.spawnWorker()];
  const id = await world.submit("endsNever");
  await waitUntil(async () => (await countStarted(world, id)) === 1);
  worker.process.kill("SIGTERM");
  await waitUntil(async () => worker.lines.includes("stopping"));
  worker.process.kill("SIGTERM");
  expect(await exitOf(worker)).toEqual([null, "SIGTERM"]);
  await world.write("end-never", "");
  await world.spawnWorker();
  expect(await waitForEnd(db, id)).toBe("succeeded");
  expect(await listAttemptOutcomes(db, id)).toEqual(["lost", "committed"]);
});
