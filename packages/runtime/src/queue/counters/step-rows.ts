/** Steps that have ended: well, so that others may read what they made, or in another way. */
export interface EndedSteps {
  readonly good: readonly number[];
  readonly bad: readonly number[];
}

/** Which steps of a large run have rows. A step without one has not ended; it gets one when it may run and the window has reached it, or when it is lost. */
export interface StepRows {
  /** By ordinal: 1 when it has one. */
  readonly has: Uint8Array;
  /** Rows of steps that have not ended. */
  open: number;
  /** Steps that may run and have none. */
  free: number;
  /** None of those comes before this one. */
  first: number;
}

/** What a transaction does to the rows of a run, put down only when it has committed. */
export interface RowsProgress {
  has(step: number): boolean;
  end(ended: EndedSteps, released: readonly number[]): void;
  make(steps: readonly number[]): void;
  fill(
    windowSize: number,
    run: { readonly isFree: (step: number) => boolean; readonly stepCount: number },
  ): readonly number[];
  readonly made: readonly number[];
  apply(): void;
}

/** More at a time would hold up the transaction that makes them. */
const fillSize = 2000;

export function beginRows(rows: StepRows): RowsProgress {
  const now = new Set<number>();
  const made: number[] = [];
  let { open, free, first } = rows;
  const has = (step: number): boolean => rows.has[step] === 1 || now.has(step);
  const make = (steps: readonly number[]): void => {
    for (const step of steps) {
      if (has(step)) continue;
      now.add(step);
      made.push(step);
      open += 1;
      free -= 1;
    }
  };
  return {
    made,
    has,
    make,
    end(ended, released) {
      for (const step of [...ended.good, ...ended.bad]) {
        // What was lost without ever having had one has one now, and is not open.
        if (has(step)) open -= 1;
        else now.add(step);
      }
      for (const step of released) {
        if (has(step)) continue;
        free += 1;
        first = Math.min(first, step);
      }
    },
    fill(windowSize, { isFree, stepCount }) {
      const wanted = Math.min(fillSize, free, windowSize - open);
      const steps: number[] = [];
      for (; first < stepCount && steps.length < wanted; first++) {
        if (!has(first) && isFree(first)) steps.push(first);
      }
      make(steps);
      return steps;
    },
    apply() {
      for (const step of now) rows.has[step] = 1;
      rows.open = open;
      rows.free = free;
      rows.first = first;
    },
  };
}
