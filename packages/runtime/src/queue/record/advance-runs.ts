import { normalizeRanges, type OrdinalRange } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { RunId } from "../../ledger/records.ts";
import { settleWaits } from "../merge-wait/settle-waits.ts";
import {
  listBarrierReleases,
  listDescendants,
  listReleases,
  listTouchedMerges,
  type Release,
} from "../shape/dependencies.ts";
import { getAssetOf, type RunShape } from "../shape/run-shape.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";
import { countEndings } from "./count-endings.ts";
import { finishRuns } from "./finish-runs.ts";

export interface Advance {
  readonly readyCount: number;
  readonly finishedRuns: readonly RunId[];
  readonly events: readonly NewEvent[];
}

/** After steps have ended: who may run now, who never will, counters, and the end of runs. The runs' rows are locked. */
export async function advanceRuns(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
  shapes: ReadonlyMap<RunId, RunShape>,
): Promise<Advance> {
  let readyCount = 0;
  const events: NewEvent[] = [];
  const ending: RunId[] = [];
  for (const [runId, attempts] of Map.groupBy(accepted, (each) => each.run.id)) {
    const ended = attempts.filter((each) => each.move.state !== "ready");
    const shape = shapes.get(runId);
    if (shape === undefined || ended.length === 0) continue;
    const advance = await advanceRun(tx, { runId, shape }, { ended, givenUp: [], judged: [] });
    readyCount += advance.readyCount;
    events.push(...advance.events);
    if (advance.isLast) ending.push(runId);
  }
  const finished = await finishRuns(tx, ending);
  return { readyCount, finishedRuns: finished.ids, events: [...events, ...finished.events] };
}

/** What has moved in a run: attempts that ended, merges that gave up, merges to look at. */
export interface Wave {
  readonly ended: readonly AcceptedAttempt[];
  /** Merges that ended as failed without an attempt. */
  readonly givenUp: readonly number[];
  /** Merges that may have to decide, whoever ended. */
  readonly judged: readonly OrdinalRange[];
}

export interface RunAdvance {
  readonly readyCount: number;
  readonly events: readonly NewEvent[];
  /** Whether the run's last step has ended. */
  readonly isLast: boolean;
}

/** A merge that gives up ends what needs it, which may be what another merge waits for: so it goes on until nothing more moves. */
export async function advanceRun(
  tx: Transaction<LedgerDatabase>,
  run: { readonly runId: RunId; readonly shape: RunShape },
  first: Wave,
): Promise<RunAdvance> {
  const events: NewEvent[] = [];
  let readyCount = 0;
  let isLast = false;
  for (let wave: Wave | null = first; wave !== null;) {
    const moved = await advanceWave(tx, run, wave);
    readyCount += moved.readyCount;
    events.push(...moved.events);
    isLast ||= moved.isLast;
    wave = moved.givenUp.length === 0 ? null : { ended: [], givenUp: moved.givenUp, judged: [] };
  }
  return { readyCount, events, isLast };
}

async function advanceWave(
  tx: Transaction<LedgerDatabase>,
  { runId, shape }: { readonly runId: RunId; readonly shape: RunShape },
  { ended, givenUp, judged }: Wave,
): Promise<RunAdvance & { readonly givenUp: readonly number[] }> {
  const good = ended.filter(({ move }) => move.state === "succeeded" || move.state === "unchanged").map(ordinalOf);
  const failed = ended.filter(({ move }) => move.state === "failed" || move.state === "blocked").map(ordinalOf);
  const lost = await loseDescendants(tx, { runId, shape, failed: [...failed, ...givenUp] });
  const bad = [...failed, ...givenUp, ...lost];
  const endings = {
    runId,
    ended,
    upstreamFailed: countByAsset(shape, lost),
    givenUp: countByAsset(shape, givenUp),
  };
  const [counted, released] = await Promise.all([
    countEndings(tx, endings),
    releaseSteps(tx, runId, [...listReleases(shape, good), ...listReleases(shape, bad, "optional")]),
  ]);
  const passed = await releaseSteps(tx, runId, listBarrierReleases(shape, counted));
  const touched = listTouchedMerges(shape, { good, bad, closed: counted.closed });
  const settled = await settleWaits(tx, { runId, shape, steps: normalizeRanges([...judged, ...touched]) });
  return {
    readyCount: released + passed + settled.readyCount,
    events: [...describeLost(shape, runId, lost), ...settled.events],
    isLast: counted.isLast,
    givenUp: settled.failed,
  };
}

function describeLost(shape: RunShape, runId: RunId, lost: readonly number[]): readonly NewEvent[] {
  return [...Map.groupBy(lost, (ordinal) => getAssetOf(shape, ordinal).key)].map(([asset, steps]) => ({
    kind: "step:finished",
    runId,
    asset,
    body: { state: "upstreamFailed", count: steps.length },
  }));
}

function ordinalOf({ ended }: AcceptedAttempt): number {
  return ended.step.ordinal;
}

/** Steps that need what failed end as upstreamFailed; gives the ones that this call ended. Others may have lost them before. */
async function loseDescendants(
  tx: Transaction<LedgerDatabase>,
  options: { readonly runId: RunId; readonly shape: RunShape; readonly failed: readonly number[] },
): Promise<readonly number[]> {
  const ranges = options.failed.length === 0 ? [] : listDescendants(options.shape, options.failed);
  if (ranges.length === 0) return [];
  const { rows } = await sql<{ ordinal: number }>`
    update watersmeet.step set state = 'upstreamFailed', finished_at = now()
    from unnest(${ranges.map(() => options.runId)}::bigint[], ${fromsOf(ranges)}::integer[], ${tosOf(ranges)}::integer[])
      as lost (run_id, first, beyond)
    where step.run_id = lost.run_id and step.ordinal >= lost.first and step.ordinal < lost.beyond and step.state = 'waiting'
    returning step.ordinal`.execute(tx);
  return rows.map((row) => row.ordinal);
}

function fromsOf(ranges: readonly OrdinalRange[]): readonly number[] {
  return ranges.map(([from]) => from);
}

function tosOf(ranges: readonly OrdinalRange[]): readonly number[] {
  return ranges.map(([, to]) => to);
}

function countByAsset(shape: RunShape, ordinals: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const ordinal of ordinals) {
    const { position } = getAssetOf(shape, ordinal);
    counts.set(position, (counts.get(position) ?? 0) + 1);
  }
  return counts;
}

/** Counters are lowered this many at a time. */
const releaseSize = 10_000;

/** Lowers the counters of steps and gives how many reached zero. */
async function releaseSteps(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  releases: readonly Release[],
): Promise<number> {
  const counts = new Map<number, number>();
  let readyCount = 0;
  for (const { from, to, count } of releases) {
    for (let ordinal = from; ordinal < to; ordinal++) {
      counts.set(ordinal, (counts.get(ordinal) ?? 0) + count);
      if (counts.size < releaseSize) continue;
      readyCount += await lowerCounters(tx, runId, counts);
      counts.clear();
    }
  }
  return counts.size === 0 ? readyCount : readyCount + (await lowerCounters(tx, runId, counts));
}

/**
 * The run's id comes with every row: a constant would let a planner without statistics begin with all steps of the run, and look through the list for each
 * (measured: 60 times slower).
 */
async function lowerCounters(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  counts: ReadonlyMap<number, number>,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with moved as (
      update watersmeet.step set pending = step.pending - lowered.count,
        state = (case when step.pending <= lowered.count then 'ready' else 'waiting' end)::watersmeet.step_state
      from unnest(${[...counts.keys()].map(() => runId)}::bigint[], ${[...counts.keys()]}::integer[], ${[...counts.values()]}::integer[])
        as lowered (run_id, ordinal, count)
      where step.run_id = lowered.run_id and step.ordinal = lowered.ordinal and step.state = 'waiting'
      returning step.state)
    select count(*)::integer as count from moved where state = 'ready'`.execute(tx);
  return rows[0]?.count ?? 0;
}
