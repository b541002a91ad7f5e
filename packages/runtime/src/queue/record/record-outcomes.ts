import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { MaterializationId, RunId } from "../../ledger/records.ts";
import { settleBudgets, type SettledBudgets } from "../budget/settle-budgets.ts";
import { claimIn, type ClaimRequest, type Claimed } from "../claim/claim-steps.ts";
import { findHeads, type HeadRow, type HeadsOfRuns } from "../claim/find-heads.ts";
import { describeClaims } from "../claim/record-claims.ts";
import type { HeldStep } from "../claim/take-ready.ts";
import type { VersionRow } from "../claim/version-memory.ts";
import { createCounterMemory, type CounterMemory } from "../counters/counter-memory.ts";
import type { RunCounters } from "../counters/run-counters.ts";
import type { RetryPolicy } from "../retry/retry-policy.ts";
import type { ShapeOf } from "../shape/shape-cache.ts";
import { acceptAttempts, type Accepted } from "./accept-attempts.ts";
import type { AcceptedAttempt, EndedAttempt, LockedRun } from "./accepted-attempt.ts";
import { advanceRun, type RunAdvance } from "./advance-runs.ts";
import { describeMoves } from "./describe-moves.ts";
import { finishRuns } from "./finish-runs.ts";
import { freezeMismatched } from "./freeze-mismatched.ts";
import { moveSteps } from "./move-steps.ts";
import type { PlainRuns } from "./plain/plain-runs.ts";
import { recordPlainly } from "./plain/record-plainly.ts";
import { recordVersions } from "./record-versions.ts";
import type { Room } from "./release-steps.ts";

export interface RecordDeps {
  readonly shapeOf: ShapeOf;
  /** Without `maxAttempts`, which each asset has. */
  readonly retry: Omit<RetryPolicy, "maxAttempts">;
  readonly random: () => number;
  /** @default counted from the steps each time */
  readonly counters?: CounterMemory;
  /** @default everything is recorded in full */
  readonly plain?: PlainRuns;
  /**
   * What the worker has room for now: steps that these outcomes made ready are claimed in the same transaction, which saves a commit for each. Asked
   * only when something became ready.
   */
  readonly next?: () => NextClaim | undefined;
}

export interface NextClaim extends ClaimRequest {
  /**
   * Whether steps may be taken as they are released, before others that are ready: for steps so short that a second version of their rows costs more than
   * their order gains.
   * @default false
   */
  readonly takesReleased?: boolean;
}

export interface Recorded {
  /** Attempts that the ledger no longer knew: lost to the reaper, or recorded before. Nothing was written for them. */
  readonly refused: readonly EndedAttempt[];
  /** Steps that became ready and that nobody holds yet. */
  readonly readyCount: number;
  /** Whether others may run because these have ended: a limit has room again, or another run its turn. */
  readonly hasFreed: boolean;
  readonly finishedRuns: readonly RunId[];
  /** When the first of the steps that are tried again may be claimed, in ms from now; `null`: none waits. */
  readonly retryInMs: number | null;
  /** Whether a resource that was used must be left alone: of what the worker holds and has not begun, some may need it. */
  readonly mustLetGo: boolean;
  /** Steps that the worker of `next` holds now. */
  readonly held: readonly HeldStep[];
  /** Heads of their partitions. */
  readonly heads: HeadsOfRuns;
  /** Versions that are on record now. */
  readonly made: readonly { readonly runId: RunId; readonly ordinal: number; readonly version: VersionRow }[];
  /** To be called after the commit, or not at all: the counters in memory follow, or are brought up to date later. */
  readonly remember: () => void;
}

/**
 * Records any number of attempts, of any runs, in one transaction of set-wise statements: attempts, versions, heads, states, who may run next, counters,
 * events. Read committed. Runs are locked first, by id, so writers of one run take turns and cannot wait in a circle.
 * What is recorded twice is refused the second time. Who calls rings the doorbell and tells of new events after the commit.
 */
export async function recordOutcomes(
  db: LedgerDb,
  ended: readonly EndedAttempt[],
  deps: RecordDeps,
): Promise<Recorded> {
  if (ended.length === 0) return nothingRecorded;
  const plain = await recordPlainly(db, ended, deps);
  const recorded =
    plain === null
      ? await db.transaction().execute((tx) => recordIn(tx, ended, deps))
      : { ...nothingRecorded, ...plain };
  recorded.remember();
  return recorded;
}

const nothingRecorded: Recorded = {
  refused: [],
  readyCount: 0,
  hasFreed: false,
  finishedRuns: [],
  made: [],
  held: [],
  heads: new Map(),
  retryInMs: null,
  mustLetGo: false,
  remember: () => {},
};

/** The same within a transaction: the reaper takes a worker away and records what it held as one. */
export async function recordIn(
  tx: Transaction<LedgerDatabase>,
  ended: readonly EndedAttempt[],
  deps: RecordDeps,
): Promise<Recorded> {
  const accepted = await acceptAttempts(tx, ended, deps);
  const { attempts } = accepted;
  // Before any step moves: who counts from the steps must not count these.
  const counters = await openCounters(tx, accepted, deps.counters ?? createCounterMemory());
  const { versions, publish } = await recordVersions(tx, attempts, accepted.shapes);
  const next = createNext(deps);
  // The states first: merges that wait look at them.
  const [, advances] = await Promise.all([
    moveSteps(tx, attempts, versions),
    advanceRuns(tx, accepted, { ...next, counters }),
    publish(),
  ]);
  const retried = attempts.filter(({ move }) => move.state === "ready" && move.delayMs === 0).length;
  const budgets = await settleEach(tx, accepted, advances);
  const readyCount = [...advances, ...budgets].reduce((sum, each) => sum + each.readyCount, retried);
  const released = advances.flatMap((each) => each.held);
  const claimed = readyCount > 0 ? await claimNext(tx, next.request(), accepted) : nothingClaimed;
  const finished = await finishRuns(tx, listEnding(accepted, advances));
  const frozen = await freezeMismatched(tx, attempts);
  const held = [...released, ...claimed.held];
  const events = [
    ...describeMoves(attempts),
    ...[...advances, ...budgets].flatMap((each) => each.events),
    ...finished.events,
    ...describeClaims(released),
    ...claimed.events,
    ...frozen,
    ...accepted.events,
  ];
  const [heads] = await Promise.all([findHeadsOf(tx, held, accepted.runs), insertEvents(tx, events)]);
  const isAccepted = new Set(attempts.map((each) => each.ended));
  return {
    refused: ended.filter((each) => !isAccepted.has(each)),
    readyCount: readyCount - claimed.held.length,
    hasFreed:
      [...accepted.runs.values()].some((run) => run.isLimited || run.hasRivals) ||
      attempts.some(({ position }) => position.resources.length > 0) ||
      budgets.length > 0,
    finishedRuns: finished.ids,
    made: attempts.flatMap((each) => describeMade(each, versions.get(each)) ?? []),
    held,
    heads,
    retryInMs: findRetryMs(attempts),
    mustLetGo: accepted.mustLetGo,
    remember() {
      for (const advance of advances) advance.remember();
      for (const run of accepted.runs.values()) deps.plain?.note(run.id, isPlainRun(run));
      for (const id of finished.ids) {
        deps.counters?.forget(id);
        deps.plain?.forget(id);
      }
    },
  };
}

/** Nobody else has a say in what becomes of its steps. */
function isPlainRun(run: LockedRun): boolean {
  return run.isRunning && run.isFirstRound && !run.isLimited && !run.isRepinned && !run.hasRivals;
}

/** What the worker has room for, asked once, and what has been taken of it. */
interface Next {
  /** `null`: steps of this run become ready before they are claimed. */
  readonly roomFor: (run: LockedRun) => Room | null;
  /** For what is left. */
  readonly request: () => ClaimRequest | undefined;
}

function createNext(deps: RecordDeps): Next {
  let isAsked = false;
  let request: NextClaim | undefined;
  let room: Room | null = null;
  const ask = (): NextClaim | undefined => {
    if (!isAsked) request = deps.next?.();
    isAsked = true;
    return request;
  };
  return {
    roomFor(run) {
      // Where anybody else has a say in who runs next, claims decide.
      if (!run.isRunning || run.isLimited || run.isRepinned || run.hasRivals || ask()?.takesReleased !== true)
        return null;
      if (room === null && request !== undefined) room = { request, left: request.limit };
      return room;
    },
    request() {
      const asked = ask();
      return asked === undefined ? undefined : { ...asked, limit: room?.left ?? asked.limit };
    },
  };
}

async function openCounters(
  tx: Transaction<LedgerDatabase>,
  { runs, shapes, attempts }: Accepted,
  memory: CounterMemory,
): Promise<ReadonlyMap<RunId, RunCounters>> {
  const counters = new Map<RunId, RunCounters>();
  const moving = new Set(attempts.filter(({ move }) => move.state !== "ready").map(({ run }) => run.id));
  for (const [id, { revision }] of runs) {
    const shape = shapes.get(id);
    if (shape !== undefined && moving.has(id)) counters.set(id, await memory.open(tx, { id, revision, shape }));
  }
  return counters;
}

/** By run, in the order of `accepted.runs`. */
async function advanceRuns(
  tx: Transaction<LedgerDatabase>,
  accepted: Accepted,
  deps: Pick<Next, "roomFor"> & { readonly counters: ReadonlyMap<RunId, RunCounters> },
): Promise<readonly RunAdvance[]> {
  const byRun = Map.groupBy(accepted.attempts, (each) => each.run.id);
  const advances: RunAdvance[] = [];
  for (const [runId, run] of accepted.runs) {
    const ended = (byRun.get(runId) ?? []).filter((each) => each.move.state !== "ready");
    const shape = accepted.shapes.get(runId);
    const counters = deps.counters.get(runId);
    if (shape === undefined || counters === undefined) {
      advances.push(nothingMoved);
      continue;
    }
    const advancing = { runId, shape, counters, isCancelling: run.isCancelling, room: () => deps.roomFor(run) };
    advances.push(await advanceRun(tx, advancing, { ended, givenUp: [], judged: [] }));
  }
  return advances;
}

const nothingMoved: RunAdvance = {
  readyCount: 0,
  held: [],
  events: [],
  ended: { good: [], bad: [] },
  isLast: false,
  remember: () => {},
};

/** Also of runs in which nothing has ended: what goes back to a paused lane may have been the last that ran. */
async function settleEach(
  tx: Transaction<LedgerDatabase>,
  { runs, shapes, attempts }: Accepted,
  advances: readonly RunAdvance[],
): Promise<readonly SettledBudgets[]> {
  const settled: SettledBudgets[] = [];
  for (const [index, [runId, { isCancelling }]] of [...runs].entries()) {
    const shape = shapes.get(runId);
    if (shape === undefined || shape.budgets.length === 0 || isCancelling) continue;
    const own = attempts.filter(({ run }) => run.id === runId);
    const { ended } = advances[index] ?? nothingMoved;
    settled.push(await settleBudgets(tx, { runId, shape }, { attempts: own, ended }));
  }
  return settled;
}

const nothingClaimed: Claimed = { held: [], events: [], againInMs: null };

async function claimNext(
  tx: Transaction<LedgerDatabase>,
  request: ClaimRequest | undefined,
  { runs }: Accepted,
): Promise<Claimed> {
  return request === undefined || request.limit <= 0 ? nothingClaimed : claimIn(tx, request, [...runs.keys()]);
}

/** In a run that is being cancelled there may be steps that never had a row: whether it has ended is asked of its counters. */
function listEnding({ runs }: Accepted, advances: readonly RunAdvance[]): readonly RunId[] {
  return [...runs.values()]
    .filter((run, index) => advances[index]?.isLast === true || run.isCancelling)
    .map((run) => run.id);
}

/** With the claim, so that nobody waits for them afterwards. */
async function findHeadsOf(
  tx: Transaction<LedgerDatabase>,
  held: readonly HeldStep[],
  runs: ReadonlyMap<RunId, LockedRun>,
): Promise<HeadsOfRuns> {
  const heads = new Map<RunId, ReadonlyMap<string, HeadRow>>();
  for (const [runId, steps] of Map.groupBy(held, (step) => step.runId)) {
    const environment = runs.get(runId)?.environment;
    if (environment !== undefined) heads.set(runId, await findHeads(tx, environment, steps));
  }
  return heads;
}

function findRetryMs(accepted: readonly AcceptedAttempt[]): number | null {
  let firstMs: number | null = null;
  for (const { move } of accepted) {
    if (move.state === "ready" && move.delayMs > 0)
      firstMs = Math.min(firstMs ?? Number.POSITIVE_INFINITY, move.delayMs);
  }
  return firstMs;
}

function describeMade({ ended }: AcceptedAttempt, id: MaterializationId | undefined): Recorded["made"][number] | null {
  if (ended.outcome.kind !== "committed" || id === undefined) return null;
  const { commit } = ended.outcome;
  const { runId, ordinal } = ended.step;
  return {
    runId,
    ordinal,
    version: { id, version: commit.version, commit_id: commit.commitId, data_digest: commit.dataDigest },
  };
}
