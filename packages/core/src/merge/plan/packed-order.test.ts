import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeHistories } from "../../testing/merge-histories.ts";
import type { Contribution } from "../contribution/contribution.ts";
import { encodeToken, stratumOf, tokenParts, type TokenOrder } from "../contribution/token.ts";
import type { RowPolicy } from "../policy.ts";
import { packOrder, packToken, type OrderedBatch } from "./packed-order.ts";

test("packed tokens order contributions as their bytes do, up to the value hash", () => {
  const property = fc.property(
    mergeHistories(fc),
    fc.constantFrom<TokenOrder>("recencyFirst", "priorityFirst"),
    fc.constantFrom(0, 1, 2, 3, 1_000_000_007),
    fc.constantFrom<RowPolicy>("recencyFirst", "keepConflicts"),
    ({ spec: given, batches }, order, toleranceUs, rows) => {
      const spec = { ...given, policy: { ...given.policy, toleranceUs, rows } };
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
        for (const b of all) {
          expect(Math.sign(Number(a.packed - b.packed))).toBe(Buffer.compare(a.bytes, b.bytes));
          const strata = Number(a.packed / packed.stratumSize - b.packed / packed.stratumSize);
          if (order === "recencyFirst" && rows === "keepConflicts")
            expect(Math.sign(strata)).toBe(Buffer.compare(stratumOf(a.bytes), stratumOf(b.bytes)));
        }
      }
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test("sources of one length are ordered by their bytes, not by UTF-16 code units", () => {
  const policy = { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: null } as const;
  const batches = ["\u{1f600}", "\uff5ea"].map((source, number) => orderedBatch(number, source, []));
  const { offsets } = packOrder(policy, batches, "recencyFirst");
  expect([offsets.get(1), offsets.get(0)]).toEqual([0n, 1n]);
});

function orderedBatch(number: number, source: string, contributions: readonly Contribution[]): OrderedBatch {
  const sequences = contributions.map(({ sequence }) => sequence);
  const times = contributions.flatMap(({ eventTimeUs }) => eventTimeUs ?? []);
  const least = (values: readonly bigint[]) => values.reduce((a, b) => (b < a ? b : a));
  const greatest = (values: readonly bigint[]) => values.reduce((a, b) => (b > a ? b : a));
  return {
    number,
    source,
    batchSequence: contributions[0]?.batchSequence ?? 0n,
    eventTimes: times.length === 0 ? null : { least: least(times), greatest: greatest(times) },
    sequences: { least: least([0n, ...sequences]), greatest: greatest([0n, ...sequences]) },
    greatestOrdinal: greatest([0n, ...contributions.map(({ ordinal }) => ordinal)]),
    hasDeletes: contributions.some(({ operation }) => operation === "delete"),
    hasRetracts: contributions.some(({ operation }) => operation === "retract"),
  };
}
