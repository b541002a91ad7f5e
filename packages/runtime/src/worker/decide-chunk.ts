export interface ChunkDecision {
  /** Steps to claim. */
  readonly limit: number;
  /** False: what may be claimed now is too little to be worth a transaction; there will be more room in a moment. */
  readonly isWorthwhile: boolean;
  /** Whether steps are so short that several rounds of the slots fit into the time ahead. */
  readonly areShort: boolean;
}

/** Work that waits in a worker may be this long, in ms. It hides the time that claiming takes, and no more: others could have run it. */
const aheadMs = 40;
const maxAhead = 400;

/**
 * How many steps to claim: the free slots, and as many more as they will finish within some milliseconds by the mean of the last steps. One step at a time
 * for steps of a second, hundreds for steps of microseconds.
 */
export function decideChunk(state: {
  readonly concurrency: number;
  readonly held: number;
  readonly meanMs: number | null;
}): ChunkDecision {
  const { concurrency, held, meanMs } = state;
  const ahead = meanMs === null ? 0 : Math.min(maxAhead, Math.floor((aheadMs / Math.max(meanMs, 0.001)) * concurrency));
  const limit = concurrency + ahead - held;
  const areShort = ahead >= concurrency;
  return { limit, areShort, isWorthwhile: limit > 0 && (limit >= Math.ceil(ahead / 2) || held < concurrency) };
}
