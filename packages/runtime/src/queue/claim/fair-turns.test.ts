import fc from "fast-check";
import { expect, test } from "vitest";
import { createTurns, shareOrigins, type Claimant, type Turns } from "./fair-turns.ts";

const live = (id: string): Claimant => ({ id, origin: "live" });
const scheduled = (id: string): Claimant => ({ id, origin: "scheduled" });
const backfill = (id: string): Claimant => ({ id, origin: "backfill" });

/** Claims again and again and gives each run's share of the time of slots. `most`: steps that a run can use in one claim. */
function sharesOf(
  turns: Turns,
  options: {
    readonly runs: readonly Claimant[];
    readonly limits: readonly number[];
    readonly stepMs?: Readonly<Record<string, number>>;
    readonly most?: Readonly<Record<string, number>>;
  },
): Readonly<Record<string, number>> {
  const used = new Map<string, number>();
  for (const limit of options.limits) {
    const taken = new Map<string, number>();
    let left = limit;
    for (const pass of ["turn", "rest"] as const) {
      for (const { id, count } of pass === "turn"
        ? turns.allot(options.runs, limit, 0)
        : options.runs.map(({ id }) => ({ id, count: left }))) {
        const room = (options.most?.[id] ?? Number.POSITIVE_INFINITY) - (taken.get(id) ?? 0);
        const more = Math.max(0, Math.min(left, count, room));
        taken.set(id, (taken.get(id) ?? 0) + more);
        left -= more;
      }
    }
    turns.charge(taken);
    for (const [id, count] of taken) {
      const ms = options.stepMs?.[id] ?? 1;
      used.set(id, (used.get(id) ?? 0) + count * ms);
      if (count > 0) turns.observe(id, ms);
    }
  }
  const total = [...used.values()].reduce((sum, value) => sum + value, 0);
  return Object.fromEntries([...used].map(([id, value]) => [id, value / total]));
}

const oneByOne = Array.from({ length: 2000 }, () => 1);

test("a live run gets four fifths and a backfill one fifth, also where one slot is given at a time", () => {
  const shares = sharesOf(createTurns(), { runs: [backfill("b"), live("a")], limits: oneByOne });
  expect(shares["a"]).toBeCloseTo(0.8, 2);
  expect(shares["b"]).toBeCloseTo(0.2, 2);
});

test("the first slot goes to the live run", () => {
  expect(createTurns().allot([backfill("b"), live("a")], 1, 0)[0]).toEqual({ id: "a", count: 1 });
});

test("shares are of time, not of steps", () => {
  const stepMs = { a: 10, b: 400 };
  const shares = sharesOf(createTurns(), { runs: [live("a"), live("b")], limits: oneByOne, stepMs });
  expect(shares["a"]).toBeGreaterThan(0.4);
  expect(shares["a"]).toBeLessThan(0.6);
});

test("many live runs leave a backfill a tenth, and many backfills leave a live run three tenths", () => {
  const many = Array.from({ length: 20 }, (_, index) => String(index));
  const crowded = sharesOf(createTurns(), { runs: [backfill("x"), ...many.map(live)], limits: oneByOne });
  expect(crowded["x"]).toBeCloseTo(0.1, 2);
  const outnumbered = sharesOf(createTurns(), { runs: [live("x"), ...many.map(backfill)], limits: oneByOne });
  expect(outnumbered["x"]).toBeCloseTo(0.3, 2);
});

test.each<[string, Parameters<typeof shareOrigins>[0], Parameters<typeof shareOrigins>[0]]>([
  ["one of each", { live: 4, scheduled: 2, backfill: 1 }, { live: 0.57, scheduled: 0.29, backfill: 0.14 }],
  [
    "two live: backfills keep what is reserved",
    { live: 8, scheduled: 2, backfill: 1 },
    { live: 0.72, scheduled: 0.18, backfill: 0.1 },
  ],
  [
    "three live: so do scheduled runs",
    { live: 12, scheduled: 2, backfill: 1 },
    { live: 0.75, scheduled: 0.15, backfill: 0.1 },
  ],
  [
    "a hundred live: no more is taken from the others",
    { live: 400, scheduled: 2, backfill: 1 },
    { live: 0.75, scheduled: 0.15, backfill: 0.1 },
  ],
  [
    "many backfills: the urgent keep what is reserved",
    { live: 4, scheduled: 2, backfill: 100 },
    { live: 0.3, scheduled: 0.15, backfill: 0.55 },
  ],
  [
    "scheduled runs among many backfills",
    { live: 0, scheduled: 2, backfill: 100 },
    { live: 0, scheduled: 0.15, backfill: 0.85 },
  ],
  ["backfills alone have everything", { live: 0, scheduled: 0, backfill: 3 }, { live: 0, scheduled: 0, backfill: 1 }],
])("shares under pressure: %s", (_title, sums, expected) => {
  const shares = shareOrigins(sums);
  for (const origin of ["live", "scheduled", "backfill"] as const)
    expect(shares[origin]).toBeCloseTo(expected[origin], 2);
});

test("shares are all that there is, and one more live run takes from the others alone", () => {
  const sums = fc.record({ live: fc.nat(50), scheduled: fc.nat(50), backfill: fc.nat(50) });
  fc.assert(
    fc.property(sums, (given) => {
      if (given.live + given.scheduled + given.backfill === 0) return;
      const shares = shareOrigins(given);
      expect(shares.live + shares.scheduled + shares.backfill).toBeCloseTo(1);
      const more = shareOrigins({ ...given, live: given.live + 4 });
      expect(more.live).toBeGreaterThanOrEqual(shares.live - 1e-9);
      expect(more.backfill).toBeLessThanOrEqual(shares.backfill + 1e-9);
      expect(more.scheduled).toBeLessThanOrEqual(shares.scheduled + 1e-9);
    }),
  );
});

test("one slot at a time, a live run, a scheduled one and a backfill get four, two and one of seven", () => {
  const shares = sharesOf(createTurns(), { runs: [backfill("c"), scheduled("b"), live("a")], limits: oneByOne });
  expect(shares["a"]).toBeCloseTo(4 / 7, 2);
  expect(shares["b"]).toBeCloseTo(2 / 7, 2);
  expect(shares["c"]).toBeCloseTo(1 / 7, 2);
});

test("what a run cannot use goes to the others at once", () => {
  const shares = sharesOf(createTurns(), {
    runs: [live("a"), backfill("b")],
    limits: [10, 10, 10, 10],
    most: { a: 1 },
  });
  expect(shares).toEqual({ a: 0.1, b: 0.9 });
});

test("a run that was kept away has something coming, but not everything", () => {
  const turns = createTurns();
  const runs = [live("a"), live("b")];
  sharesOf(turns, { runs, limits: oneByOne.slice(0, 500), most: { a: 0 } });
  const afterwards = sharesOf(turns, { runs, limits: oneByOne.slice(0, 50) });
  expect(afterwards["a"]).toBeGreaterThan(0.5);
  expect(afterwards["b"]).toBeGreaterThan(0.4);
});

test("a run that nothing is taken from weighs more with time", () => {
  const turns = createTurns();
  const runs = [live("a"), live("b")];
  const hourMs = 3_600_000;
  const countAt = (nowMs: number): number => {
    const allotted = turns.allot(runs, 60, nowMs);
    turns.charge(
      new Map([
        ["a", 0],
        ["b", 0],
      ]),
    );
    return allotted.find(({ id }) => id === "b")?.count ?? 0;
  };
  expect(countAt(0)).toBe(30);
  turns.allot(runs, 60, hourMs);
  turns.charge(new Map([["a", 1]]));
  expect(countAt(hourMs)).toBeGreaterThan(30);
});

test("all slots are given, to runs that are there, whatever came before", () => {
  const looks = fc.array(
    fc.record({ runs: fc.uniqueArray(fc.nat(6), { minLength: 1 }), limit: fc.integer({ min: 1, max: 500 }) }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(looks, (given) => {
      const turns = createTurns();
      for (const { runs, limit } of given) {
        const allotted = turns.allot(
          runs.map((id) => (id % 2 === 0 ? live(String(id)) : backfill(String(id)))),
          limit,
          0,
        );
        expect(allotted.reduce((sum, { count }) => sum + count, 0)).toBe(limit);
        expect(allotted.map(({ id }) => id).sort()).toEqual(runs.map(String).sort());
        turns.charge(new Map(allotted.map(({ id, count }) => [id, count])));
      }
    }),
    { numRuns: 100 },
  );
});
