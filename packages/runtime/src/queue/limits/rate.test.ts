import fc from "fast-check";
import { expect, test } from "vitest";
import { countTokens, holdUntil, takeTokens, type Bucket, type Rate } from "./rate.ts";

const rates: fc.Arbitrary<Rate> = fc.record({
  count: fc.integer({ min: 1, max: 1000 }),
  perMs: fc.integer({ min: 1, max: 60_000 }),
  burst: fc.integer({ min: 1, max: 50 }),
});

test("no span has more starts than the rate gives for it, and what was saved up before it", () => {
  const looks = fc.array(fc.record({ afterMs: fc.nat(5000), wanted: fc.integer({ min: 1, max: 60 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(rates, looks, (rate, given) => {
      let bucket: Bucket = { rate, fullAtMs: 0 };
      let nowMs = 0;
      const taken: { readonly atMs: number; readonly count: number }[] = [];
      for (const { afterMs, wanted } of given) {
        nowMs += afterMs;
        const count = Math.min(wanted, countTokens(bucket, nowMs).count);
        bucket = takeTokens(bucket, { count, nowMs });
        taken.push({ atMs: nowMs, count });
      }
      for (const [from, first] of taken.entries()) {
        let sum = 0;
        for (const { atMs, count } of taken.slice(from)) {
          sum += count;
          const allowed = rate.burst + ((atMs - first.atMs) * rate.count) / rate.perMs;
          expect(sum).toBeLessThanOrEqual(allowed + 1e-3);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("who asks again when it was told to gets a token", () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 200 }), fc.nat(100_000), (rate, count, nowMs) => {
      const bucket = takeTokens({ rate, fullAtMs: 0 }, { count, nowMs });
      const { nextInMs } = countTokens(bucket, nowMs);
      expect(countTokens(bucket, nowMs + nextInMs).count).toBeGreaterThanOrEqual(1);
      if (nextInMs > 0) expect(countTokens(bucket, nowMs + nextInMs * 0.999 - 1e-3).count).toBe(0);
    }),
  );
});

test("after 'not before' there is one token at that instant, and none until then", () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 1_000_000 }), (rate, untilMs) => {
      const bucket = holdUntil({ rate, fullAtMs: 0 }, untilMs);
      expect(countTokens(bucket, untilMs - rate.perMs / rate.count / 100).count).toBe(0);
      expect(countTokens(bucket, untilMs).count).toBe(1);
    }),
  );
});
