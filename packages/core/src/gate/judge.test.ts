import { expect, test } from "vitest";
import type { Check } from "./check.ts";
import { countRowIssues } from "./count-row-issues.ts";
import { gateFailed, judgeChecks, judgeFailures } from "./judge.ts";

const checks: readonly Check[] = [
  { kind: "row", id: "notNull:iata", message: "must not be null", predicate: { kind: "notNull", column: "iata" } },
  {
    kind: "uniqueKey",
    id: "uniqueKey:iata,day",
    message: "must identify a row: other rows have the same",
    columns: ["iata", "day"],
  },
];
const clean = checks.map(({ id }) => ({ id, failedRows: 0, sample: [] }));

test("rows that fail nothing pass", () => {
  expect(judgeChecks(checks, clean)).toEqual({ kind: "pass" });
});

test("one failing row blocks, with the column and a sample", () => {
  const verdict = judgeChecks(checks, [
    { id: "notNull:iata", failedRows: 1, sample: [{ iata: null }] },
    ...clean.slice(1),
  ]);
  expect(verdict).toEqual({
    kind: "block",
    failures: [
      { id: "notNull:iata", message: "must not be null", columns: ["iata"], failedRows: 1, sample: [{ iata: null }] },
    ],
  });
});

test("what was not measured has not passed", () => {
  expect(judgeChecks(checks, clean.slice(0, 1))).toMatchObject({
    kind: "block",
    failures: [{ id: "uniqueKey:iata,day", message: "was not measured" }],
  });
});

test("the error names asset, partition, counts, columns and samples", () => {
  const verdict = judgeChecks(checks, [
    { id: "notNull:iata", failedRows: 1_200, sample: [{ iata: null, day: "2001-02-01" }] },
    { id: "uniqueKey:iata,day", failedRows: 2, sample: [] },
  ]);
  const failures = verdict.kind === "block" ? verdict.failures : [];
  const error = gateFailed(failures, { asset: "dailyDelays", partition: "2001-02-01", rowCount: 5_000 });
  expect(error.code).toBe("GATE_FAILED");
  expect(error.message).toBe(
    [
      "dailyDelays@2001-02-01: rows failed 2 checks, so the version before stays served (5,000 rows staged)",
      '  column "iata" must not be null: 1,200 rows, e.g. {"iata":null,"day":"2001-02-01"}',
      '  columns "iata", "day" must identify a row: other rows have the same: 2 rows',
    ].join("\n"),
  );
  expect(JSON.parse(JSON.stringify(error.details))).toMatchObject({
    asset: "dailyDelays",
    failures: [{ failedRows: 1_200 }, { columns: ["iata", "day"] }],
  });
});

test("issues of rows are counted by column and message, most frequent first, with five samples", () => {
  const counter = countRowIssues();
  for (let id = 0; id < 7; id += 1)
    counter.add({ id, at: 5n, when: new Date(0) }, [{ code: "ROW_INVALID", column: "id", message: "too big" }]);
  counter.add("not a row", [{ code: "ROW_INVALID", column: null, message: "expected object" }]);
  const failures = counter.listFailures();
  expect(counter.rowCount).toBe(8);
  expect(failures.map(({ columns, failedRows, sample }) => [columns, failedRows, sample.length])).toEqual([
    [["id"], 7, 5],
    [[], 1, 1],
  ]);
  expect(failures[0]?.sample[0]).toEqual({ id: 0, at: "5", when: "1970-01-01T00:00:00.000Z" });
  expect(judgeFailures(failures).kind).toBe("block");
});

test("messages that carry a value of each row do not fill the memory", () => {
  const counter = countRowIssues();
  for (let id = 0; id < 1_000; id += 1)
    counter.add({ id }, [{ code: "ROW_INVALID", column: "id", message: `${id} is odd` }]);
  expect(counter.listFailures().length).toBeLessThan(60);
  expect(counter.listFailures().reduce((sum, each) => sum + each.failedRows, 0)).toBe(1_000);
});
