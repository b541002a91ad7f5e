import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sourceWatermark, type ProgressBatch, type ProgressTerms, type SourceProgress } from "./source-watermark.ts";

const terms: ProgressTerms = { policy: { graceMs: 0, beyond: "hold", disorderMs: 1 }, asOf: "1970-01-01T00:00:01Z" };

function batch(
  sequence: number,
  cursor: string | null,
  greatest: number | null,
  more: Partial<ProgressBatch> = {},
): ProgressBatch {
  const [from = "", to = ""] = cursor?.split("..") ?? [];
  return {
    sequence: BigInt(sequence),
    rowCount: greatest === null ? 0 : 1,
    cursor: cursor === null ? null : { from: from === "" ? null : from, to },
    greatest: greatest === null ? null : String(greatest),
    promise: null,
    ...more,
  };
}

function progress(
  batches: readonly ProgressBatch[],
  previous: string | null = null,
  more: Partial<ProgressTerms> = {},
): SourceProgress {
  return sourceWatermark(batches, previous, { ...terms, ...more });
}

const finish = { watermark: null, isFinished: true };

describe("the watermark of a source (M27)", () => {
  test("is the greatest time less the disorder that is allowed (mutation 15)", () => {
    expect(progress([batch(1, "..b", 9_000), batch(2, "b..c", 7_000)])).toEqual({
      watermark: "8000",
      state: "active",
      gaps: [],
    });
    expect(progress([batch(1, null, 5_000)]).watermark).toBe("4000");
  });

  test("counts the contiguous prefix of the cursor only, and names what is missing", () => {
    const [a, c, d] = [batch(1, "a..b", 2_000), batch(3, "c..d", 9_000), batch(5, "e..f", 9_500)];
    expect(progress([d, c, a])).toEqual({
      watermark: "1000",
      state: "active",
      gaps: [
        { from: "b", to: "c" },
        { from: "d", to: "e" },
      ],
    });
    expect(progress([d, c, a, batch(2, "b..c", 500), batch(4, "d..e", null)])).toEqual({
      watermark: "8500",
      state: "active",
      gaps: [],
    });
  });

  test("counts a batch without a cursor unless it came after one beyond a gap", () => {
    const around = [batch(1, "a..b", 2_000), batch(4, "c..d", 9_000)];
    expect(progress([...around, batch(3, null, 5_000)]).watermark).toBe("4000");
    expect(progress([...around, batch(5, null, 5_000)]).watermark).toBe("1000");
  });

  test("is what the producer promises, once it promises", () => {
    const promised = { promise: { watermark: "3000", isFinished: false } };
    expect(progress([batch(1, null, 9_000, promised)]).watermark).toBe("3000");
    expect(progress([batch(1, null, 2_000, promised), batch(2, null, 9_000)]).watermark).toBe("3000");
    const beyond = batch(3, "x..y", 1, { promise: { watermark: "8000", isFinished: false } });
    expect(progress([batch(1, "a..b", 9_000, promised), beyond]).watermark).toBe("3000");
  });

  test("never falls", () => {
    expect(progress([batch(1, null, 5_000)], "4500").watermark).toBe("4500");
    expect(progress([], "4500").watermark).toBe("4500");
  });

  test("is not moved by a row or a promise from the future (mutation 16)", () => {
    const soon = 1_000_000 + 86_400_000_000;
    expect(progress([batch(1, null, 5_000), batch(2, null, soon + 1)]).watermark).toBe("4000");
    const promise = { watermark: String(soon + 1), isFinished: false };
    expect(progress([batch(1, null, 5_000), batch(2, null, null, { promise })]).watermark).toBe("4000");
    expect(progress([batch(2, null, soon)]).watermark).toBe(String(soon - 1_000));
  });
});

describe("the state of a source (M27)", () => {
  test("is missing when nothing was delivered, active when something was", () => {
    expect(progress([]).state).toBe("missing");
    expect(progress([batch(1, null, 1)]).state).toBe("active");
  });

  test("is idle only by an empty batch that moved the cursor, never by time (mutation 14)", () => {
    const first = batch(1, "a..b", 1);
    expect(progress([first, batch(2, "b..c", null)]).state).toBe("idle");
    expect(progress([first, batch(2, "a..b", null)]).state).toBe("active");
    expect(progress([first, batch(2, null, null)]).state).toBe("active");
    expect(progress([first, batch(2, "b..c", null), batch(3, "c..d", 1)]).state).toBe("active");
    expect(progress([first, batch(2, "b..c", null), batch(2, "b..c", 1)]).state).toBe("active");
    const later = { cadence: { everyMs: 10, lastAt: "1970-01-01T00:00:00Z" } };
    expect(progress([first], null, later).state).toBe("suspect");
    expect(progress([first, batch(2, "b..c", null)], null, later).state).toBe("suspect");
  });

  test("is suspect only after the time within which something was expected", () => {
    const cadence = { everyMs: 1_000, lastAt: "1970-01-01T00:00:00Z" };
    expect(progress([batch(1, null, 1)], null, { cadence }).state).toBe("active");
    expect(progress([batch(1, null, 1)], null, { cadence: { ...cadence, everyMs: 999 } }).state).toBe("suspect");
  });

  test("is finished by the word of the last batch, and nothing makes it suspect", () => {
    const late = { cadence: { everyMs: 0, lastAt: "1970-01-01T00:00:00Z" } };
    const last = batch(2, "b..c", 3, { promise: finish });
    expect(progress([last, batch(1, "a..b", 1)], null, late).state).toBe("finished");
    expect(progress([last, batch(3, "c..d", 1)]).state).toBe("active");
  });

  test("is neither finished nor idle while there is a gap", () => {
    const first = batch(1, "a..b", 1);
    expect(progress([first, batch(2, "c..d", null)]).state).toBe("active");
    expect(progress([first, batch(2, "c..d", 3, { promise: finish })]).state).toBe("active");
  });
});

describe("progress, whatever comes in whatever order", () => {
  const batches = fc
    .array(fc.record({ isThere: fc.boolean(), greatest: fc.option(fc.nat({ max: 9_000 })) }), { maxLength: 8 })
    .map((all) =>
      all.flatMap(({ isThere, greatest }, at) => (isThere ? [batch(at, `${at}..${at + 1}`, greatest)] : [])),
    );

  test("does not depend on the order of arrival", () => {
    fc.assert(
      fc.property(batches, fc.infiniteStream(fc.nat()), (some, keys) => {
        const shuffled = some.map((each) => ({ each, key: keys.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
        expect(progress(shuffled.map(({ each }) => each))).toEqual(progress(some));
      }),
      { numRuns: 200, seed: 24 },
    );
  });

  test("never falls as batches are added, and no batch of the prefix is ahead of it by more than the disorder", () => {
    fc.assert(
      fc.property(batches, (some) => {
        let watermark: string | null = null;
        some.forEach((_, count) => {
          const next: SourceProgress = progress(some.slice(0, count + 1), watermark);
          if (watermark !== null) expect(BigInt(next.watermark ?? -1)).toBeGreaterThanOrEqual(BigInt(watermark));
          watermark = next.watermark;
        });
        const firstGap = progress(some).gaps[0]?.from;
        const inPrefix = some.filter(({ cursor }) => firstGap === undefined || (cursor?.to ?? "") <= firstGap);
        const greatest = Math.max(...inPrefix.map((each) => Number(each.greatest ?? Number.NEGATIVE_INFINITY)));
        expect(watermark).toBe(Number.isFinite(greatest) ? String(greatest - 1_000) : null);
      }),
      { numRuns: 200, seed: 24 },
    );
  });
});
