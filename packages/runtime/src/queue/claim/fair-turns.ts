/** A run that has steps to run. */
export interface Claimant {
  readonly id: string;
  readonly kind: "run" | "backfill";
}

/**
 * Whose turn it is in a worker, from claim to claim: deficit round robin over the runs that have steps to run, in time of slots and not in steps, so that a
 * run of long steps does not get more than one of short ones. What a run was not given because others came first it has coming; what it cannot use now goes
 * to the others at once. Each worker keeps its own count: shares that hold in each of them hold over all.
 */
export interface Turns {
  /** Runs in their order, each with how many of the next `limit` steps it may take first. What a run leaves, the others may take afterwards. */
  allot(
    runs: readonly Claimant[],
    limit: number,
    nowMs: number,
  ): readonly { readonly id: string; readonly count: number }[];
  /** What was taken of the last allotment. */
  charge(taken: ReadonlyMap<string, number>): void;
  /** What a step took. */
  observe(id: string, ms: number): void;
}

/** A run that somebody waits for, against one that catches up. */
const weights: Readonly<Record<Claimant["kind"], number>> = { run: 4, backfill: 1 };

/** Whatever their number, all live runs together and all backfills together get this much while they have steps to run. */
const leastShares: Readonly<Record<Claimant["kind"], number>> = { run: 0.3, backfill: 0.1 };

/** A run that nothing was taken from for so long weighs one more, and so on: a limit that others use up costs it its turn, but not for ever. */
const agingMs = 15 * 60_000;

/** Steps shorter than this count as this: what they cost is mostly us, and how long they took says more of the machine than of them. */
const leastMs = 10;

/** How much a run can have coming, in mean steps of all slots that are given at once: more would let it take everything when what kept it away ends. */
const mostRounds = 4;

interface Account {
  /** Slot-milliseconds that it has coming. */
  deficit: number;
  share: number;
  servedAtMs: number;
}

type Accounts = ReadonlyMap<string, Account>;

export function createTurns(): Turns {
  let accounts: Accounts = new Map();
  let last = { limit: 1, nowMs: 0 };
  const pace = new Map<string, number>();
  const usualMs = (): number => [...pace.values()].reduce((sum, ms) => sum + ms, 0) / pace.size;
  const costOf = (id: string): number => pace.get(id) ?? (pace.size === 0 ? leastMs : usualMs());

  return {
    allot(runs, limit, nowMs) {
      const before = accounts;
      last = { limit, nowMs };
      accounts = new Map(runs.map(({ id }) => [id, before.get(id) ?? { deficit: 0, share: 1, servedAtMs: nowMs }]));
      if (runs.length <= 1) return runs.map(({ id }) => ({ id, count: limit }));
      setShares(accounts, runs, nowMs);
      return pickInTurn(accounts, limit, costOf);
    },
    charge(taken) {
      if (accounts.size <= 1) return;
      let total = 0;
      for (const [id, count] of taken) total += count * costOf(id);
      const most = mostRounds * last.limit * Math.max(...[...accounts.keys()].map(costOf));
      for (const [id, account] of accounts) {
        const count = taken.get(id) ?? 0;
        const deficit = account.deficit + account.share * total - count * costOf(id);
        account.deficit = Math.min(most, Math.max(-most, deficit));
        if (count > 0) account.servedAtMs = last.nowMs;
      }
    },
    observe(id, ms) {
      const known = pace.get(id);
      const costMs = Math.max(leastMs, ms);
      pace.set(id, known === undefined ? costMs : known * 0.9 + costMs * 0.1);
      const oldest = pace.size > 1000 ? pace.keys().next() : undefined;
      if (oldest !== undefined && oldest.done !== true) pace.delete(oldest.value);
    },
  };
}

/** Within its kind by weight, which grows while nothing is taken from it; between the kinds by weight too, but no kind below its least share. */
function setShares(accounts: Accounts, runs: readonly Claimant[], nowMs: number): void {
  const weighed = runs.flatMap(({ id, kind }) => {
    const account = accounts.get(id);
    if (account === undefined) return [];
    return [{ account, kind, weight: weights[kind] + Math.floor((nowMs - account.servedAtMs) / agingMs) }];
  });
  const sumOf = (kind: Claimant["kind"]): number =>
    weighed.reduce((sum, each) => (each.kind === kind ? sum + each.weight : sum), 0);
  const sums = { run: sumOf("run"), backfill: sumOf("backfill") };
  const isMixed = sums.run > 0 && sums.backfill > 0;
  const ofRuns = Math.min(1 - leastShares.backfill, Math.max(leastShares.run, sums.run / (sums.run + sums.backfill)));
  const ofKind = isMixed ? { run: ofRuns, backfill: 1 - ofRuns } : { run: 1, backfill: 1 };
  for (const { account, kind, weight } of weighed) account.share = (ofKind[kind] * weight) / sums[kind];
}

/** More picks than this say nothing new: then several steps are picked at once. */
const mostPicks = 64;

/** Always the one that has most coming, its own share of the pick included. Who gets nothing comes last, by what it has coming. */
function pickInTurn(
  accounts: Accounts,
  limit: number,
  costOf: (id: string) => number,
): readonly { readonly id: string; readonly count: number }[] {
  const turns = [...accounts].map(([id, { deficit, share }]) => ({ id, share, deficit, cost: costOf(id), count: 0 }));
  const size = Math.ceil(limit / mostPicks);
  for (let left = limit; left > 0; left -= size) {
    const next = turns.reduce((best, each) => (comingOf(each) > comingOf(best) ? each : best));
    const count = Math.min(size, left);
    for (const each of turns) each.deficit += each.share * next.cost * count;
    next.deficit -= next.cost * count;
    next.count += count;
  }
  const startOf = (id: string): number => accounts.get(id)?.deficit ?? 0;
  return turns
    .sort((a, b) => startOf(b.id) + b.share * b.cost - (startOf(a.id) + a.share * a.cost))
    .map(({ id, count }) => ({ id, count }));
}

function comingOf({
  deficit,
  share,
  cost,
}: {
  readonly deficit: number;
  readonly share: number;
  readonly cost: number;
}): number {
  return deficit + share * cost;
}
