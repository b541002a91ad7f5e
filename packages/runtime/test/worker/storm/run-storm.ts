import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { openLedger, type LedgerDb } from "../../../src/ledger/open-ledger.ts";
import { ringDoorbell } from "../../../src/queue/doorbell/doorbell.ts";
import { insertRun } from "../../../src/queue/submit-run.ts";
import type { AssetSketch } from "../test-plans.ts";
import { newRun } from "../test-runs.ts";

/** How often something happens: by the clock, or each time that so many more steps have ended, whatever the machine is busy with. */
export type Pace = { readonly everyMs: number } | StepPace;

interface StepPace {
  readonly everySteps: number;
}

export interface StormOptions {
  /** Of a migrated ledger, with its doorbell. */
  readonly url: string;
  readonly sketches: readonly AssetSketch[];
  readonly workers: number;
  /** When one of the workers is killed and another started; by steps, no more of them have an effect until that has happened. @default never */
  readonly kills?: Pace;
  /** What else happens now and then. */
  readonly trouble?: { readonly pace: Pace; readonly make: () => Promise<void> };
  /** In [0, 1): which worker is killed. */
  readonly random: () => number;
}

export interface StormResult {
  /** From the first claim that is possible to the last recorded step. */
  readonly elapsedMs: number;
  readonly kills: number;
  readonly troubles: number;
  readonly stepCount: number;
  readonly states: Readonly<Record<string, number>>;
  /** What must not be: see `readHarm`. */
  readonly harm: Harm;
}

export interface Harm {
  /** Commits with another number of effects than one. */
  readonly wrongEffects: number;
  /** Versions on record without their effect, and steps that succeeded without a version. */
  readonly withoutEffect: number;
  readonly withoutVersion: number;
  /** Steps that have not ended, and leases that are held. */
  readonly open: number;
  readonly leases: number;
}

/** Lets workers do a run while processes are killed, and says how long it took and whether anything came to harm. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  await using ledger = await openLedger(options.url, { maxConnections: 3 });
  await sql`create schema storm`.execute(ledger.db);
  await sql`create table storm.commit (id text primary key)`.execute(ledger.db);
  await sql`create table storm.effect (commit_id text not null, attempt integer not null)`.execute(ledger.db);
  const gate = options.kills !== undefined && "everySteps" in options.kills ? options.kills : null;
  if (gate !== null) await openGate(ledger.db, gate.everySteps);
  await using fleet = createFleet([options.url, ...(gate === null ? [] : ["gated"])]);
  await Promise.all(Array.from({ length: options.workers }, () => fleet.add()));
  const { id } = await insertRun(ledger.db, newRun(options.sketches));
  await ringDoorbell(ledger.db, options.workers);

  const startedMs = performance.now();
  const isTimeToKill = createPacer(options.kills);
  const isTimeForTrouble = createPacer(options.trouble?.pace);
  let [kills, troubles] = [0, 0];
  for (;;) {
    const progress = await readProgress(ledger.db, id);
    if (progress === "ended") break;
    if (progress !== null && isTimeToKill(progress)) {
      await fleet.replace(options.random());
      kills++;
      if (gate !== null) await patiently(() => openGate(ledger.db, progress + gate.everySteps));
    }
    if (progress !== null && isTimeForTrouble(progress)) {
      troubles++;
      await options.trouble?.make();
    }
    await sleep(20);
  }
  const elapsedMs = performance.now() - startedMs;
  // The last worker may have been killed after the last step was recorded.
  await waitUntilTidy(ledger.db);
  const states = await readStates(ledger.db, id);
  const stepCount = Object.values(states).reduce((sum, count) => sum + count, 0);
  return { elapsedMs, kills, troubles, stepCount, states, harm: await readHarm(ledger.db, id) };
}

/** From now on so many effects are allowed. */
async function openGate(db: LedgerDb, allowed: number): Promise<void> {
  await sql`create table if not exists storm.gate (allowed integer not null)`.execute(db);
  await sql`insert into storm.gate values (${allowed})`.execute(db);
}

/** The database may be away. */
async function patiently(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(20);
    }
  }
}

interface Fleet extends AsyncDisposable {
  /** Resolves when it works. */
  add(): Promise<void>;
  /** Kills one of those that work, as soon as there is one, and starts another. */
  replace(random: number): Promise<void>;
}

interface Member {
  readonly process: ChildProcess;
  readonly ready: Promise<unknown>;
  isReady: boolean;
}

function createFleet(args: readonly string[]): Fleet {
  const main = fileURLToPath(new URL("storm-worker.ts", import.meta.url));
  const members: Member[] = [];
  const start = (): Member => {
    const worker = spawn(process.execPath, [main, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    const member: Member = { process: worker, ready: once(worker.stdout, "data"), isReady: false };
    worker.stdout.once("data", () => {
      member.isReady = true;
    });
    members.push(member);
    return member;
  };
  return {
    async add() {
      await start().ready;
    },
    async replace(random) {
      await Promise.race(members.map((member) => member.ready));
      const ready = members.filter((member) => member.isReady);
      const victim = ready[Math.floor(random * ready.length)];
      if (victim === undefined) return;
      members.splice(members.indexOf(victim), 1);
      victim.process.kill("SIGKILL");
      start();
    },
    async [Symbol.asyncDispose]() {
      for (const { process: worker } of members) {
        worker.kill("SIGKILL");
        if (worker.exitCode === null && worker.signalCode === null) await once(worker, "exit");
      }
    },
  };
}

/** Tells when it is time again. */
function createPacer(pace: Pace | undefined): (doneCount: number) => boolean {
  if (pace === undefined) return () => false;
  const measure = (doneCount: number): number => ("everyMs" in pace ? performance.now() : doneCount);
  const every = "everyMs" in pace ? pace.everyMs : pace.everySteps;
  let last = measure(0);
  return (doneCount) => {
    if (measure(doneCount) - last < every) return false;
    last = measure(doneCount);
    return true;
  };
}

/** How many steps have succeeded; `null` while the database is away. */
async function readProgress(db: LedgerDb, id: string): Promise<number | "ended" | null> {
  try {
    const { rows } = await sql<{ open: number; done: number }>`
      select coalesce(sum(open_count), 0)::integer as open, coalesce(sum(succeeded), 0)::integer as done
      from watersmeet.run_asset where run_id = ${id}`.execute(db);
    return rows[0]?.open === 0 ? "ended" : (rows[0]?.done ?? null);
  } catch {
    return null;
  }
}

async function waitUntilTidy(db: LedgerDb): Promise<void> {
  const untilMs = performance.now() + 240_000;
  while (performance.now() < untilMs) {
    const { rows } = await sql<{ left: number }>`
      select count(*)::integer as left from watersmeet.worker where beat_at < now() - interval '2 seconds'`.execute(db);
    if (rows[0]?.left === 0) return;
    await sleep(100);
  }
}

async function readStates(db: LedgerDb, id: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await sql<{ state: string; count: number }>`
    select state::text, count(*)::integer as count from watersmeet.step where run_id = ${id} group by 1 order by 1`.execute(
    db,
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

async function readHarm(db: LedgerDb, id: string): Promise<Harm> {
  const { rows } = await sql<Harm>`
    select
      (select count(*)::integer from (select from storm.effect group by commit_id having count(*) <> 1) as e)
        + (select count(*)::integer from storm.commit where not exists (select from storm.effect where commit_id = commit.id)) as "wrongEffects",
      (select count(*)::integer from watersmeet.materialization as made
        where not exists (select from storm.effect where commit_id = made.commit_id)) as "withoutEffect",
      (select count(*)::integer from watersmeet.step where run_id = ${id} and state = 'succeeded' and materialization_id is null) as "withoutVersion",
      (select count(*)::integer from watersmeet.step where run_id = ${id} and state in ('waiting', 'ready', 'running')) as open,
      (select count(*)::integer from watersmeet.resource_lease) as leases`.execute(db);
  const [harm] = rows;
  if (harm === undefined) throw new Error("a query of one row gave none");
  return harm;
}
