import { fold } from "@watersmeet/core/merge";
import { canonicalRow } from "@watersmeet/core/schema";
import { mergeHistories, type GeneratedHistory } from "@watersmeet/core/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
  "sources and trust do not count": [[/case _batch when .*? else 0 end/g, "0"]],
  "values decide by the engine's chance": [
    [/, _hash\)/g, ")"],
    [/order by w(\d)\) as w/g, "order by w$1, _row desc) as w"],
  ],
};

const histories: readonly GeneratedHistory[] = [
  ...fc.sample(mergeHistories(fc, { isPlain: true, rowPolicies: ["recencyFirst", "priorityFirst"] }), {
    numRuns: 25,
    seed: 11,
  }),
  ...fc.sample(mergeHistories(fc, { isPlain: true, operations: ["upsert"], rowPolicies: ["recencyFirst"] }), {
    numRuns: 10,
    seed: 12,
  }),
];
const cases = numberCases(histories);

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
  for (const one of cases) {
    const expected = fold(
      one.spec,
      one.batches.flatMap((batch) => batch.contributions),
    );
    const { rows } = await foldInSql(engine, "generated", one);
    const wanted = expected.rows.map(({ row }) => canonicalRow(one.spec.schema, row).toString("hex")).sort();
    if (rows.join() !== wanted.join()) return true;
  }
  return false;
}
