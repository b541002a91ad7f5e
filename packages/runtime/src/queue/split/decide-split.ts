import { mostParts } from "@watersmeet/core/values";
import { expectMs, learnPace, type Pace } from "../limits/pace.ts";
import { isSkewed, leastDone } from "../outliers/find-outliers.ts";

/** What a version of a partition was made of, and how long that took. */
export interface MadePartition {
  /** Rows of the input that is sliced. */
  readonly rowCount: number;
  /** Of all its slices together, when it was made in slices. */
  readonly tookMs: number;
}

/** What is known when a partition is to be made. */
export interface SplitHistory {
  /** Versions of the other partitions. */
  readonly siblings: readonly MadePartition[];
  /** The version of the partition itself. */
  readonly own: MadePartition | null;
  /** How the partition was split before, one plan for each run, newest first. */
  readonly plans: readonly SplitCounts[];
}

export interface SplitCounts {
  /** Slices that it was made in; 1: it was not split. */
  readonly parts: number;
  /** Slices that it should have been made in by what was seen then. */
  readonly wanted: number;
}

/** Into how many slices a partition is split, and what that was decided from. */
export interface SplitDecision extends SplitCounts {
  /** Of the other partitions; `null`: too few are known, or nobody asked. */
  readonly medianRows: number | null;
  /** What it takes in one piece. */
  readonly expectedMs: number | null;
}

/** What a slice is to take. */
const sliceMs = 60_000;

/** Runs that must agree before another number of slices is tried. */
const agreeing = 3;

/**
 * Pure. A skewed partition is split so that each slice takes about a minute; what is asked for outright is done. Source: operations.md 2.4.
 * @param split how many slices the asset asks for
 */
export function decideSplit(split: number | "auto", rowCount: number, history: SplitHistory): SplitDecision {
  if (split !== "auto") return { parts: split, wanted: split, medianRows: null, expectedMs: null };
  const { siblings, own, plans } = history;
  const medianRows = siblings.length < leastDone ? null : findMedian(siblings.map((each) => each.rowCount));
  const expectedMs = expect(rowCount, siblings, own);
  const isHot = medianRows !== null && expectedMs !== null && isSkewed({ rowCount, medianRows, ms: expectedMs });
  const wanted = isHot ? Math.min(mostParts, Math.max(2, Math.ceil(expectedMs / sliceMs))) : 1;
  return { parts: settle(wanted, plans), wanted, medianRows, expectedMs };
}

/** The last plan holds until several runs want more, or fewer: then no more than twice as many, or half. */
function settle(wanted: number, plans: readonly SplitCounts[]): number {
  const [last] = plans;
  if (last === undefined) return wanted;
  const all = [wanted, ...plans.slice(0, agreeing - 1).map((plan) => plan.wanted)];
  if (all.length < agreeing) return last.parts;
  if (all.every((each) => each > last.parts)) return Math.min(...all, last.parts * 2);
  if (all.every((each) => each < last.parts)) return Math.max(...all, Math.ceil(last.parts / 2));
  return last.parts;
}

/** Its own last time tells most; else what rows cost its siblings. */
function expect(rowCount: number, siblings: readonly MadePartition[], own: MadePartition | null): number | null {
  if (own !== null && own.rowCount > 0) return (own.tookMs / own.rowCount) * rowCount;
  let pace: Pace | undefined;
  for (const { rowCount: rows, tookMs } of siblings) pace = learnPace(pace, { rowCount: rows, durationMs: tookMs });
  return pace === undefined ? null : expectMs(pace, rowCount);
}

function findMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return (lower + upper) / 2;
}
