import { startAttempt } from "./attempt.ts";
import type { RunRow, StepRow } from "./simulated-ledger.ts";
import type { WorkerProcess, World } from "./world.ts";

/** A dead session is noticed after this, a process that stands still with its session open after much longer. */
const reapAfterMs = 400;
const silentAfterMs = 15_000;
const forgottenAfterMs = 10_000;

export function startWorkerProcess(world: World): WorkerProcess {
  const { random } = world;
  let isWoken = false;
  const process: WorkerProcess = {
    id: world.nextId(),
    isAlive: true,
    diedAt: 0,
    stillSince: 0,
    stillUntil: 0,
    isListed: true,
    held: new Set(),
    wake() {
      if (isWoken) return;
      isWoken = true;
      world.act(process, random.between(0, 5), 10, () => {
        isWoken = false;
        claim(world, process);
      });
    },
    die() {
      process.isAlive = false;
      process.diedAt = world.now();
      world.later(random.between(100, 1200), 11, () => startWorkerProcess(world));
    },
  };
  world.processes.push(process);
  openStore(world, process);
  poll(world, process);
  return process;
}

/** Whoever opens the store records what has no record, and has the ledger follow: it looks, and then writes, and in between others work. */
function openStore(world: World, process: WorkerProcess): void {
  const { core, store, ledger, random } = world;
  world.act(process, random.between(1, 10), 12, () => {
    const served = store.listServed();
    const found = store.commits.filter((commit) => !ledger.records.has(commit.commitId));
    const adopted = found.map((commit) => ({ commit, isServed: served.includes(commit) }));
    world.act(process, random.between(1, 10), 13, () => {
      if (core.reconciles) ledger.adopt(adopted, world.now());
      const lookedAt = world.now();
      const seen = store.listServed();
      if (core.followsStore) world.act(process, random.between(1, 10), 17, () => ledger.followStore(seen, lookedAt));
    });
  });
}

/** What is ready is found without a bell, too. */
function poll(world: World, process: WorkerProcess): void {
  world.act(process, world.random.between(1500, 2500), 14, () => {
    claim(world, process);
    if (world.isOpen()) poll(world, process);
  });
}

function claim(world: World, process: WorkerProcess): void {
  const free = world.scenario.slots - process.held.size;
  if (free <= 0 || world.strikes("ledgerFails")) return;
  const claimed = world.ledger.claim(process.id, free, world.now());
  // It was claimed, and the process will never know: another look finds it out.
  if (claimed.length > 0 && world.strikes("ledgerUnanswered")) return;
  for (const { run, row } of claimed) startAttempt(world, process, { run, row });
}

/** What `sweeps.ts` does in every worker: any one that is awake does it for all. */
export function sweep(world: World): void {
  const now = world.now();
  const sweeper = world.processes.find((each) => each.isAlive && each.stillUntil <= now);
  if (sweeper !== undefined) {
    for (const process of world.processes) {
      const isDead = !process.isAlive && now - process.diedAt > reapAfterMs;
      const isSilent = process.isAlive && process.stillUntil > now && now - process.stillSince > silentAfterMs;
      if (process.isListed && (isDead || isSilent)) giveUp(world, process);
    }
    const listed = new Map(world.processes.flatMap((each) => (each.isListed ? [[each.id, each] as const] : [])));
    for (const run of world.ledger.runs) for (const row of run.rows) giveBack(world, run, row, listed);
  }
  const known = world.processes.filter((each) => each.isAlive || each.isListed);
  world.processes.splice(0, world.processes.length, ...known);
  if (world.isOpen()) world.later(400, 15, () => sweep(world));
}

function giveUp(world: World, process: WorkerProcess): void {
  process.isListed = false;
  if (!process.isAlive) return;
  // It learns of it when it goes on; until then it works as if nothing had happened.
  const delayMs = process.stillUntil - world.now() + world.random.between(0, 300);
  world.act(process, delayMs, 16, () => {
    for (const attempt of process.held) attempt.isFenced = true;
    process.id = world.nextId();
    process.isListed = true;
  });
}

/** Steps whose worker is gone, and steps that a worker does not know it has. */
function giveBack(world: World, run: RunRow, row: StepRow, listed: ReadonlyMap<number, WorkerProcess>): void {
  if (row.state !== "running" || row.worker === null) return;
  const holder = listed.get(row.worker);
  const attempt = row.attempt;
  if (holder === undefined) {
    const outcome = { kind: "lost", workerId: String(row.worker) } as const;
    countLost(world, row);
    world.ledger.record({ run, row, attempt, startedAt: row.startedAt, outcome }, world.now());
  } else if (
    holder.isAlive &&
    holder.stillUntil <= world.now() &&
    world.now() - row.startedAt > forgottenAfterMs &&
    ![...holder.held].some((held) => held.row === row && held.number === attempt)
  ) {
    world.ledger.record({ run, row, attempt, startedAt: row.startedAt, outcome: { kind: "released" } }, world.now());
  } else return;
  for (const process of world.processes) process.wake();
}

/** S9: counted apart from the ledger, which may miscount. */
const lostCounts = new WeakMap<StepRow, number>();

function countLost(world: World, row: StepRow): void {
  const count = (lostCounts.get(row) ?? 0) + 1;
  lostCounts.set(row, count);
  if (count > 3) world.findings.add("S9", `${row.step.asset} has taken ${count} workers with it and goes on`);
}
