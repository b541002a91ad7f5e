import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAssetKey } from "../../values/asset-key.ts";
import { unpartitioned } from "../../values/partitions/partition-key.ts";
import { buildCut } from "../cut/build-cut.ts";
import { amendmentsLeft } from "./amendments.ts";
import type { LateClass, LatePolicy } from "./late-policy.ts";
import { classify, isFuture, lateBase, lateBounds, treatLate, type LatenessTerms } from "./lateness.ts";

const runs = { numRuns: 2_000, seed: 24 };

const hold: LatePolicy = { graceMs: 10, beyond: "hold" };
const terms: LatenessTerms = {
  policy: hold,
  asOf: "1970-01-01T00:00:01Z",
  window: null,
  base: { watermark: "500000" },
  keepMs: null,
};
const day = 86_400_000_000n;

describe("when a row came (M29)", () => {
  test("is judged by the watermark of the cut before: not behind it, within grace, beyond grace", () => {
    expect([500_000n, 499_999n, 490_000n, 489_999n].map((us) => classify(us, terms))).toEqual([
      "onTime",
      "inGrace",
      "inGrace",
      "beyondGrace",
    ]);
  });

  test("counts as on time as long as nothing was published that it could be late for", () => {
    const base = { watermark: null };
    expect(classify(-(10n ** 15n), { ...terms, base: null })).toBe("onTime");
    expect(classify(-(10n ** 15n), { ...terms, base })).toBe("onTime");
    expect(classify(null, terms)).toBe("onTime");
  });

  test("is beyond the horizon where tombstones may be gone: by what is said or by what is kept, whichever is less", () => {
    const old = 500_000n - 20_001n;
    expect(classify(old, { ...terms, keepMs: 20 })).toBe("beyondHorizon");
    expect(classify(old, { ...terms, policy: { ...hold, horizonMs: 20 }, keepMs: 99 })).toBe("beyondHorizon");
    expect(classify(old, { ...terms, policy: { ...hold, horizonMs: 99 }, keepMs: 20 })).toBe("beyondHorizon");
    expect(classify(old + 1n, { ...terms, keepMs: 20 })).toBe("beyondGrace");
  });

  test("is of a closed period before an instant, however much the watermark has passed", () => {
    const closing = { ...terms, policy: { ...hold, closedBefore: "1970-01-02T00:00:00Z" } };
    expect(classify(day - 1n, closing)).toBe("closed");
    expect(classify(day, closing)).toBe("onTime");
    expect(classify(0n, { ...closing, base: null })).toBe("onTime");
  });

  test("depends in a window on its end: its rows are late once the watermark has passed all of it", () => {
    const windowed = { ...terms, window: { from: "0", to: "500001" } };
    expect(classify(1n, windowed)).toBe("onTime");
    expect(classify(1n, { ...windowed, base: { watermark: "500001" } })).toBe("inGrace");
    expect(classify(1n, { ...windowed, base: { watermark: "510001" } })).toBe("beyondGrace");
  });

  test("is beyond everything when all sources have finished", () => {
    expect(classify(10n ** 17n, { ...terms, base: { watermark: "infinity" } })).toBe("beyondGrace");
    expect(classify(10n ** 17n, { ...terms, base: { watermark: "infinity" }, keepMs: 1 })).toBe("beyondHorizon");
  });

  test("may be the future: further ahead of the cut than a day, or what the policy says (M28)", () => {
    const now = 1_000_000n;
    expect([now + day, now + day + 1n].map((us) => isFuture(us, terms))).toEqual([false, true]);
    expect([now, now + 1n].map((us) => isFuture(us, { ...terms, policy: { ...hold, maxFutureMs: 0 } }))).toEqual([
      false,
      true,
    ]);
  });

  test("is said by bounds as it is by the function, for every time and all terms", () => {
    fc.assert(
      fc.property(anyTerms(), anyTime(), (some, us) => {
        const bounds = lateBounds(some);
        expect(us > bounds.futureAfterUs).toBe(isFuture(us, some));
        if (!isFuture(us, some)) expect(byBounds(us, some)).toBe(classify(us, some));
        for (const bound of Object.values(bounds)) expect(BigInt.asIntN(64, bound)).toBe(bound);
      }),
      runs,
    );
  });

  /** As SQL renders it. */
  function byBounds(us: bigint, some: LatenessTerms): LateClass {
    const bounds = lateBounds(some);
    if (us < bounds.closedBeforeUs) return "closed";
    if (us < bounds.horizonFromUs) return "beyondHorizon";
    if (us >= bounds.onTimeFromUs) return "onTime";
    return us >= bounds.graceFromUs ? "inGrace" : "beyondGrace";
  }
});

const nearUs = fc.bigInt({ min: -20_000n, max: 20_000n });

function anyTime(): fc.Arbitrary<bigint> {
  return fc.oneof(
    nearUs,
    fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
    fc.constantFrom(2n ** 63n - 1n, 2n ** 63n - 2n, -(2n ** 63n) + 1n),
  );
}

function anyTerms(): fc.Arbitrary<LatenessTerms> {
  const ms = fc.nat({ max: 20 });
  const instant = fc.constantFrom("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.007Z", "1969-12-31T23:59:59.99Z");
  const watermark = fc.oneof(nearUs.map(String), fc.constantFrom("infinity", null));
  const policy = fc
    .record({ graceMs: ms, horizonMs: fc.option(ms), maxFutureMs: fc.option(ms), closedBefore: fc.option(instant) })
    .map(({ graceMs, ...rest }) => ({
      graceMs,
      beyond: "hold" as const,
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
    }));
  return fc.record({
    policy,
    asOf: instant,
    window: fc.option(
      fc.tuple(nearUs, nearUs).map(([a, b]) => ({ from: String(a), to: String(a + (b < 0n ? -b : b) + 1n) })),
    ),
    base: fc.option(fc.record({ watermark })),
    keepMs: fc.option(ms),
  });
}

describe("what rows of a branch are judged against", () => {
  const leg = {
    branch: "faa",
    inputs: [],
    batches: [],
    state: "active",
    watermark: "7",
    gaps: [],
    isLastGood: false,
  } as const;
  const frame = {
    asset: parseAssetKey("a"),
    partition: unpartitioned,
    codeVersion: "",
    policyVersion: "",
    epoch: 1,
    decision: { kind: "complete" },
    keyColumns: ["id"],
  } as const;

  test("is the merge's watermark, but for branches that the cut before had nothing of", () => {
    const cut = buildCut({
      ...frame,
      legs: [leg, { ...leg, branch: "web", state: "missing", watermark: null }],
      baseWatermark: "9",
    });
    expect(lateBase(cut, "faa")).toEqual({ watermark: "9" });
    expect(lateBase(cut, "web")).toBe(null);
    expect(lateBase(cut, "new")).toBe(null);
    expect(lateBase(null, "faa")).toBe(null);
  });
});

describe("what becomes of late rows (M30, M32)", () => {
  test.each<[LatePolicy["beyond"], number | null, string]>([
    ["hold", null, "admit admit hold hold hold"],
    ["amend", null, "admit admit admit hold hold"],
    ["reject", null, "admit admit reject hold hold"],
    ["amend", 1, "admit admit admit hold hold"],
    ["amend", 0, "admit hold hold hold hold"],
    ["reject", 0, "admit hold reject hold hold"],
  ])("under %s with %s amendments left: %s", (beyond, left, expected) => {
    const classes: readonly LateClass[] = ["onTime", "inGrace", "beyondGrace", "beyondHorizon", "closed"];
    expect(classes.map((each) => treatLate(each, { ...hold, beyond }, left)).join(" ")).toBe(expected);
  });

  test("amendments are capped within a time, counted by the instants of the cuts", () => {
    const capped = { ...hold, amendments: { count: 2, perMs: 1_000 } };
    const at = (second: string, isAmendment = true) => ({ asOf: `2001-01-01T00:00:${second}Z`, isAmendment });
    const now = "2001-01-01T00:00:10Z";
    expect(amendmentsLeft([], hold, now)).toBe(null);
    expect(amendmentsLeft([at("09"), at("09.000001"), at("09.5", false)], capped, now)).toBe(1);
    expect(amendmentsLeft([at("09.5"), at("09.7"), at("09.8")], capped, now)).toBe(0);
  });
});
