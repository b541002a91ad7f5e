/**
 * What a step of an asset usually takes at a resource: a straight line of its duration over its rows, through what was seen, the last steps counting most.
 * Source: operations.md 2.3.
 */
export interface Pace {
  /** Steps that count. */
  readonly weight: number;
  readonly meanMs: number;
  readonly meanRows: number;
  /** Mean squared deviation of rows, and mean product of the deviations of rows and durations. */
  readonly rowsRows: number;
  readonly rowsMs: number;
}

export interface SeenStep {
  readonly durationMs: number;
  readonly rowCount: number;
}

/** Older steps fade: so many count at most. */
const mostWeight = 200;

/** `undefined`: nothing was seen before. */
export function learnPace(pace: Pace | undefined, step: SeenStep): Pace {
  if (pace === undefined) {
    return { weight: 1, meanMs: step.durationMs, meanRows: step.rowCount, rowsRows: 0, rowsMs: 0 };
  }
  const weight = Math.min(mostWeight, pace.weight + 1);
  const part = 1 / weight;
  const rows = step.rowCount - pace.meanRows;
  const ms = step.durationMs - pace.meanMs;
  return {
    weight,
    meanMs: pace.meanMs + part * ms,
    meanRows: pace.meanRows + part * rows,
    rowsRows: (1 - part) * (pace.rowsRows + part * rows * rows),
    rowsMs: (1 - part) * (pace.rowsMs + part * rows * ms),
  };
}

/** So few steps make no line. */
const leastForLine = 10;

/** Milliseconds; at least a tenth of the mean, where a line through scattered points would say less. */
export function expectMs(pace: Pace, rowCount: number): number {
  const slope = pace.weight < leastForLine || pace.rowsRows === 0 ? 0 : Math.max(0, pace.rowsMs / pace.rowsRows);
  return Math.max(pace.meanMs / 10, pace.meanMs + slope * (rowCount - pace.meanRows), 1e-3);
}
