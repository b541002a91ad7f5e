import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents, type NewEvent } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ForeignAssets } from "../deploy/pinned-code.ts";
import { claimFromRun } from "./claim-from-run.ts";
import { createTurns, mostUrgent, type Turns } from "./fair-turns.ts";
import { lockLimits, saveRates, type Limits } from "./limits/lock-limits.ts";
import { countFitting } from "./limits/room.ts";
import { listClaimableRuns, type ClaimableRun } from "./list-runs.ts";
import { recordClaims } from "./record-claims.ts";
import { countSuspects, type SuspectRoom } from "./suspects.ts";
import type { HeldStep } from "./take-ready.ts";

export interface ClaimRequest {
  readonly workerId: string;
  /** Stores that the worker can open. */
  readonly stores: ReadonlySet<string>;
  readonly limit: number;
  /** How many of the steps may be such with which a worker has died. */
  readonly suspects: SuspectRoom;
  /** Assets that the worker has other code of, by run. @default it takes whatever it is given */
  readonly foreign?: ForeignAssets;
  /** Whose turn it is in this worker. @default nobody has had any */
  readonly turns?: Turns;
}

/**
 * Takes ready steps: runs by turns, see `fair-turns.ts`, and longest remaining path first within a run. A step takes all of its resources with its claim, or
 * is not claimed, so that none holds one while it waits for another.
 * Read committed. Locks in one order, so that claimers cannot wait for each other in a circle: runs with a limit of their own by id, then resources by
 * name, then steps, skipping those that another claimer has.
 */
export async function claimSteps(db: LedgerDb, request: ClaimRequest): Promise<Claimed> {
  if (request.limit <= 0) return { held: [], events: [], againInMs: null };
  return db.transaction().execute(async (tx) => {
    const claimed = await claimIn(tx, request);
    await insertEvents(tx, claimed.events);
    return claimed;
  });
}

export interface Claimed {
  readonly held: readonly HeldStep[];
  /** To be inserted as the last statement of the transaction. */
  readonly events: readonly NewEvent[];
  /** When a resource that has no room now may have some again without anybody giving back, in ms from now; `null`: nothing waits for that. */
  readonly againInMs: number | null;
}

/**
 * The same within a transaction. One that holds locks of runs may claim from those runs alone: others would be locked out of order. What is the turn of
 * others it leaves to the next claim.
 */
export async function claimIn(
  tx: Transaction<LedgerDatabase>,
  request: ClaimRequest,
  from?: readonly RunId[],
): Promise<Claimed> {
  const { workerId, stores } = request;
  const all = (await listClaimableRuns(tx)).filter((run) => run.lanes.some((lane) => stores.has(lane.store)));
  const runs = from === undefined ? all : all.filter((run) => from.includes(run.id));
  if (runs.length === 0) return { held: [], events: [], againInMs: null };
  const turns = request.turns ?? createTurns();
  const allotted = turns.allot(all, request.limit, Date.now()).filter(({ id }) => runs.some((run) => run.id === id));
  const limits = await lockLimits(tx, runs, workerId);
  const held = await claimByTurns(tx, { runs, allotted, limits, request, isWhole: runs.length === all.length });
  turns.charge(countByRun(held));
  await saveRates(tx, limits);
  const events = await recordClaims(tx, { runs, held, workerId, rooms: limits.rooms });
  return { held, events, againInMs: held.length < request.limit ? findAgainMs(runs, limits, stores) : null };
}

/** First to everybody what is theirs, then what is left to whoever can take it, unless it is left to runs that are not looked at here. */
async function claimByTurns(
  tx: Transaction<LedgerDatabase>,
  claim: {
    readonly runs: readonly ClaimableRun[];
    readonly allotted: ReturnType<Turns["allot"]>;
    readonly limits: Limits;
    readonly request: ClaimRequest;
    readonly isWhole: boolean;
  },
): Promise<readonly HeldStep[]> {
  const { limits, allotted, request } = claim;
  const { workerId, stores } = request;
  const runs = new Map<string, ClaimableRun>(claim.runs.map((run) => [run.id, run]));
  const most = claim.isWhole ? request.limit : allotted.reduce((sum, each) => sum + each.count, 0);
  const present = new Set(claim.runs.map((run) => run.origin));
  const goesFirst = (run: ClaimableRun): boolean => present.size > 1 && run.origin === mostUrgent(present);
  const held: HeldStep[] = [];
  const suspects = countSuspects(request.suspects);
  for (const pass of ["turn", "rest"] as const) {
    for (const { id, count } of allotted) {
      const run = runs.get(id);
      const wanted = Math.min(most - held.length, pass === "rest" ? most : count);
      if (run === undefined || wanted <= 0) continue;
      const foreign = (await request.foreign?.(tx, run)) ?? [];
      const taken = await claimFromRun(tx, { run, limits, workerId, stores, wanted, suspects, foreign });
      held.push(...(goesFirst(run) ? taken.map((step) => ({ ...step, goesFirst: true })) : taken));
    }
    if (held.length >= most || allotted.length === 1) break;
  }
  return held;
}

function countByRun(held: readonly HeldStep[]): ReadonlyMap<RunId, number> {
  const counts = new Map<RunId, number>();
  for (const { runId } of held) counts.set(runId, (counts.get(runId) ?? 0) + 1);
  return counts;
}

/** More often than this a worker does not ask a rate: it takes what has come in meanwhile at once. */
const leastAgainMs = 25;

/** The soonest that a lane without room may have some, of those that only time keeps away. */
function findAgainMs(runs: readonly ClaimableRun[], { rooms }: Limits, stores: ReadonlySet<string>): number | null {
  if (rooms.size === 0) return null;
  let soonest = Number.POSITIVE_INFINITY;
  for (const { store, resources } of runs.flatMap((run) => run.lanes)) {
    if (resources.length === 0 || !stores.has(store) || countFitting(rooms, resources) > 0) continue;
    const waits = resources.flatMap((use) => rooms.get(use.name)?.againInMs ?? []);
    if (waits.length > 0) soonest = Math.min(soonest, Math.max(leastAgainMs, ...waits));
  }
  return Number.isFinite(soonest) ? soonest : null;
}
