import { expect, test } from "vitest";
import { countFitting, takeRoom, type Room } from "./room.ts";

function roomOf(free: number, overrides: Partial<Room> = {}): Room {
  const none = Number.POSITIVE_INFINITY;
  return {
    limit: 8,
    free,
    tokens: none,
    permits: none,
    bucket: null,
    isOpen: true,
    isProbe: false,
    spent: 0,
    againInMs: null,
    ...overrides,
  };
}

const api = { name: "api", weight: 1 };
const db = { name: "db", weight: 3 };

test("as many steps fit as every one of their resources has room for", () => {
  const rooms = new Map([
    ["api", roomOf(5)],
    ["db", roomOf(8)],
  ]);
  expect(countFitting(rooms, [api])).toBe(5);
  expect(countFitting(rooms, [api, db])).toBe(2);
  takeRoom(rooms, [api, db], 2);
  expect([rooms.get("api")?.free, rooms.get("db")?.free]).toEqual([3, 2]);
  expect(countFitting(rooms, [api, db])).toBe(0);
  expect(countFitting(rooms, [])).toBe(Number.POSITIVE_INFINITY);
});

test("a step that is heavier than the limit runs alone", () => {
  const rooms = new Map([["db", roomOf(2, { limit: 2 })]]);
  expect(countFitting(rooms, [db])).toBe(1);
  takeRoom(rooms, [db], 1);
  expect(rooms.get("db")?.free).toBe(0);
});

test("a resource that is over its limit, because that was lowered, has no room", () => {
  expect(countFitting(new Map([["api", roomOf(-3)]]), [api])).toBe(0);
});

test("starts cost tokens by weight, and probes count as steps", () => {
  const bucket = { rate: { count: 10, perMs: 1000, burst: 10 }, fullAtMs: 0 };
  const rooms = new Map([["db", roomOf(8, { limit: 100, tokens: 7, bucket })]]);
  expect(countFitting(rooms, [db])).toBe(2);
  takeRoom(rooms, [db], 2);
  expect(rooms.get("db")).toMatchObject({ tokens: 1, spent: 6 });
  expect(countFitting(new Map([["db", roomOf(8, { permits: 1 })]]), [db])).toBe(1);
});
