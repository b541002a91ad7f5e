import type { LedgerDb } from "../../../ledger/open-ledger.ts";
import type { MaterializationId, RunId } from "../../../ledger/records.ts";
import type { ClaimRequest } from "../../claim/claim-steps.ts";
import { findHeads, type HeadRow, type HeadsOfRuns } from "../../claim/find-heads.ts";
import { describeClaims } from "../../claim/record-claims.ts";
import type { HeldStep } from "../../claim/take-ready.ts";
import type { VersionRow } from "../../claim/version-memory.ts";
import type { CounterMemory } from "../../counters/counter-memory.ts";
import { beginProgress, type Progress } from "../../counters/run-counters.ts";
import { indexReasons } from "../../shape/dependencies.ts";
import { getAssetOf, getPartitionOf } from "../../shape/run-shape.ts";
import type { ShapeOf, StoredShape } from "../../shape/shape-cache.ts";
import type { EndedAttempt } from "../accepted-attempt.ts";
import { listTakeable } from "../release-steps.ts";
import { endSteps, isRefusal } from "./end-steps.ts";
import { describePlainEnds, groupEnds, listPlainEnds, type PlainEnd } from "./plain-ends.ts";
import type { PlainRuns } from "./plain-runs.ts";

/** As `RecordDeps`; without memory nothing is plain. */
interface PlainDeps {
  readonly shapeOf: ShapeOf;
  readonly counters?: CounterMemory;
  readonly plain?: PlainRuns;
  readonly next?: () => (ClaimRequest & { readonly takesReleased?: boolean }) | undefined;
}

/** As in `Recorded`, of which the rest is nothing. */
interface PlainlyRecorded {
  readonly readyCount: number;
  readonly held: readonly HeldStep[];
  readonly heads: HeadsOfRuns;
  readonly made: readonly { readonly runId: RunId; readonly ordinal: number; readonly version: VersionRow }[];
  readonly remember: () => void;
}

/**
 * Records attempts in one call when they are the many that are alike: all of them committed, of one large run that is as this worker remembers it, without
 * limits, budgets, competitors or merges by terms. What they release is taken without rows: see `counters/holds.ts`. Gives `null`, having done nothing, when something
 * is otherwise; then all of it is looked up and recorded in full.
 */
export async function recordPlainly(
  db: LedgerDb,
  ended: readonly EndedAttempt[],
  deps: PlainDeps,
): Promise<PlainlyRecorded | null> {
  const run = await openPlainRun(db, ended, deps);
  if (run === null) return null;
  const { progress, shape, revision } = run;
  const { released } = progress.end({ good: ended.map((each) => each.step.ordinal), bad: [] });
  // The end of a run is told in full.
  if (progress.isOver()) return null;
  const next = deps.next?.();
  if (next !== undefined && (next.takesReleased !== true || next.workerId !== run.workerId)) return null;
  const { taken, ready } = await chooseSteps(db, { ...run, next: next ?? null }, released);
  const held = taken.map((step) => toHeldStep(shape, { runId: run.runId, step, hold: revision }));
  const written = await write(db, { ...run, held, ready });
  if (written === null) {
    run.plain.note(run.runId, false);
    return null;
  }
  return buildRecorded({ ...run, ...written, held, readyCount: ready.length });
}

interface PlainRun {
  readonly runId: RunId;
  readonly shape: StoredShape;
  readonly windowSize: number;
  readonly plain: PlainRuns;
  readonly workerId: string;
  /** Those that are held without rows come first. */
  readonly ends: readonly PlainEnd[];
  readonly progress: Progress;
  /** That the run will have. */
  readonly revision: number;
}

async function openPlainRun(
  db: LedgerDb,
  ended: readonly EndedAttempt[],
  { plain, counters: memory, shapeOf }: PlainDeps,
): Promise<PlainRun | null> {
  const [first] = ended;
  if (first === undefined || plain?.mayTry(first.step.runId) !== true) return null;
  const { step, workerId } = first;
  const counters = memory?.peek(step.runId);
  if (counters === undefined) return null;
  const shape = await shapeOf(db, step.runId);
  if (shape.windowSize === null || shape.hasLegs || shape.budgets.length > 0) return null;
  const ends = listPlainEnds(ended, { shape, plain });
  if (ends === null) return null;
  const progress = beginProgress(shape, counters);
  const { runId } = step;
  return {
    runId,
    shape,
    windowSize: shape.windowSize,
    plain,
    workerId,
    ends,
    progress,
    revision: counters.revision + 1,
  };
}

/** What the worker takes, of what has been released first, and what becomes ready for anybody. */
async function chooseSteps(
  db: LedgerDb,
  run: PlainRun & { readonly next: ClaimRequest | null },
  released: readonly number[],
): Promise<{ readonly taken: readonly number[]; readonly ready: readonly number[] }> {
  const { runId, shape, progress, next } = run;
  const room = next === null ? null : { request: next, left: next.limit };
  const isMerge = (step: number): boolean => getAssetOf(shape, step).wait !== null;
  const choose = async (steps: readonly number[]): Promise<readonly number[]> => {
    const taken = await listTakeable(
      db,
      { runId, shape, room },
      steps.filter((step) => !isMerge(step)),
    );
    if (room !== null) room.left -= taken.length;
    return taken;
  };
  // What a barrier releases may have ended long ago, with what failed before it.
  const first = await choose(released.filter((step) => !progress.hasRow(step)));
  progress.make(first);
  const filled = progress.fill(run.windowSize);
  const second = await choose(filled);
  const isTaken = new Set(second);
  return { taken: [...first, ...second], ready: filled.filter((step) => !isTaken.has(step)) };
}

function toHeldStep(
  shape: StoredShape,
  { runId, step, hold }: { readonly runId: RunId; readonly step: number; readonly hold: number },
): HeldStep {
  const asset = getAssetOf(shape, step);
  const partition = getPartitionOf(asset, step);
  return {
    runId,
    ordinal: step,
    asset: asset.key,
    partition: asset.space.keyAt(partition),
    lane: shape.positions[asset.position]?.lane ?? 0,
    reason: indexReasons(asset)(partition),
    attempt: 1,
    crashes: 0,
    hold,
  };
}

interface Written {
  /** Of the ends, in their order. */
  readonly ids: readonly MaterializationId[];
  readonly heads: ReadonlyMap<string, HeadRow>;
}

/** One call and one look at the heads of what was taken, sent together. */
async function write(
  db: LedgerDb,
  run: PlainRun & { readonly held: readonly HeldStep[]; readonly ready: readonly number[] },
): Promise<Written | null> {
  const { shape, held, ends } = run;
  const groups = groupEnds(ends);
  const doneHolds = listDoneHolds(run);
  const events = [
    ...describePlainEnds(groups, { runId: run.runId, environment: shape.plan.environment }),
    ...describeClaims(held),
  ];
  return db.connection().execute(async (connection) => {
    const [ids, heads] = await Promise.all([
      endSteps(connection, { ...run, groups, doneHolds, made: run.progress.made, events }).catch((error: unknown) => {
        if (isRefusal(error)) return null;
        throw error;
      }),
      findHeads(connection, shape.plan.environment, held),
    ]);
    return ids === null ? null : { ids, heads };
  });
}

/** Holds of which these are the last steps. */
function listDoneHolds({ runId, plain, ends }: PlainRun): readonly number[] {
  return [...countByHold(ends)].filter(([hold, count]) => plain.countHeld(runId, hold) <= count).map(([hold]) => hold);
}

function countByHold(ends: readonly PlainEnd[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { step, isHeld } of ends) {
    if (isHeld && step.hold !== undefined) counts.set(step.hold, (counts.get(step.hold) ?? 0) + 1);
  }
  return counts;
}

function buildRecorded(
  run: PlainRun & Written & { readonly held: readonly HeldStep[]; readonly readyCount: number },
): PlainlyRecorded {
  const { runId, plain, ends, ids, held, revision } = run;
  return {
    readyCount: run.readyCount,
    held,
    heads: new Map([[runId, run.heads]]),
    made: ends.flatMap(({ step, commit }, index) => {
      const id = ids[index];
      if (id === undefined) return [];
      const { version, commitId, dataDigest } = commit;
      return [{ runId, ordinal: step.ordinal, version: { id, version, commit_id: commitId, data_digest: dataDigest } }];
    }),
    remember() {
      run.progress.apply(revision);
      for (const [hold, count] of countByHold(ends)) plain.ended(runId, hold, count);
      if (held.length > 0) plain.took(runId, revision, held.length);
    },
  };
}
