/**
 * Whether more of an asset may be begun, while what was made of it waits for the steps of the run that read it. Pure.
 *
 *     open ──as much waits as is allowed──▶ paused ──half of the budget or less waits──▶ open, with the budget allowed
 *                                              └──nothing else of the run can go on──▶ open, with another budget on top of what waits
 *
 * The gap between full and half keeps a lane from being paused and opened with each step. The last move is what keeps runs from waiting in a circle: a step
 * may need two assets whose budgets are both full of partitions that it cannot use yet. Source: operations.md 2.3 b.
 */
export interface BudgetState {
  /** As configured. */
  readonly budgetBytes: number;
  readonly stagedBytes: number;
  /** The budget, or more after it was let through. */
  readonly allowedBytes: number;
  readonly isPaused: boolean;
}

/** Up to this much it opens again. */
export function resumeBytesOf(budgetBytes: number): number {
  return budgetBytes / 2;
}

/** After `stagedBytes` has changed. */
export function decideBudget<B extends BudgetState>(budget: B): B {
  const { budgetBytes, stagedBytes, allowedBytes, isPaused } = budget;
  if (stagedBytes <= resumeBytesOf(budgetBytes)) return { ...budget, allowedBytes: budgetBytes, isPaused: false };
  return { ...budget, isPaused: isPaused || stagedBytes >= allowedBytes };
}

/**
 * Of paused lanes, when nothing else of their run can go on: the one that is least over its budget goes on, for it is the likeliest to lag behind the others;
 * the first of equals. `undefined`: none is paused.
 */
export function letThrough<B extends BudgetState>(paused: readonly B[]): B | undefined {
  let least: B | undefined;
  for (const each of paused) if (least === undefined || fillOf(each) < fillOf(least)) least = each;
  return least && { ...least, allowedBytes: least.stagedBytes + least.budgetBytes, isPaused: false };
}

/** Of steps of which none has ended in the run, nobody knows how much they make: so many are begun at once. */
const firstSteps = 8;

/** How many more steps may be begun now: as many as fill what is left, by the mean of what steps made so far, with those that run. */
export function countBegin(
  budget: Pick<BudgetState, "stagedBytes" | "allowedBytes" | "isPaused"> & {
    readonly madeBytes: number;
    readonly madeCount: number;
  },
  running: number,
): number {
  const { stagedBytes, allowedBytes, isPaused, madeBytes, madeCount } = budget;
  if (isPaused) return 0;
  if (madeCount === 0) return Math.max(0, firstSteps - running);
  if (madeBytes === 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.ceil((allowedBytes - stagedBytes) / (madeBytes / madeCount)) - running);
}

function fillOf({ stagedBytes, budgetBytes }: BudgetState): number {
  return stagedBytes / budgetBytes;
}
