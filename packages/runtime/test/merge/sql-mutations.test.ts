import { fold, type MergePolicy, type MergeSpec } from "@watersmeet/core/merge";
import { canonicalRow, type Row } from "@watersmeet/core/schema";
import { historyColumns, mergeHistories, type GeneratedHistory } from "@watersmeet/core/testing";
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
} from "./folded-in-sql.ts";

/** Bugs in the SQL that is rendered, by what they are: a text, and what stands in its place. */
const mutants: Readonly<Record<string, readonly (readonly [string | RegExp, string])[]>> = {
  "a delete does not hide what is exactly as late, but what is later": [[/e\.(w\d) > d\.w/g, "e.$1 <= d.w"]],
  "retracts are ignored": [[/and \(r\.w is null or e\.w\d > r\.w\)/g, ""]],
  "a retract hides every source": [[" and r._source = e._source", ""]],
  "the least token wins": [
    [/arg_max\(_row/g, "arg_min(_row"],
    [/ desc nulls last/g, " nulls last"],
    [/, w0 desc/g, ", w0"],
    [/order by w0 desc/g, "order by w0"],
  ],
  "absent is null": [[/coalesce\(get_bit\(_present, \d+\), 1\) = 1/g, "true"]],
  "a null that means absent is a value": [[/c\d+ is not null/g, "true"]],
  "batches that do not carry a column set it to null": [
    [/(?<=filter \(where |case when )_batch in \([\d, ]+\)/g, "true"],
  ],
  "event time does not count": [[/coalesce\(_at - [^,]+, 0\)/g, "0"]],
  "sources and trust do not count": [[/case _batch (?:when \d+ then \S+ )+else \S+ end/g, "0"]],
  "values decide by the engine's chance": [
    [/, _hash\)/g, ")"],
    [/order by w(\d)\) as w/g, "order by w$1, _row desc) as w"],
  ],
  "what was delivered twice counts twice": [
    ["where _again = 1", ""],
    [" and _copy is null", ""],
  ],
  "a tolerance makes no two times equal": [
    [/ \/\/ \d+(?=\) \+ 1\))/g, " // 1"],
    [/div\((.*?), \d+\) \+ 1\)/g, "div($1, 1) + 1)"],
  ],
  "the first is the last": [
    [/arg_min\(_row/g, "arg_max(_row"],
    [/(w\d(?: end)?) nulls last\)/g, "$1 desc nulls last)"],
  ],
  "the least is the greatest": [[/ min\(c/g, " max(c"]],
  "a set has elements more than once": [["select distinct * from", "select * from"]],
  "of a column that nobody counts there is no count": [[/ 0::bigint as/g, " null::bigint as"]],
  "conflicts that something comes before stay": [["where _stratum = top", ""]],
  "what a source said before stays a conflict": [[" where place = 1", ""]],
  "equal conflicts are several": [[" where again = 1", ""]],
};

/** Made for one bug first, so that most are found soon. */
const histories: readonly GeneratedHistory[] = [
  // The same rows in two batches, and twice in one of them.
  historyOf({ columns: { visits: "sum" } }, [
    { source: "s", rows: [{ visits: 2 }, { visits: 2 }] },
    { source: "s", rows: [{ visits: 2 }] },
  ]),
  // Nobody says anything of what is counted.
  historyOf({ columns: { visits: "count" } }, [{ source: "s", rows: [{ name: "x" }] }]),
  // A microsecond apart, and the earlier one is more trusted.
  historyOf({ toleranceUs: 1_000_000, trust: { t: 1 } }, [
    { source: "s", rows: [{ name: "later", at: "2001-01-31T05:00:00.000002Z" }] },
    { source: "t", rows: [{ name: "trusted" }] },
  ]),
  // Two sources say the same.
  historyOf({ rows: "keepConflicts" }, [
    { source: "s", rows: [{ name: "same" }] },
    { source: "t", rows: [{ name: "same" }] },
  ]),
  ...fc.sample(mergeHistories(fc, { rowPolicies: ["keepConflicts"] }), { numRuns: 6, seed: 14 }),
  ...fc.sample(mergeHistories(fc, { rowPolicies: ["recencyFirst"] }), { numRuns: 12, seed: 13 }),
  ...fc.sample(mergeHistories(fc, { isPlain: true, rowPolicies: ["recencyFirst", "priorityFirst"] }), {
    numRuns: 20,
    seed: 11,
  }),
];

function historyOf(
  policy: Partial<MergePolicy>,
  batches: readonly { readonly source: string; readonly rows: readonly Row[] }[],
): GeneratedHistory {
  const spec: MergeSpec = {
    policy: { key: ["id", "part"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at", ...policy },
    schema: { columns: historyColumns },
  };
  const delivered = batches.map(({ source, rows }, index) => ({
    source,
    batchKey: String(index),
    generation: 1,
    schemaVersion: "1",
    batchSequence: 0n,
    rows: rows.map((row) => ({ row: { id: "k", part: 0n, at: "2001-01-31T05:00:00.000001Z", ...row } })),
  }));
  return { spec, delivered, batches: sealAll(spec, delivered) };
}

const cases = numberCases(histories);
const expected = cases.map((one) => {
  const { rows } = fold(
    one.spec,
    one.batches.flatMap((batch) => batch.contributions),
  );
  const bytes = rows.map(({ row }) => canonicalRow(one.spec.schema, row).toString("hex"));
  return { one, wanted: bytes.sort().join() };
});

for (const [name, open] of [
  ["DuckDB", openDuckdbEngine],
  ["Postgres", openPostgresEngine],
] as const) {
  describe(`a bug planted in the SQL for ${name} is noticed`, () => {
    let engine: FoldEngine;
    beforeAll(async () => {
      engine = await open();
      await loadCases(engine, "generated", cases);
    });
    afterAll(() => engine[Symbol.asyncDispose]());

    for (const [title, replacements] of Object.entries(mutants)) {
      test(title, async () => {
        const mutate = (sql: string) => replacements.reduce((text, [from, to]) => text.replaceAll(from, to), sql);
        expect(await findDifference(mutant(engine, mutate))).toBe(true);
      });
    }
  });
}

function mutant(engine: FoldEngine, mutate: (sql: string) => string): FoldEngine {
  return { ...engine, query: (sql) => engine.query(mutate(sql)), [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Whether any case comes out otherwise than in the reference. */
async function findDifference(engine: FoldEngine): Promise<boolean> {
  for (const { one, wanted } of expected) {
    const { rows } = await foldInSql(engine, "generated", one);
    if (rows.join() !== wanted) return true;
  }
  return false;
}
