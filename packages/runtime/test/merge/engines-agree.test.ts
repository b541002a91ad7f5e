import { fold, foldHistory, type MergePolicy, type MergeSpec } from "@watersmeet/core/merge";
import { canonicalRow, type Row } from "@watersmeet/core/schema";
import {
  goldenBatches,
  goldenSets,
  goldenSpec,
  historyColumns,
  mergeHistories,
  type GeneratedHistory,
} from "@watersmeet/core/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sealAll } from "./feed-world.ts";
import {
  foldInSql,
  loadCases,
  numberCases,
  openDuckdbEngine,
  openPostgresEngine,
  type FoldEngine,
  type SqlCase,
} from "./folded-in-sql.ts";

const histories: readonly GeneratedHistory[] = [
  ...fc.sample(mergeHistories(fc), { numRuns: 60, seed: 1 }),
  ...fc.sample(mergeHistories(fc, { operations: ["upsert"] }), { numRuns: 40, seed: 2 }),
  ...fc.sample(mergeHistories(fc, { haveTies: false, operations: ["upsert"] }), { numRuns: 20, seed: 3 }),
  ...fc.sample(mergeHistories(fc, { rowPolicies: ["unionAll", "keepConflicts"] }), { numRuns: 20, seed: 4 }),
  ofAlikeBatches({}, [{ name: "one" }, { name: "other" }, { name: "third" }]),
  ofAlikeBatches({}, [{ name: "third" }, { name: "other" }, { name: "one" }]),
  ofAlikeBatches({ visits: "sum" }, [{ visits: 2 }, { visits: 2 }, { visits: 3 }]),
  // A float has no such sum.
  ofAlikeBatches({ order: "sum" }, [{ order: 9007199254740993n }, { order: 2n }]),
];
const nothing = histories.map((history) => ({ ...history, batches: [] }));
const cases = numberCases([...histories, ...nothing.slice(-20)]);

for (const [name, open] of [
  ["DuckDB", openDuckdbEngine],
  ["Postgres", openPostgresEngine],
] as const) {
  describe(`folding in ${name}`, () => {
    let engine: FoldEngine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine[Symbol.asyncDispose]());

    test("gives the reference's bytes for generated histories", async () => {
      await loadCases(engine, "generated", cases);
      for (const one of cases) {
        const contributions = one.batches.flatMap((batch) => batch.contributions);
        const expected = fold(one.spec, contributions);
        const given = await foldInSql(engine, "generated", one);
        expect(given.conflicts > 0).toBe(expected.conflicts.length > 0);
        if (expected.conflicts.length > 0) continue;
        expect(given.rows).toEqual(
          expected.rows.map(({ row }) => canonicalRow(one.spec.schema, row).toString("hex")).sort(),
        );
        const tombstones = contributions.filter(
          ({ operation }, index) => operation !== "upsert" && expected.fates[index] === "winner",
        );
        expect(given.winners).toBe(expected.counts.winner - tombstones.length);
      }
    });

    test("gives the golden example", async () => {
      for (const [index, set] of Object.values(goldenSets).entries()) {
        const batches = set.batches
          .filter((batch) => !set.revoked.includes(batch))
          .map((batch) => goldenBatches[batch]);
        const one: SqlCase = { spec: goldenSpec, batches, firstNumber: 100 * (index + 1) };
        await loadCases(engine, "golden", [one]);
        const expected = foldHistory(goldenSpec, { deliveries: batches, orders: [] });
        const { rows } = await foldInSql(engine, "golden", one);
        expect(rows).toEqual(set.rows.map((row) => canonicalRow(goldenSpec.schema, row).toString("hex")).sort());
        expect(expected.rows.length).toBe(rows.length);
      }
    });
  });
}

/** One source says things of a key in batches that are alike in all that orders them, written in this order: only values tell them apart. */
function ofAlikeBatches(columns: MergePolicy["columns"], said: readonly Row[]): GeneratedHistory {
  const spec: MergeSpec = {
    policy: { key: ["id", "part"], rows: "recencyFirst", columns, trust: {}, eventTime: "at" },
    schema: { columns: historyColumns },
  };
  const delivered = said.map((cells, index) => ({
    source: "s",
    batchKey: String(index),
    generation: 1,
    schemaVersion: "1",
    batchSequence: 0n,
    rows: [{ row: { id: "k", part: 0n, at: "2001-01-31T05:00:00Z", ...cells } }],
  }));
  return { spec, delivered, batches: sealAll(spec, delivered) };
}
