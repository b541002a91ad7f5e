import { listOrdinals, normalizeRanges, type OrdinalRange } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { RunId } from "../../ledger/records.ts";
import type { HeldStep } from "../claim/take-ready.ts";
import { makeLost } from "../counters/make-steps.ts";
import { beginProgress, type Progress, type RunCounters } from "../counters/run-counters.ts";
import type { EndedSteps } from "../counters/step-rows.ts";
import { settleWaits } from "../merge-wait/settle-waits.ts";
import { listDescendants, listTouchedMerges } from "../shape/dependencies.ts";
import { getAssetOf, type RunShape } from "../shape/run-shape.ts";
import type { StoredShape } from "../shape/shape-cache.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";
import { countEndings } from "./count-endings.ts";
import { releaseInWindow } from "./release-in-window.ts";
import { releaseSteps, type Room } from "./release-steps.ts";

/** A run whose row is locked, with counters of its revision. */
export interface AdvancingRun {
  readonly runId: RunId;
  readonly shape: StoredShape;
  readonly counters: RunCounters;
  /** Nothing is released any more. */
  readonly isCancelling: boolean;
  /** Asked when steps are released. */
  readonly room: () => Room | null;
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
  /** Steps that became ready and that nobody holds. */
  readonly readyCount: number;
  /** Steps that were taken as they were released. */
  readonly held: readonly HeldStep[];
  readonly events: readonly NewEvent[];
  /** All that has ended, by itself or because of others. */
  readonly ended: EndedSteps;
  /** Whether the run's last step has ended. */
  readonly isLast: boolean;
  /** To be called after the commit: the counters follow. */
  readonly remember: () => void;
}

/**
 * After steps have ended: who may run now, who never will, and counters. The run's row is locked. A merge that gives up ends what needs it, which may be what
 * another merge waits for: so it goes on until nothing more moves.
 */
export async function advanceRun(tx: Transaction<LedgerDatabase>, run: AdvancingRun, first: Wave): Promise<RunAdvance> {
  const progress = beginProgress(run.shape, run.counters);
  const revision = run.counters.revision + 1;
  const tally = { ended: first.ended, upstreamFailed: new Map<number, number>(), givenUp: new Map<number, number>() };
  const count = (): Promise<void> =>
    countEndings(tx, { runId: run.runId, ...tally, ...progress.ended, made: progress.made, revision });
  const events: NewEvent[] = [];
  const held: HeldStep[] = [];
  let readyCount = 0;
  for (let wave: Wave | null = first; wave !== null;) {
    // Without merges that may give up there is one wave, and what it counts need not wait for what it releases.
    const moved: WaveAdvance = await advanceWave(tx, { ...run, progress, tally, count }, wave);
    readyCount += moved.readyCount;
    events.push(...moved.events);
    held.push(...moved.held);
    wave = moved.givenUp.length === 0 ? null : { ended: [], givenUp: moved.givenUp, judged: [] };
  }
  if (run.shape.hasLegs) await count();
  const { ended } = progress;
  return { readyCount, held, events, ended, isLast: progress.isOver(), remember: () => progress.apply(revision) };
}

/** Steps by position that ended without an attempt. */
interface Tally {
  readonly upstreamFailed: Map<number, number>;
  readonly givenUp: Map<number, number>;
}

interface WaveAdvance {
  readonly readyCount: number;
  readonly held: readonly HeldStep[];
  readonly events: readonly NewEvent[];
  readonly givenUp: readonly number[];
}

async function advanceWave(
  tx: Transaction<LedgerDatabase>,
  run: AdvancingRun & { readonly progress: Progress; readonly tally: Tally; readonly count: () => Promise<void> },
  { ended, givenUp, judged }: Wave,
): Promise<WaveAdvance> {
  const { runId, shape } = run;
  const good = ended.filter(({ move }) => move.state === "succeeded" || move.state === "unchanged").map(ordinalOf);
  const failed = ended.filter(({ move }) => move.state === "failed" || move.state === "blocked").map(ordinalOf);
  const cancelled = ended.filter(({ move }) => move.state === "cancelled").map(ordinalOf);
  const lost = await loseDescendants(tx, { runId, shape, failed: [...failed, ...givenUp] });
  const bad = [...failed, ...cancelled, ...givenUp, ...lost];
  const { released: free, closed } = run.progress.end({ good, bad });
  const released = run.isCancelling ? [] : free;
  tallySteps(shape, run.tally.upstreamFailed, lost);
  tallySteps(shape, run.tally.givenUp, givenUp);
  const [freed] = await Promise.all([
    shape.windowSize === null
      ? releaseSteps(tx, { runId, shape, room: released.length === 0 ? null : run.room() }, released)
      : releaseInWindow(tx, { ...run, windowSize: run.isCancelling ? 0 : shape.windowSize }, released),
    shape.hasLegs ? undefined : run.count(),
  ]);
  const touched = listTouchedMerges(shape, { good, bad, closed });
  const settled = await settleWaits(tx, { runId, shape, steps: normalizeRanges([...judged, ...touched]) });
  return {
    readyCount: freed.readyCount + settled.readyCount,
    held: freed.held,
    events: [...describeLost(shape, runId, lost), ...settled.events],
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
  options: { readonly runId: RunId; readonly shape: StoredShape; readonly failed: readonly number[] },
): Promise<readonly number[]> {
  const { runId, shape } = options;
  const ranges = options.failed.length === 0 ? [] : listDescendants(shape, options.failed);
  if (ranges.length === 0) return [];
  if (shape.windowSize !== null) return makeLost(tx, { runId, shape, steps: [...listOrdinals(ranges)] });
  const { rows } = await sql<{ ordinal: number }>`
    update watersmeet.step set state = 'upstreamFailed', finished_at = now()
    from unnest(
      ${ranges.map(() => options.runId)}::bigint[], ${ranges.map(([from]) => from)}::integer[], ${ranges.map(([, to]) => to)}::integer[])
      as lost (run_id, first, beyond)
    where step.run_id = lost.run_id and step.ordinal >= lost.first and step.ordinal < lost.beyond and step.state = 'waiting'
    returning step.ordinal`.execute(tx);
  return rows.map((row) => row.ordinal);
}

function tallySteps(shape: RunShape, counts: Map<number, number>, ordinals: readonly number[]): void {
  for (const ordinal of ordinals) {
    const { position } = getAssetOf(shape, ordinal);
    counts.set(position, (counts.get(position) ?? 0) + 1);
  }
}
