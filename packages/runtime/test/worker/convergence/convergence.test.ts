import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterEach, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import { openWatersmeet } from "../../../src/app/open-watersmeet.ts";
import type { Watersmeet } from "../../../src/app/watersmeet.ts";
import type { StoreDefinition } from "../../../src/config/define-config.ts";
import type { RunId } from "../../../src/ledger/records.ts";
import { silentLogger } from "../../../src/observe/logger.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { listStepRows, waitUntil } from "../test-runs.ts";
import { createRivers, type RiversProject } from "./rivers-project.ts";

/*
 * L10 on the real engine: children, stores, workers as processes. Two generations of rows flow through merges of 2 to 8 branches. What readers see at the
 * end must be what one worker makes that runs one step at a time and meets no trouble, whatever the schedule, the failures, the deaths and the store.
 */
const processes: ChildProcess[] = [];
afterEach(() => {
  for (const child of processes.splice(0)) child.kill("SIGKILL");
});

interface World extends AsyncDisposable {
  readonly ledger: TestLedger;
  readonly rivers: RiversProject;
  readonly project: Watersmeet;
  spawnWorker(): Promise<ChildProcess>;
}

const duckdb = { kind: "duckdb", path: ".watersmeet/data.duckdb", memoryLimit: "256MB", threads: 1 } as const;

async function createWorld(store: StoreDefinition, concurrency: number): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const ledger = stack.use(await createTestLedger());
  const rivers = stack.use(await createRivers(store));
  const env = { ...process.env, DATABASE_URL: ledger.url, RIVERS_CONCURRENCY: String(concurrency) };
  const project = stack.use(await openWatersmeet({ directory: rivers.root, env, logger: silentLogger }));
  expect(project.project().problems).toEqual([]);
  const all = stack.move();
  return {
    ledger,
    rivers,
    project,
    async spawnWorker() {
      const main = fileURLToPath(new URL("rivers-worker.ts", import.meta.url));
      const child = spawn(process.execPath, [main, rivers.root], { env, stdio: ["ignore", "pipe", "ignore"] });
      processes.push(child);
      await once(child.stdout, "data");
      return child;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function submitGeneration(world: World, generation: number, seed: number): Promise<RunId> {
  await world.rivers.setWeather({ generation, seed });
  const { run } = await world.project.submitRun({ select: "*", force: true, requestedBy: "test" });
  return run.id;
}

/** A step that took its process with it too often, or threw too often, is retried until all is well. */
async function finish({ project, ledger }: World, id: RunId): Promise<void> {
  for (let retries = 0; retries < 4; retries++) {
    let state = "";
    for await (const run of project.followRun(id)) state = run.state;
    if (state === "succeeded") return;
    await project.retryRun(id, "test");
  }
  const bad = (await listStepRows(ledger.db, id)).filter((step) => step.state !== "succeeded");
  throw new Error(`run ${id} did not succeed: ${JSON.stringify(bad, null, 2)}`);
}

interface Outcome {
  readonly asset: string;
  readonly partition: string;
  readonly rows: string;
  readonly digest: string;
}

async function readOutcome({ ledger }: World): Promise<readonly Outcome[]> {
  const { rows } = await sql<Outcome>`
    select head.asset, head.partition, made.row_count as rows, made.data_digest as digest
    from watersmeet.head join watersmeet.materialization as made on made.id = head.materialization_id
    order by head.asset, head.partition`.execute(ledger.db);
  return rows;
}

/** Every step of every run ended well; and everything that the doctor looks at holds, of the ledger and of a store that others may open, rows included. */
async function expectTidy({ ledger, project }: World): Promise<void> {
  const { rows } = await sql<{ badly: number }>`
    select count(*)::integer as badly from watersmeet.step where state not in ('succeeded', 'unchanged')`.execute(
    ledger.db,
  );
  expect(rows[0]).toEqual({ badly: 0 });
  await project.examine();
  const violations = await project.doctor.findViolations({ isThorough: true });
  expect(violations.filter(({ code }) => code !== "WORKER_DEAD" && code !== "STAGING_LEFT")).toEqual([]);
}

async function countOutcomes({ ledger }: World, outcome: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from watersmeet.attempt where outcome = ${outcome}`.execute(ledger.db);
  return rows[0]?.count ?? 0;
}

/**
 * While a merge is held up, the ledger refuses its record for the moment, as it does when the database is short of something. So it is certain that the
 * process that is found with a merge still has it when something happens to that process.
 */
async function holdUpMerges({ ledger }: World): Promise<AsyncDisposable> {
  await sql`
    create function watersmeet.hold_up_merges() returns trigger language plpgsql as $$
      begin
        if new.asset like 'meet%' then raise exception 'merges are held up' using errcode = '53000'; end if;
        return new;
      end $$`.execute(ledger.db);
  await sql`
    create trigger hold_up_merges before insert on watersmeet.materialization
      for each row execute function watersmeet.hold_up_merges()`.execute(ledger.db);
  return {
    async [Symbol.asyncDispose]() {
      await sql`drop function watersmeet.hold_up_merges cascade`.execute(ledger.db);
    },
  };
}

/** Submits a generation, and does something to the first of the processes that runs a merge, while it has it. */
async function submitAndMeddle(
  world: World,
  generation: { readonly number: number; readonly seed: number },
  meddle: (worker: ChildProcess) => Promise<void>,
): Promise<RunId> {
  await using _heldUp = await holdUpMerges(world);
  const id = await submitGeneration(world, generation.number, generation.seed);
  await meddle(await findMerging(world));
  return id;
}

/** The one of the processes that is the first to run a merge. */
async function findMerging({ ledger }: World): Promise<ChildProcess> {
  let found: ChildProcess | undefined;
  await waitUntil(async () => {
    const { rows } = await sql<{ pid: number }>`
      select worker.pid from watersmeet.step join watersmeet.worker on worker.id = step.worker_id
      where step.state = 'running' and step.asset like 'meet%'`.execute(ledger.db);
    found = processes.find((worker) => rows.some((row) => row.pid === worker.pid));
    return found !== undefined;
  });
  if (found === undefined) throw new Error("a merge runs in none of the processes");
  return found;
}

async function killWorker(worker: ChildProcess): Promise<void> {
  worker.kill("SIGKILL");
  await once(worker, "exit");
}

/** A worker that lives is given up, however often it beats: two processes do the same work from here on, until the first notices. */
async function takeForDead(world: World, { pid }: ChildProcess): Promise<void> {
  const lostCount = await countOutcomes(world, "lost");
  await waitUntil(async () => {
    await sql`update watersmeet.worker set beat_at = now() - interval '1 minute' where pid = ${pid ?? 0}`.execute(
      world.ledger.db,
    );
    return (await countOutcomes(world, "lost")) > lostCount;
  });
}

let expected: readonly Outcome[];

beforeAll(async () => {
  await using world = await createWorld(duckdb, 1);
  await using _worker = await world.project.startWorker();
  for (const generation of [1, 2]) await finish(world, await submitGeneration(world, generation, 0));
  expected = await readOutcome(world);
  await expectTidy(world);
});

test("one step at a time and no trouble is a reference that has something to compare", () => {
  expect(expected).toHaveLength(6 + 2 * 2 + 3 + 1);
  expect(new Set(expected.map((each) => each.digest)).size).toBe(expected.length);
});

test("on DuckDB: random order, failures and retries, and a process that takes the file over from one that was killed", async () => {
  await using world = await createWorld(duckdb, 3);
  await world.spawnWorker();
  await finish(world, await submitGeneration(world, 1, 11));
  await world.spawnWorker();
  await finish(world, await submitAndMeddle(world, { number: 2, seed: 12 }, killWorker));
  expect(await readOutcome(world)).toEqual(expected);
  await expectTidy(world);
  expect(await countOutcomes(world, "lost")).toBeGreaterThan(0);
  expect(await countOutcomes(world, "failed")).toBeGreaterThan(0);
});

test("on Postgres: a worker is killed at a merge, and another works on after its steps were given to others", async () => {
  await using database = await createTestDatabase();
  await using world = await createWorld({ kind: "postgres", url: database.url }, 2);
  await Promise.all([world.spawnWorker(), world.spawnWorker(), world.spawnWorker()]);
  await finish(world, await submitAndMeddle(world, { number: 1, seed: 21 }, killWorker));
  expect(await countOutcomes(world, "lost")).toBeGreaterThan(0);
  const lostCount = await countOutcomes(world, "lost");
  await finish(world, await submitAndMeddle(world, { number: 2, seed: 22 }, (worker) => takeForDead(world, worker)));
  expect(await readOutcome(world)).toEqual(expected);
  await expectTidy(world);
  expect(await countOutcomes(world, "lost")).toBeGreaterThan(lostCount);
});
