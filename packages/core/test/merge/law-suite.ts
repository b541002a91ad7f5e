import fc from "fast-check";
import { foldHistory, type MergeHistory } from "../../src/merge/batch/batch-set.ts";
import { type DeliveredBatch, type SealedBatch } from "../../src/merge/batch/seal-batch.ts";
import { standBatches } from "../../src/merge/batch/stand-batches.ts";
import type { Contribution, MergeSpec } from "../../src/merge/contribution/contribution.ts";
import { fates, totalFates } from "../../src/merge/fold/fates.ts";
import { rowPolicies, type CellPolicy } from "../../src/merge/policy.ts";
import { canonicalRow } from "../../src/schema/canonical-row.ts";
import {
  decidedHistories,
  mergeHistories,
  sealUnambiguously,
  type GeneratedHistory,
} from "../../src/testing/merge-histories.ts";
import { historyEventTime, historyKeys } from "../../src/testing/merge-history-columns.ts";
import { bytesOf, contributionsOf, equal, law, revoking, same, type Law } from "./law.ts";
import { workedExamples } from "./worked-examples.ts";

const anyOrder = <T>(items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });

const byCell = ["recencyFirst", "priorityFirst"] as const;
/** With the author's own, which keep the laws. */
const allCells: readonly CellPolicy[] = [
  "recencyFirst",
  "priorityFirst",
  "first",
  "min",
  "max",
  "setUnion",
  "sum",
  "count",
  "custom",
];

/** The laws of a merge and the worked examples, to be held against any fold: the real one keeps them, each planted bug breaks at least one. */
export const laws: Readonly<Record<string, Law>> = {
  ...workedExamples,
  L13: law(
    "the same rows are the same batch, and other rows are another",
    mergeHistories(fc).chain((given) =>
      fc
        .constantFrom(...given.delivered)
        .chain((batch) => anyOrder(batch.rows).map((rows) => ({ given, batch, rows }))),
    ),
    ({ seal }, { given: { spec }, batch, rows }) => {
      const eventTime = spec.policy.eventTime === null ? null : historyEventTime;
      const idOf = (delivered: DeliveredBatch) => {
        const sealing = seal(spec, eventTime, delivered);
        return sealing.kind === "sealed" ? sealing.batch.batchId : "ambiguous";
      };
      equal(idOf(batch), idOf({ ...batch, rows }));
      const usable = rows.find((row) => idOf({ ...batch, rows: [row] }) !== idOf({ ...batch, rows: [] }));
      if (usable === undefined) return;
      const ids = [[], [usable], [usable, usable], [usable, usable, usable]].map((some) =>
        idOf({ ...batch, rows: some }),
      );
      equal(String(new Set(ids).size), "4");
    },
  ),
  L1: law(
    "any order of arrival gives the same rows, from the same contributions",
    mergeHistories(fc, { cellPolicies: allCells }).chain((given) =>
      anyOrder(given.batches).map((shuffled) => ({ given, shuffled })),
    ),
    (merge, { given, shuffled }) => {
      const reversed = shuffled.map((batch) => ({ ...batch, contributions: batch.contributions.toReversed() }));
      same(merge, given.spec, [all(given.batches), all(reversed)]);
      const winnersOf = (batches: readonly SealedBatch[]) =>
        merge
          .fold(given.spec, contributionsOf(batches))
          .rows.map(({ winners }) => textOf(winners))
          .join("\n");
      equal(winnersOf(given.batches), winnersOf(reversed));
    },
  ),
  L2: law(
    "what lost can be forgotten before the rest arrives",
    fc.tuple(
      mergeHistories(fc, {
        operations: ["upsert"],
        rowPolicies: [...byCell, "unionAll", "keepConflicts"],
        cellPolicies: allCells,
      }),
      fc.nat({ max: 7 }),
    ),
    ({ fold }, [given, at]) => {
      const first = contributionsOf(given.batches.slice(0, at));
      const rest = contributionsOf(given.batches.slice(at));
      const { fates } = fold(given.spec, first);
      const kept = first.filter((_, index) => fates[index] === "winner");
      equal(
        bytesOf(given.spec, fold(given.spec, [...first, ...rest])),
        bytesOf(given.spec, fold(given.spec, [...kept, ...rest])),
      );
    },
  ),
  L3: law(
    "deliveries repeated change nothing",
    mergeHistories(fc, { cellPolicies: allCells }).chain((given) =>
      fc.array(fc.constantFrom(...given.batches)).map((again) => ({ given, again })),
    ),
    (merge, { given, again }) => {
      same(merge, given.spec, [all(given.batches), all([...again, ...given.batches, ...again])]);
      const once = contributionsOf(given.batches);
      const twice = once.flatMap((contribution) => [contribution, contribution]);
      equal(bytesOf(given.spec, merge.fold(given.spec, twice)), bytesOf(given.spec, merge.fold(given.spec, once)));
    },
  ),
  L4: law(
    "folding the keys that a batch touches gives what folding everything gives",
    fc.tuple(mergeHistories(fc), fc.nat({ max: 6 })),
    ({ fold }, [given, at]) => {
      const { spec } = given;
      const delta = given.batches[at % given.batches.length]?.contributions ?? [];
      const everything = contributionsOf(given.batches);
      const before = everything.filter((contribution) => !delta.includes(contribution));
      const affected = new Set(delta.map(({ key }) => textOf(key)));
      const isAffected = ({ key }: Contribution) => affected.has(textOf(key));
      const kept = fold(spec, before).rows.filter(({ row }) => !affected.has(textOf(keyOf(spec, row))));
      const folded = fold(spec, everything.filter(isAffected)).rows;
      equal(sortedBytes(spec, [...kept, ...folded]), sortedBytes(spec, fold(spec, everything).rows));
    },
  ),
  L5: law("a batch taken back was never there", decidedHistories(fc), (merge, given) => {
    const revoked = given.orders.filter(({ kind }) => kind === "revoke").map(({ batchId }) => batchId);
    const others = given.orders.filter(({ kind }) => kind !== "revoke");
    const left = given.batches.filter(({ batchId }) => !revoked.includes(batchId));
    same(merge, given.spec, [
      { deliveries: given.batches, orders: [...others, ...revoking(revoked)] },
      { deliveries: left, orders: others },
    ]);
  }),
  L6: law(
    "it does not matter whether a decision or the batch that it is about comes first",
    decidedHistories(fc).chain((given) =>
      fc.tuple(fc.constant(given), anyOrder(given.batches), anyOrder([...given.orders, ...given.orders])),
    ),
    (merge, [given, batches, orders]) => {
      same(merge, given.spec, [
        { deliveries: given.batches, orders: given.orders },
        { deliveries: batches, orders },
      ]);
    },
  ),
  L7: law(
    "how rows are cut into batches does not matter",
    fc.tuple(mergeHistories(fc), fc.nat({ max: 5 })),
    (merge, [given, at]) => {
      same(merge, given.spec, [all(given.batches), all(splitBatches(given, at))]);
      same(merge, given.spec, [all(given.batches), all(joinBatches(given))]);
    },
  ),
  L8: law("rows of other keys do not matter", mergeHistories(fc), ({ fold }, given) => {
    const everything = contributionsOf(given.batches);
    const folded = fold(given.spec, everything);
    for (const [key, rows] of Map.groupBy(folded.rows, ({ row }) => textOf(keyOf(given.spec, row)))) {
      const own = everything.filter((contribution) => textOf(contribution.key) === key);
      equal(bytesOf(given.spec, fold(given.spec, own)), bytesOf(given.spec, { rows }));
    }
  }),
  L9: law(
    "a cell's winner does not depend on the other columns",
    mergeHistories(fc, { haveTies: false, rowPolicies: byCell, cellPolicies: allCells }),
    ({ fold }, given) => {
      const everything = contributionsOf(given.batches);
      const whole = fold(given.spec, everything);
      const [keys, cells] = [
        given.spec.schema.columns.slice(0, historyKeys),
        given.spec.schema.columns.slice(historyKeys),
      ];
      for (const column of cells) {
        const narrow = { ...given.spec, schema: { columns: [...keys, column] } };
        equal(bytesOf(narrow, fold(narrow, everything)), bytesOf(narrow, whole));
      }
    },
  ),
  L14: law("every contribution has one fate", decidedHistories(fc, { cellPolicies: allCells }), ({ fold }, given) => {
    const deliveries = [...given.batches, ...given.batches.slice(0, 2)];
    const merged = foldHistory(given.spec, { deliveries, orders: given.orders }, fold);
    const delivered = deliveries.reduce((sum, batch) => sum + batch.contributions.length + batch.rejected.length, 0);
    equal(String(totalFates(merged.allFates)), String(delivered));
    equal(String(merged.fates.length), String(totalFates(merged.counts)));
    equal(String(merged.fates.every((fate) => fates.includes(fate))), "true");
    const known = [...new Map(deliveries.map((batch) => [batch.batchId, batch])).values()];
    const live = contributionsOf(known.filter(({ batchId }) => merged.standings.get(batchId) === "live"));
    const twice = live.flatMap((contribution) => [contribution, contribution]);
    equal(String(totalFates(fold(given.spec, twice).counts)), String(twice.length));
    const owned = new Set(merged.rows.flatMap(({ winners }) => Object.values(winners).flat()));
    const unclaimed = [...owned].filter((winner) => merged.fates[live.indexOf(winner)] !== "winner");
    equal(String(unclaimed.length), "0");
  }),
  lateness: law(
    "when all that waited is admitted, the rows are those of rows that came in time",
    decidedHistories(fc),
    (merge, given) => {
      const waiting = given.batches.filter(({ part }) => part !== "main");
      const admissions = waiting.map(({ batchId }) => ({ kind: "admit", batchId }) as const);
      const inTime = given.batches.map((batch) => ({ ...batch, part: "main" as const }));
      same(merge, given.spec, [{ deliveries: given.batches, orders: admissions }, all(inTime)]);
    },
  ),
  "another column": law(
    "a column that nobody delivers changes nothing else",
    mergeHistories(fc),
    ({ fold }, { spec, batches }) => {
      const more = { name: "later", type: { kind: "text" }, isNullable: true, nullAs: "null" } as const;
      const wide = { ...spec, schema: { columns: [more, ...spec.schema.columns] } };
      const rows = fold(wide, contributionsOf(batches)).rows;
      equal(bytesOf(spec, { rows }), bytesOf(spec, fold(spec, contributionsOf(batches))));
      equal(String(rows.every(({ row }) => row["later"] === null)), "true");
    },
  ),
  "another source": law(
    "a source that comes last in time and trust fills gaps and wins nothing that others say",
    mergeHistories(fc, { rowPolicies: byCell, cellPolicies: byCell, operations: ["upsert"], isPlain: true }),
    ({ fold }, { spec, batches }) => {
      const trust = { s: 1, t: 2, uu: 3, ...spec.policy.trust, last: -9 };
      const ranked = { ...spec, policy: { ...spec.policy, trust } };
      const known = contributionsOf(batches);
      const weak = known.map((contribution) => ({ ...contribution, source: "last", eventTimeUs: null }));
      const [before, after] = [fold(ranked, known), fold(ranked, [...known, ...weak])];
      for (const [index, { winners }] of before.rows.entries()) {
        for (const name of Object.keys(winners)) {
          const cell = (rows: typeof before) =>
            canonicalRow(
              { columns: spec.schema.columns.filter((column) => column.name === name) },
              rows.rows[index]?.row ?? {},
            );
          equal(cell(after).toString("hex"), cell(before).toString("hex"));
        }
      }
    },
  ),
  repeatability: law("the same set gives the same rows at any moment", mergeHistories(fc), ({ fold }, given) => {
    const everything = contributionsOf(given.batches);
    equal(bytesOf(given.spec, fold(given.spec, everything)), bytesOf(given.spec, fold(given.spec, everything)));
  }),
  standing: law(
    "of each key one generation counts",
    decidedHistories(fc, { rowPolicies: [...rowPolicies] }),
    (_, given) => {
      const standings = standBatches(given.batches, given.orders);
      const live = given.batches.filter(({ batchId }) => standings.get(batchId) === "live");
      for (const generations of Map.groupBy(live, ({ batchKey }) => batchKey).values())
        equal(String(new Set(generations.map(({ generation }) => generation)).size), "1");
    },
  ),
};

function all(deliveries: readonly SealedBatch[]): MergeHistory {
  return { deliveries, orders: [] };
}

function splitBatches(given: GeneratedHistory, at: number): readonly SealedBatch[] {
  return given.delivered.flatMap((batch) =>
    [batch.rows.slice(0, at), batch.rows.slice(at)].map(
      (rows, part) => sealUnambiguously(given.spec, { ...batch, batchKey: `${batch.batchKey}/${part}`, rows }).batch,
    ),
  );
}

/** Batches that only their keys tell apart as one; where their rows together would be ambiguous, they stay as they are. */
function joinBatches(given: GeneratedHistory): readonly SealedBatch[] {
  const alike = Map.groupBy(given.delivered, ({ source, batchSequence }) => `${batchSequence}:${source}`);
  return [...alike.values()].flatMap((parts) => {
    const [first] = parts;
    if (first === undefined) return [];
    const joined = { ...first, rows: parts.flatMap(({ rows }) => rows) };
    const { delivered, batch } = sealUnambiguously(given.spec, joined);
    return delivered === joined ? [batch] : parts.map((part) => sealUnambiguously(given.spec, part).batch);
  });
}

function sortedBytes(spec: MergeSpec, rows: Parameters<typeof bytesOf>[1]["rows"]): string {
  return bytesOf(spec, { rows }).split("\n").sort().join("\n");
}

function keyOf(spec: MergeSpec, row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(spec.policy.key.map((name) => [name, row[name]]));
}

/** A key, or contributions by column: without the batches that they came in, which do not tell equal ones apart. */
function textOf(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(record), (name, value: unknown) =>
    name === "batchId" || name === "copy" ? 0 : typeof value === "bigint" ? `${value}n` : value,
  );
}
