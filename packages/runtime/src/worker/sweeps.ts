import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { tendBudgets } from "../queue/budget/tend-budgets.ts";
import type { HeldStep } from "../queue/claim/take-ready.ts";
import { listLongHolds, settleHolds } from "../queue/counters/holds.ts";
import { releaseStranded } from "../queue/counters/release-stranded.ts";
import type { Code } from "../queue/deploy/asset-code.ts";
import { followDeployment } from "../queue/deploy/follow-deployment.ts";
import type { RunCode, RunOfRevision } from "../queue/deploy/pinned-code.ts";
import { createLoadMeter } from "../queue/limits/measure-load.ts";
import { tickLimits } from "../queue/limits/tick-limits.ts";
import { listDueRuns, passDeadlines } from "../queue/merge-wait/pass-deadlines.ts";
import type { EndedAttempt } from "../queue/record/accepted-attempt.ts";
import { recordOutcomes, type RecordDeps } from "../queue/record/record-outcomes.ts";
import { reapWorkers } from "./reap-workers.ts";
import type { Slots } from "./slots.ts";

export interface Sweeps extends AsyncDisposable {
  /** Whether another worker was there at the last look. */
  hasPeers(): boolean;
}

export interface SweepOptions {
  readonly db: LedgerDb;
  readonly deps: RecordDeps;
  readonly logger: Logger;
  readonly slots: Slots;
  readonly workerId: () => string;
  /** Whether this process knows that it has the step: running, waiting, or on its way to the record. */
  readonly isHeld: (step: HeldStep) => boolean;
  readonly onReady: () => void;
  /** Dead workers were taken away: their attempts have ended. */
  readonly onReaped: () => void;
  /** Tells the ledger what this worker can take. */
  readonly announce: () => Promise<void>;
  /** `undefined`: the worker takes whatever it is given, and says nothing to runs. */
  readonly code: (() => Code) | undefined;
  readonly runCode: RunCode;
}

/** What a dead peer or a cancelled run waits for at most. */
const sweepEveryMs = 100;

/** So many looks apart are those at what should not be there: steps without a worker, and steps that a worker does not know of. */
const thoroughEvery = 20;

/** Looks again and again at what nobody tells: dead workers, cancelled runs, peers. Every worker does; states, not events. */
export function startSweeps(options: SweepOptions): Sweeps {
  const stopping = new AbortController();
  const measureLoad = createLoadMeter();
  let peers = 0;
  const loop = async (): Promise<void> => {
    for (let round = 0; !stopping.signal.aborted; round++) {
      try {
        const isThorough = round % thoroughEvery === 0;
        peers = await sweep(options, isThorough);
        if (isThorough) {
          await options.announce();
          await followOwnDeployment(options);
          await releaseForgotten(options);
          await releaseStill(options);
          if ((await tendBudgets(options.db, options.deps.shapeOf)) > 0) options.onReady();
          await tickLimits(options.db, { load: measureLoad() });
        }
      } catch (error) {
        options.logger.warn({ error: String(error) }, "the sweep failed and is tried again");
      }
      await sleep(sweepEveryMs);
    }
  };
  const done = loop();
  return {
    hasPeers: () => peers > 0,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await done;
    },
  };
}

async function sweep(options: SweepOptions, isThorough: boolean): Promise<number> {
  const { db, deps, logger, slots } = options;
  const reaped = await reapWorkers(db, { selfId: options.workerId(), deps, findsOrphans: isThorough });
  if (reaped.workers.length > 0) {
    logger.warn({ workers: reaped.workers, ready: reaped.readyCount }, "dead workers' steps were given back");
    options.onReady();
    options.onReaped();
  }
  await showLongSteps(options);
  await passDueDeadlines(options);
  const { rows } = await sql<{ changed: readonly ChangedRun[]; peers: number }>`
    select (select coalesce(json_agg(json_build_object('id', id::text, 'code_revision', code_revision, 'isCancelled', state = 'cancelling')), '[]')
        from watersmeet.run where id = any(${[...slots.listRuns()]}::bigint[]) and (state = 'cancelling' or code_revision > 0)) as changed,
      (select count(*)::integer from watersmeet.worker where id <> ${options.workerId()}) as peers`.execute(db);
  for (const run of rows[0]?.changed ?? []) await heedChange(options, run);
  return rows[0]?.peers ?? 0;
}

/** Steps that are held without rows get them when one takes long, so that everybody sees that they run. */
async function showLongSteps({ db, deps, workerId }: SweepOptions): Promise<void> {
  for (const id of await listLongHolds(db, workerId())) {
    const shape = await deps.shapeOf(db, id);
    await db.transaction().execute(async (tx) => {
      await sql`select from watersmeet.run where id = ${id} for update`.execute(tx);
      await settleHolds(tx, { id, shape }, { workerId: workerId() });
    });
    deps.plain?.settled(id);
  }
}

/** A run of which something is held here. */
interface ChangedRun extends RunOfRevision {
  readonly isCancelled: boolean;
}

/** What runs of a cancelled run is stopped; what has not begun of one that is pinned to other code now is for others. */
async function heedChange({ db, slots, runCode }: SweepOptions, run: ChangedRun): Promise<void> {
  if (run.isCancelled) return slots.abort((step) => step.runId === run.id, "cancelled");
  const foreign = new Set(await runCode.foreign(db, run));
  if (foreign.size > 0) slots.handBack((step) => step.runId === run.id && foreign.has(step.asset));
}

/** What the time of a merge needs is a look, not a bell: whoever started it may be dead. */
async function passDueDeadlines(options: SweepOptions): Promise<void> {
  const { db, deps, logger } = options;
  for (const runId of await listDueRuns(db)) {
    const passed = await passDeadlines(db, runId, deps);
    if (passed.decidedCount === 0) continue;
    logger.info({ run: runId, merges: passed.decidedCount }, "merges decided without branches whose time has passed");
    options.onReady();
  }
}

/** What this worker brought may be news to runs that go on. */
async function followOwnDeployment({ db, code, workerId, logger, onReady }: SweepOptions): Promise<void> {
  if (code === undefined) return;
  const runs = await followDeployment(db, { workerId: workerId(), code: code() });
  if (runs.length === 0) return;
  logger.info({ runs }, "runs follow the code of this worker, as they were told to");
  onReady();
}

async function releaseStill(options: SweepOptions): Promise<void> {
  const stranded = await releaseStranded(options.db, options.deps.shapeOf);
  if (stranded.length === 0) return;
  options.logger.error(
    { runs: stranded },
    "runs stood still although steps of them could run; this is a defect, please report it",
  );
  options.onReady();
}

/**
 * A claim whose commit succeeded and whose answer was lost leaves steps with a worker that does not know it has them. Nobody else would take them back
 * while the worker lives.
 */
async function releaseForgotten(options: SweepOptions): Promise<void> {
  const { db, deps } = options;
  const { rows } = await sql<HeldStep & { readonly startedAt: Date }>`
    select run_id as "runId", ordinal, asset, partition, lane, reason, attempt, crashes, started_at as "startedAt" from watersmeet.step
    where state = 'running' and worker_id = ${options.workerId()} and started_at < now() - interval '10 seconds'`.execute(
    db,
  );
  const forgotten = rows.filter((step) => !options.isHeld(step));
  if (forgotten.length === 0) return;
  options.logger.warn({ steps: forgotten.length }, "steps that this worker did not know it had were given back");
  const ended = forgotten.map(({ startedAt, ...step }): EndedAttempt => ({
    step,
    workerId: options.workerId(),
    outcome: { kind: "released" },
    startedAt,
    finishedAt: new Date(),
    inputs: [],
    inputIds: [],
    orders: null,
  }));
  await recordOutcomes(db, ended, deps);
  options.onReady();
}
