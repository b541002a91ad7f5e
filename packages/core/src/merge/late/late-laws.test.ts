import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeHistories, type GeneratedHistory } from "../../testing/merge-histories.ts";
import { parseAssetKey } from "../../values/asset-key.ts";
import { unpartitioned } from "../../values/partitions/partition-key.ts";
import { foldHistory, type MergeHistory } from "../batch/batch-set.ts";
import type { SealedBatch } from "../batch/seal-batch.ts";
import { buildCut } from "../cut/build-cut.ts";
import type { Cut } from "../cut/cut.ts";
import { totalFates } from "../fold/fates.ts";
import type { LatePolicy } from "./late-policy.ts";
import { classify, lateBase, treatLate, type LatenessTerms } from "./lateness.ts";
import { sourceWatermark, type ProgressBatch } from "./source-watermark.ts";

const asOf = "2001-02-01T00:00:00Z";
const frame = {
  asset: parseAssetKey("merged"),
  partition: unpartitioned,
  codeVersion: "",
  policyVersion: "",
  epoch: 1,
  decision: { kind: "complete" },
  keyColumns: ["id"],
} as const;

const policies: fc.Arbitrary<LatePolicy> = fc.record(
  {
    graceMs: fc.constantFrom(0, 1),
    beyond: fc.constantFrom("hold", "amend", "reject"),
    horizonMs: fc.constantFrom(5, 10 ** 12),
    closedBefore: fc.constant("1970-01-01T00:00:00Z"),
  },
  { requiredKeys: ["graceMs", "beyond", "horizonMs"] },
);

/** A history whose batches arrive in any order, each judged against the cut that the ones before it came to; late parts are sealed as batches of their own. */
function arrive(history: GeneratedHistory, order: readonly number[], policy: LatePolicy): readonly SealedBatch[] {
  const known: SealedBatch[] = [];
  let cut: Cut | null = null;
  for (const at of order) {
    const batch = history.batches[at];
    if (batch === undefined) continue;
    known.push(...splitLate(batch, { policy, asOf, window: null, base: lateBase(cut, batch.source), keepMs: null }));
    cut = joinAll(known, policy, cut);
  }
  return known;
}

function splitLate(batch: SealedBatch, terms: LatenessTerms): readonly SealedBatch[] {
  const treated = Map.groupBy(batch.contributions, ({ eventTimeUs }) =>
    treatLate(classify(eventTimeUs, terms), terms.policy, null),
  );
  const isClosed = batch.contributions.some(({ eventTimeUs }) => classify(eventTimeUs, terms) === "closed");
  const part = (name: SealedBatch["part"], treatment: "admit" | "hold" | "reject"): SealedBatch[] => {
    const contributions = treated.get(treatment) ?? [];
    if (name !== "main" && contributions.length === 0) return [];
    const batchId = name === "main" ? batch.batchId : `${batch.batchId}#${name}`;
    return [
      { ...batch, part: name, batchId, contributions, isClosed, rejected: name === "main" ? batch.rejected : [] },
    ];
  };
  return [...part("main", "admit"), ...part("held", "hold"), ...part("rejected", "reject")];
}

function joinAll(known: readonly SealedBatch[], policy: LatePolicy, base: Cut | null): Cut {
  const legs = [...Map.groupBy(known, ({ source }) => source)].map(([branch, batches]) => {
    const previous = base?.legs.find((leg) => leg.branch === branch)?.watermark ?? null;
    const progress = sourceWatermark(batches.map(describeProgress), previous, { policy, asOf });
    const standing = (batch: SealedBatch) => (batch.part === "main" ? "live" : batch.part);
    return {
      ...progress,
      branch,
      inputs: [],
      isLastGood: false,
      batches: batches.map((batch) => ({ batchId: batch.batchId, epoch: 1, standing: standing(batch) }) as const),
    };
  });
  return buildCut({ ...frame, legs, baseWatermark: base?.watermark ?? null });
}

function describeProgress({ contributions }: SealedBatch): ProgressBatch {
  const times = contributions.flatMap(({ eventTimeUs }) => eventTimeUs ?? []);
  const greatest = times.reduce<bigint | null>((most, us) => (most === null || us > most ? us : most), null);
  return {
    sequence: contributions[0]?.batchSequence ?? 0n,
    rowCount: contributions.length,
    cursor: null,
    greatest: greatest?.toString() ?? null,
    promise: null,
  };
}

describe("late rows change when, never what (M31)", () => {
  const histories = mergeHistories(fc);
  const arrivals = fc.tuple(histories, policies).chain(([history, policy]) =>
    fc.record({
      history: fc.constant(history),
      policy: fc.constant(policy),
      order: fc.shuffledSubarray([...history.batches.keys()], { minLength: history.batches.length }),
    }),
  );

  test("once everything that waited, or was turned away, is admitted, the table is the one of rows in order", () => {
    let waited = 0;
    fc.assert(
      fc.property(arrivals, ({ history, order, policy }) => {
        const known = arrive(history, order, policy);
        const late = known.filter(({ part }) => part !== "main");
        waited += late.length;
        const orders = late.map(({ batchId }) => ({ kind: "admit", batchId, overridesClosed: true }) as const);
        expect(tableOf(history, { deliveries: known, orders })).toEqual(
          tableOf(history, { deliveries: history.batches, orders: [] }),
        );
      }),
      { numRuns: 150, seed: 24 },
    );
    expect(waited).toBeGreaterThan(50);
  });

  test("nothing is dropped: what waits and what is turned away is counted with the rest (mutation 17, L14)", () => {
    fc.assert(
      fc.property(arrivals, ({ history, order, policy }) => {
        const known = arrive(history, order, policy);
        const delivered = history.batches.reduce(
          (sum, { contributions, rejected }) => sum + contributions.length + rejected.length,
          0,
        );
        const { allFates } = foldHistory(history.spec, { deliveries: known, orders: [] });
        expect(totalFates(allFates)).toBe(delivered);
        const held = known
          .filter(({ part }) => part === "held")
          .reduce((sum, { contributions }) => sum + contributions.length, 0);
        expect(allFates.held).toBe(held);
      }),
      { numRuns: 150, seed: 24 },
    );
  });

  function tableOf({ spec }: GeneratedHistory, history: MergeHistory): unknown {
    const { rows, conflicts, allFates } = foldHistory(spec, history);
    return { rows: rows.map(({ row }) => row), conflicts, allFates };
  }
});
