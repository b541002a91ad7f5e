/** Why a run is there, most urgent first: somebody waits for it, the clock or new data asked for it, it catches up. */
const origins = ["live", "scheduled", "backfill"] as const;

export type Origin = (typeof origins)[number];

export function mostUrgent(present: ReadonlySet<Origin>): Origin | undefined {
  return origins.find((origin) => present.has(origin));
}

/** A run that has steps to run. */
export interface Claimant {
  readonly id: string;
  readonly origin: Origin;
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

/** Of one run against one other. */
const weights: Readonly<Record<Origin, number>> = { live: 4, scheduled: 2, backfill: 1 };

/** Reserved: whatever their number, all runs of an origin together get this much while they have steps to run. */
const leastShares: Readonly<Record<Origin, number>> = { live: 0.3, scheduled: 0.15, backfill: 0.1 };

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

/** Within its origin by weight, which grows while nothing is taken from it. */
function setShares(accounts: Accounts, runs: readonly Claimant[], nowMs: number): void {
  const sums = { live: 0, scheduled: 0, backfill: 0 };
  const weighed = runs.flatMap(({ id, origin }) => {
    const account = accounts.get(id);
    if (account === undefined) return [];
    const weight = weights[origin] + Math.floor((nowMs - account.servedAtMs) / agingMs);
    sums[origin] += weight;
    return [{ account, origin, weight }];
  });
  const shares = shareOrigins(sums);
  for (const { account, origin, weight } of weighed) account.share = (shares[origin] * weight) / sums[origin];
}

/**
 * What all runs of an origin get together, by the sum of their weights; none that is there gets less than is reserved for it. The more urgent the runs that
 * come, the less is left for the others: backfills are the first to be cut down to what is reserved for them, scheduled runs the next.
 */
export function shareOrigins(sums: Readonly<Record<Origin, number>>): Readonly<Record<Origin, number>> {
  const shares = { live: 0, scheduled: 0, backfill: 0 };
  let open: readonly Origin[] = origins.filter((origin) => sums[origin] > 0);
  let left = 1;
  for (;;) {
    const total = open.reduce((sum, origin) => sum + sums[origin], 0);
    for (const origin of open) shares[origin] = (left * sums[origin]) / total;
    const short = open.filter((origin) => shares[origin] < leastShares[origin]);
    if (short.length === 0) return shares;
    for (const origin of short) {
      shares[origin] = leastShares[origin];
      left -= leastShares[origin];
    }
    open = open.filter((origin) => !short.includes(origin));
  }
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
