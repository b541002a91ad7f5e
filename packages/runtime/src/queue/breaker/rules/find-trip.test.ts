import { expect, test } from "vitest";
import { defaultBreakerSettings as settings } from "../../../config/failure-terms.ts";
import { findSuspicion, findTrip, type WorkerCounts } from "./find-trip.ts";

function worker(workerId: string, counts: Partial<WorkerCounts>): WorkerCounts {
  return { workerId, ok: 0, bad: 0, slow: 0, badStreak: 0, unreachableStreak: 0, ...counts };
}

/** A worker whose last calls did not get through. */
function cutOff(workerId: string, streak: number, ok = 0): WorkerCounts {
  return worker(workerId, { ok, bad: streak, badStreak: streak, unreachableStreak: streak });
}

function failing(workerId: string, streak: number, ok = 0): WorkerCounts {
  return worker(workerId, { ok, bad: streak, badStreak: streak });
}

const well = (workerId: string, ok = 20): WorkerCounts => worker(workerId, { ok });

const table: readonly {
  readonly says: string;
  readonly counts: readonly WorkerCounts[];
  readonly active: number;
  readonly trips: boolean;
}[] = [
  { says: "nothing was called", counts: [], active: 4, trips: false },
  { says: "one worker, five calls in a row without a connection", counts: [cutOff("1", 5)], active: 1, trips: true },
  { says: "one worker, four of them", counts: [cutOff("1", 4)], active: 1, trips: false },
  { says: "a long success before does not help", counts: [cutOff("1", 5, 5_000)], active: 1, trips: true },
  { says: "one of four workers, however often", counts: [cutOff("1", 500)], active: 4, trips: false },
  {
    says: "one of four, beside three that are well",
    counts: [cutOff("1", 500), well("2"), well("3"), well("4")],
    active: 4,
    trips: false,
  },
  { says: "one of two", counts: [cutOff("1", 50), well("2")], active: 2, trips: false },
  {
    says: "one bad worker, and a single slip of another",
    counts: [cutOff("1", 500), cutOff("2", 1, 20)],
    active: 4,
    trips: false,
  },
  { says: "two of four, five together", counts: [cutOff("1", 3), cutOff("2", 2)], active: 4, trips: true },
  {
    says: "three of four, one each, is too little",
    counts: [cutOff("1", 1), cutOff("2", 1), cutOff("3", 1)],
    active: 4,
    trips: false,
  },
  {
    says: "four of four, five together",
    counts: ["1", "2", "3"].map((id) => cutOff(id, 1)).concat(cutOff("4", 2)),
    active: 4,
    trips: true,
  },
  { says: "answers with 500 need ten in a row", counts: [failing("1", 9, 20)], active: 1, trips: false },
  { says: "answers with 500, ten in a row", counts: [failing("1", 10, 20)], active: 1, trips: true },
  {
    says: "answers with 500, ten in a row, of one of three",
    counts: [failing("1", 10), well("2"), well("3")],
    active: 3,
    trips: false,
  },
  { says: "half of ten calls", counts: [worker("1", { ok: 5, bad: 5, badStreak: 1 })], active: 1, trips: true },
  { says: "half of nine calls", counts: [worker("1", { ok: 4, bad: 5, badStreak: 1 })], active: 1, trips: false },
  { says: "less than half of many", counts: [worker("1", { ok: 60, bad: 40, badStreak: 1 })], active: 1, trips: false },
  {
    says: "half of the calls of two of two",
    counts: [worker("1", { ok: 5, bad: 5 }), worker("2", { ok: 5, bad: 6 })],
    active: 2,
    trips: true,
  },
  {
    says: "most calls are those of the one that fails at once",
    counts: [worker("1", { bad: 900, badStreak: 900 }), well("2", 10), well("3", 10)],
    active: 3,
    trips: false,
  },
  { says: "eight of ten answers are slow", counts: [worker("1", { ok: 10, slow: 8 })], active: 1, trips: true },
  { says: "seven of ten answers are slow", counts: [worker("1", { ok: 10, slow: 7 })], active: 1, trips: false },
  {
    says: "slow on one worker of three",
    counts: [worker("1", { ok: 10, slow: 10 }), well("2"), well("3")],
    active: 3,
    trips: false,
  },
];

test.each(table)("a breaker heeds who failed and how often: $says", ({ counts, active, trips }) => {
  expect(findTrip({ counts, activeWorkers: active, settings }) !== null).toBe(trips);
});

test("why it opens is said with numbers", () => {
  expect(findTrip({ counts: [cutOff("1", 3), cutOff("2", 3)], activeWorkers: 4, settings })).toBe(
    "6 calls in a row did not get through",
  );
  expect(findTrip({ counts: [worker("1", { ok: 4, bad: 8 })], activeWorkers: 1, settings })).toBe(
    "8 of 12 calls failed",
  );
});

test("a worker that fails alone is found by the same numbers", () => {
  expect(findSuspicion(cutOff("1", 5), settings)).toMatch(/5 calls in a row did not get through from this worker/);
  expect(findSuspicion(cutOff("1", 4), settings)).toBe(null);
  expect(findSuspicion(failing("1", 10), settings)).toMatch(/10 calls in a row failed/);
  expect(findSuspicion(worker("1", { ok: 5, bad: 5 }), settings)).toMatch(/5 of 10/);
  expect(findSuspicion(well("1"), settings)).toBe(null);
});
