import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintOrders, type IdentifyingOrder } from "./order-fingerprint.ts";

const order: fc.Arbitrary<IdentifyingOrder> = fc.record({
  kind: fc.constantFrom("revoke", "admit", "reject"),
  batchId: fc.constantFrom("a", "b", 'a","b'),
  overridesClosed: fc.boolean(),
});

describe("the fingerprint of orders", () => {
  it("is none where there are none", () => {
    expect(fingerprintOrders([])).toBeNull();
  });

  it("is that of a set: neither their order nor how often one was given counts", () => {
    fc.assert(
      fc.property(fc.array(order, { minLength: 1, maxLength: 6 }), (orders) => {
        expect(fingerprintOrders([...orders, ...orders].reverse())).toBe(fingerprintOrders(orders));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("differs with the batch, with what is said of it, and with whether a closing is overridden", () => {
    const revoke = { kind: "revoke", batchId: "a" };
    const all = [
      revoke,
      { ...revoke, batchId: "b" },
      { ...revoke, kind: "admit" },
      { ...revoke, kind: "admit", overridesClosed: true },
    ].map((one) => fingerprintOrders([one]));
    expect(new Set(all).size).toBe(all.length);
  });
});
