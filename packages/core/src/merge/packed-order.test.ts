import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeHistories } from "../testing/merge-histories.ts";
import type { Contribution } from "./contribution.ts";
import { packOrder, packToken, type OrderedBatch } from "./packed-order.ts";
import { encodeToken, tokenParts, type TokenOrder } from "./token.ts";

test("packed tokens order contributions as their bytes do, up to the value hash", () => {
  const property = fc.property(
    mergeHistories(fc),
    fc.constantFrom<TokenOrder>("recencyFirst", "priorityFirst"),
    ({ spec, batches }, order) => {
      const ordered = batches.map(({ source, contributions }, number) => orderedBatch(number, source, contributions));
      const packed = packOrder(spec.policy, ordered, order);
      const all = batches.flatMap(({ contributions }, number) =>
        contributions.map((contribution) => ({
          packed: packToken(packed, number, contribution),
          bytes: encodeToken(order, {
            ...tokenParts(spec.policy, spec.schema, contribution),
            valueHash: Buffer.alloc(0),
          }),
        })),
      );
      for (const a of all) {
        expect(a.packed >= 0n && a.packed < packed.size).toBe(true);
        for (const b of all) expect(Math.sign(Number(a.packed - b.packed))).toBe(Buffer.compare(a.bytes, b.bytes));
      }
    },
  );
  fc.assert(property, { numRuns: 200 });
});

function orderedBatch(number: number, source: string, contributions: readonly Contribution[]): OrderedBatch {
  const times = contributions.flatMap(({ eventTimeUs }) => eventTimeUs ?? []);
  const least = (values: readonly bigint[]) => values.reduce((a, b) => (b < a ? b : a));
  const greatest = (values: readonly bigint[]) => values.reduce((a, b) => (b > a ? b : a));
  return {
    number,
    source,
    batchSequence: contributions[0]?.batchSequence ?? 0n,
    eventTimes: times.length === 0 ? null : { least: least(times), greatest: greatest(times) },
    sequences: { least: 0n, greatest: 0n },
    greatestOrdinal: greatest([0n, ...contributions.map(({ ordinal }) => ordinal)]),
    hasDeletes: contributions.some(({ operation }) => operation === "delete"),
    hasRetracts: contributions.some(({ operation }) => operation === "retract"),
  };
}
