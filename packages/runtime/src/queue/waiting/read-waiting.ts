import type { ResourceUse } from "@watersmeet/core";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { Lane, LedgerDatabase } from "../../ledger/database.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId, RunState, StepState } from "../../ledger/records.ts";
import { readAllowances, type Allowance } from "../breaker/allowance.ts";
import { resumeBytesOf } from "../budget/decide-budget.ts";
import { countLacking } from "../counters/count-lacking.ts";
import { nameVersion } from "../deploy/asset-code.ts";
import { readUse, type ResourceNow } from "../limits/read-use.ts";
import { createShapeCache } from "../shape/shape-cache.ts";
import type { WaitingFor } from "./waiting-for.ts";

export interface StepRef {
  readonly runId: RunId;
  readonly ordinal: number;
}

/** In the order of the steps; `null` for one that runs or has ended, and for one that is not there. Looks without locking. */
export async function readWaiting(db: LedgerDb, steps: readonly StepRef[]): Promise<readonly (WaitingFor | null)[]> {
  if (steps.length === 0) return [];
  return db.transaction().execute(async (tx) => {
    const rows = await countInputs(tx, await findIdle(tx, steps));
    const names = [...new Set(rows.flatMap((row) => row.lane.resources.map((use) => use.name)))];
    const [uses, allowances, workers] = [
      await readUse(tx, names),
      await readAllowances(tx, names, nobody),
      await listAbleWorkers(tx),
    ];
    const found = new Map(rows.map((row) => [keyOf(row), decideWaiting(row, { uses, allowances, workers })]));
    return steps.map((step) => found.get(keyOf(step)) ?? null);
  });
}

/** What is set apart for one worker holds no step up. */
const nobody = "0";

/** Looking further back in the queue of a run says nothing more. */
const mostAhead = 1000;

interface IdleStep {
  readonly runId: RunId;
  readonly ordinal: number;
  readonly runState: RunState;
  readonly state: StepState;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly pending: number;
  readonly until: Date | null;
  readonly notBefore: Date | null;
  readonly failure: string | null;
  readonly crashes: number;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly lane: Lane;
  /** Bytes that wait, when that is why no more is taken from its lane. */
  readonly stagedBytes: number | null;
  readonly maxParallel: number | null;
  readonly running: number;
  readonly ahead: number | null;
  readonly otherRuns: number;
}

/** Of more steps than this at once, who is ahead is not counted, nor what has come since the round began. */
const mostCounted = 20;

async function findIdle(tx: Transaction<LedgerDatabase>, steps: readonly StepRef[]): Promise<readonly IdleStep[]> {
  const runs = [...new Set(steps.map((step) => step.runId))];
  const { rows } = await sql<IdleStep>`
    select step.run_id as "runId", step.ordinal, about.state as "runState", step.state, step.asset, step.partition, step.pending,
      step.deadline_at as until, case when step.not_before > now() then step.not_before end as "notBefore", step.failure ->> 'message' as failure,
      step.crashes, pin.code_version as "codeVersion", pin.schema_version as "schemaVersion",
      about.lanes -> step.lane::integer as lane, (select staged_bytes::float8 from watersmeet.lane_budget
        where lane_budget.run_id = step.run_id and lane_budget.lane = step.lane and is_paused) as "stagedBytes", about.max_parallel as "maxParallel", about.running, about."otherRuns",
      case when ${steps.length <= mostCounted} then (select count(*)::integer from (
        select from watersmeet.step as other where other.run_id = step.run_id and other.lane = step.lane and other.state = 'ready'
          and (other.priority > step.priority or (other.priority = step.priority and other.ordinal < step.ordinal)) limit ${mostAhead}) as ahead) end as ahead
    from (
      select id, state, lanes, max_parallel,
        (select count(*)::integer from watersmeet.step where step.run_id = run.id and step.state = 'running') as running,
        (select count(*)::integer from watersmeet.run as other
          where other.id <> run.id and other.state < 'succeeded' and other.state in ('queued', 'running')
            and exists (select from watersmeet.step where step.run_id = other.id and step.state = 'ready')) as "otherRuns"
      from watersmeet.run where id = any(${runs}::bigint[])) as about
    join unnest(${steps.map((step) => step.runId)}::bigint[], ${steps.map((step) => step.ordinal)}::integer[]) as wanted (run_id, ordinal)
      on wanted.run_id = about.id
    cross join lateral (
      select * from watersmeet.step where run_id = wanted.run_id and ordinal = wanted.ordinal and state in ('waiting', 'ready') offset 0) as step
    join watersmeet.run_asset as pin on pin.run_id = step.run_id and pin.asset = step.asset`.execute(tx);
  return rows;
}

/** Who waits for how much is in the memory of workers: here it is counted. */
async function countInputs(tx: Transaction<LedgerDatabase>, rows: readonly IdleStep[]): Promise<readonly IdleStep[]> {
  const shapeOf = createShapeCache();
  const counted: IdleStep[] = [];
  for (const row of rows) {
    const isAsked = row.state === "waiting" && rows.length <= mostCounted;
    counted.push(isAsked ? { ...row, pending: await countLacking(tx, row, await shapeOf(tx, row.runId)) } : row);
  }
  return counted;
}

/** What a live worker can take. */
interface AbleWorker {
  /** Empty: it does not say. */
  readonly stores: readonly string[];
  /** Versions of its code by asset, see `nameVersion`; `null`: it takes whatever it is given. */
  readonly codeVersions: Readonly<Record<string, string>> | null;
}

async function listAbleWorkers(tx: Transaction<LedgerDatabase>): Promise<readonly AbleWorker[]> {
  const { rows } = await sql<AbleWorker>`
    select stores, code_versions as "codeVersions" from watersmeet.worker where beat_at > now() - interval '2 seconds'`.execute(
    tx,
  );
  return rows;
}

interface Surroundings {
  readonly uses: ReadonlyMap<string, ResourceNow>;
  readonly allowances: ReadonlyMap<string, Allowance>;
  readonly workers: readonly AbleWorker[];
}

/** The first thing that a claim would find in the way. */
function decideWaiting(step: IdleStep, { uses, allowances, workers }: Surroundings): WaitingFor {
  if (step.runState === "paused") return { kind: "paused" };
  if (step.state === "waiting") return { kind: "inputs", count: step.pending, until: step.until };
  if (step.notBefore !== null) return { kind: "backoff", until: step.notBefore, failure: step.failure };
  const { store, resources } = step.lane;
  const reach = workers.filter(({ stores }) => stores.length === 0 || stores.includes(store));
  if (reach.length === 0) return { kind: "noWorker", store, codeVersion: null };
  const { codeVersion } = step;
  if (!reach.some(({ codeVersions }) => codeVersions === null || codeVersions[step.asset] === nameVersion(step))) {
    return { kind: "noWorker", store, codeVersion };
  }
  const { budget } = step.lane;
  if (budget !== undefined && step.stagedBytes !== null) {
    const { asset, bytes: budgetBytes } = budget;
    const resumeBytes = resumeBytesOf(budgetBytes);
    return { kind: "budget", asset, stagedBytes: step.stagedBytes, budgetBytes, resumeBytes };
  }
  for (const use of resources) {
    const waiting = decideResource(use, uses.get(use.name), allowances.get(use.name));
    if (waiting !== null) return waiting;
  }
  if (step.maxParallel !== null && step.running >= step.maxParallel) {
    return { kind: "runLimit", limit: step.maxParallel, running: step.running };
  }
  if (step.crashes > 0) return { kind: "suspect", crashes: step.crashes };
  return { kind: "fairShare", aheadInRun: step.ahead, otherRuns: step.otherRuns };
}

function decideResource(
  { name: resource, weight }: ResourceUse,
  now: ResourceNow | undefined,
  allowance: Allowance | undefined,
): WaitingFor | null {
  if (allowance?.kind === "open") {
    return { kind: "breaker", resource, until: allowance.until, reason: allowance.reason };
  }
  if (allowance?.kind === "halfOpen" && allowance.permits === 0) {
    return { kind: "breaker", resource, until: null, reason: `it is being tried after: ${allowance.reason}` };
  }
  if (now === undefined) return null;
  if (now.blockedUntil !== null) return { kind: "rate", resource, until: now.blockedUntil, reason: now.heldBecause };
  const { limit, taken, holders } = now;
  if (limit === null || taken + Math.min(weight, limit) <= limit) return null;
  return { kind: "limit", resource, limit, taken, needed: Math.min(weight, limit), holders };
}

function keyOf({ runId, ordinal }: StepRef): string {
  return `${runId}/${ordinal}`;
}
