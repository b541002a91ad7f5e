import type { BreakerSettings } from "../../../config/failure-terms.ts";

/** What one worker's steps met at a resource within the window. */
export interface WorkerCounts {
  readonly workerId: string;
  readonly ok: number;
  readonly bad: number;
  /** Of the calls that succeeded. */
  readonly slow: number;
  /** Since its last call that succeeded. */
  readonly badStreak: number;
  readonly unreachableStreak: number;
}

export interface TripInput {
  readonly counts: readonly WorkerCounts[];
  /** Workers that could call the resource now, whether they do or not. */
  readonly activeWorkers: number;
  readonly settings: BreakerSettings;
}

/**
 * Why a breaker must open; `null`: it need not. One worker cannot open it for all: the failures must come from two workers, or from more than half of those
 * that there are. A worker that fails at once asks for more work than one that does its work, so failures are not simply added up: in a row, one worker
 * brings at most half of what is needed and one more, and of shares each worker has one.
 *
 * Source: operations.md 2.2; Polly #287 (one bad node opened everybody's circuit)
 */
export function findTrip({ counts, activeWorkers, settings }: TripInput): string | null {
  const { unreachableInARow, minCalls, failedShare, slowShare } = settings;
  const isQuorum = (failing: number): boolean => failing >= 2 || isMajority(failing, activeWorkers);
  const unreachable = sumRow(counts, activeWorkers, { of: "unreachableStreak", needed: unreachableInARow });
  if (unreachable !== null) return inARow(unreachable, "did not get through");
  const bad = sumRow(counts, activeWorkers, { of: "badStreak", needed: minCalls });
  if (bad !== null) return inARow(bad, "failed");
  const callers = counts.filter((each) => callsOf(each) > 0);
  const calls = sum(callers.map(callsOf));
  if (calls < minCalls) return null;
  const failing = callers.filter((each) => each.bad >= failedShare * callsOf(each)).length;
  if (mean(callers.map((each) => each.bad / callsOf(each))) >= failedShare && isQuorum(failing)) {
    return `${sum(callers.map((each) => each.bad))} of ${calls} calls failed`;
  }
  const slow = callers.filter((each) => each.slow >= slowShare * callsOf(each)).length;
  if (mean(callers.map((each) => each.slow / callsOf(each))) >= slowShare && isQuorum(slow)) {
    return `${sum(callers.map((each) => each.slow))} of ${calls} calls took four times as long as usual`;
  }
  return null;
}

/** Why one worker must leave a resource alone at which the others do not fail; `null`: it need not. */
export function findSuspicion(counts: WorkerCounts, settings: BreakerSettings): string | null {
  const { unreachableStreak, badStreak, bad } = counts;
  if (unreachableStreak >= settings.unreachableInARow)
    return inARow(unreachableStreak, "did not get through from this worker");
  if (badStreak >= settings.minCalls) return inARow(badStreak, "failed on this worker");
  const calls = callsOf(counts);
  const isShare = calls >= settings.minCalls && bad >= settings.failedShare * calls;
  return isShare ? `${bad} of ${calls} calls failed on this worker` : null;
}

/** How many there were in a row, over all workers; `null`: too few, or from too few workers. */
function sumRow(
  counts: readonly WorkerCounts[],
  activeWorkers: number,
  { of, needed }: { readonly of: "badStreak" | "unreachableStreak"; readonly needed: number },
): number | null {
  const rows = counts.map((each) => each[of]).filter((length) => length > 0);
  const total = sum(rows);
  if (isMajority(rows.length, activeWorkers)) return total >= needed ? total : null;
  const most = Math.floor(needed / 2) + 1;
  return rows.length >= 2 && sum(rows.map((length) => Math.min(length, most))) >= needed ? total : null;
}

function inARow(count: number, what: string): string {
  return count === 1 ? `a call ${what}` : `${count} calls in a row ${what}`;
}

function isMajority(workers: number, activeWorkers: number): boolean {
  return workers > activeWorkers / 2;
}

function callsOf(counts: WorkerCounts): number {
  return counts.ok + counts.bad;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
