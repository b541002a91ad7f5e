import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BatchStanding } from "../cut/cut.ts";
import type { MergeOrder } from "../orders.ts";
import { standBatches, type StandingBatch } from "./stand-batches.ts";

const batch = (batchId: string, given: Partial<StandingBatch> = {}): StandingBatch => ({
  batchId,
  batchKey: batchId.slice(0, 1),
  generation: 1,
  part: "main",
  isClosed: false,
  baseBatchId: null,
  ...given,
});
const order = (kind: MergeOrder["kind"], batchId: string, overridesClosed = false): MergeOrder => ({
  kind,
  batchId,
  overridesClosed,
});
const stand = (known: readonly StandingBatch[], orders: readonly MergeOrder[] = []): Record<string, BatchStanding> =>
  Object.fromEntries(standBatches(known, orders));

describe("how batches stand", () => {
  test("the greatest generation of a key counts, with its late rows apart", () => {
    const known = [
      batch("a1"),
      batch("a1h", { part: "held" }),
      batch("a2", { generation: 2 }),
      batch("a2h", { generation: 2, part: "held" }),
      batch("a2r", { generation: 2, part: "rejected" }),
      batch("b1"),
    ];
    expect(stand(known)).toEqual({
      a1: "superseded",
      a1h: "superseded",
      a2: "live",
      a2h: "held",
      a2r: "rejected",
      b1: "live",
    });
  });

  test("without the latest generation the one before counts again", () => {
    const known = [batch("a1"), batch("a2", { generation: 2 })];
    expect(stand(known, [order("revoke", "a2")])).toEqual({ a1: "live", a2: "revoked" });
    expect(stand(known, [order("revoke", "a1")])).toEqual({ a1: "revoked", a2: "live" });
  });

  test("revoke beats reject and admit, and reject beats admit", () => {
    const known = [batch("a", { part: "held" })];
    const all = [order("admit", "a"), order("reject", "a"), order("revoke", "a")];
    expect(stand(known, all.slice(0, 1))).toEqual({ a: "live" });
    expect(stand(known, all.slice(0, 2))).toEqual({ a: "rejected" });
    expect(stand(known, all)).toEqual({ a: "revoked" });
  });

  test("what was turned away for its lateness can be admitted, and what counts cannot be rejected", () => {
    expect(stand([batch("a", { part: "rejected" })], [order("admit", "a")])).toEqual({ a: "live" });
    expect(stand([batch("a")], [order("reject", "a")])).toEqual({ a: "live" });
  });

  test("rows of a closed period need an admission that overrides the closing", () => {
    const known = [batch("a", { part: "held", isClosed: true })];
    expect(stand(known, [order("admit", "a")])).toEqual({ a: "held" });
    expect(stand(known, [order("admit", "a"), order("admit", "a", true)])).toEqual({ a: "live" });
  });

  test("a difference waits while what it is the difference to does not count, and so do those after it", () => {
    const known = [
      batch("a"),
      batch("b", { baseBatchId: "a" }),
      batch("c", { baseBatchId: "b" }),
      batch("d", { baseBatchId: "gone" }),
    ];
    expect(stand(known)).toEqual({ a: "live", b: "live", c: "live", d: "held" });
    expect(stand(known, [order("revoke", "a")])).toEqual({ a: "revoked", b: "held", c: "held", d: "held" });
  });

  test("neither the order of batches nor that of decisions counts, nor do repeated ones", () => {
    const ids = ["a1", "a2", "b1", "b2", "c1"];
    const batches = fc.tuple(
      ...ids.map((id) =>
        fc.record({
          batchId: fc.constant(id),
          batchKey: fc.constant(id.slice(0, 1)),
          generation: fc.integer({ min: 1, max: 2 }),
          part: fc.constantFrom("main" as const, "held" as const, "rejected" as const),
          isClosed: fc.boolean(),
          baseBatchId: fc.constantFrom(null, null, ...ids.filter((other) => other < id)),
        }),
      ),
    );
    const orders = fc.array(
      fc.record({
        kind: fc.constantFrom("revoke" as const, "admit" as const, "reject" as const),
        batchId: fc.constantFrom(...ids, "never seen"),
        overridesClosed: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(batches, orders, fc.nat(), (known, decided, turn) => {
        const turned = <T>(all: readonly T[]) => [...all.slice(turn % (all.length + 1)), ...all.toReversed()];
        expect(stand(turned(known), turned(decided))).toEqual(stand(known, decided));
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});
