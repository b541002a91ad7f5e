import { foldHistory } from "../../src/merge/batch/batch-set.ts";
import { sealBatch, type DeliveredRow, type SealedBatch } from "../../src/merge/batch/seal-batch.ts";
import type { MergeSpec } from "../../src/merge/contribution/contribution.ts";
import type { CellPolicy, MergePolicy } from "../../src/merge/policy.ts";
import type { Column, ColumnType } from "../../src/schema/row-schema.ts";
import { goldenBatches, goldenEventTime, goldenSets, goldenSpec } from "../../src/testing/merge-golden.ts";
import { contributionsOf, equal, revoking, type FoldSet, type Law } from "./law.ts";

const byTime: MergeSpec = { ...goldenSpec, policy: { ...goldenSpec.policy, columns: {}, trust: {} } };

/** What comes out of a few rows, written by hand: laws alone would be kept by many a merge that is wrong. */
export const workedExamples: Readonly<Record<string, Law>> = {
  golden: {
    title: "the golden example comes out as written",
    check({ fold }) {
      for (const { batches, revoked, rows } of Object.values(goldenSets)) {
        const history = {
          deliveries: batches.map((batch) => goldenBatches[batch]),
          orders: revoking(revoked.map((batch) => goldenBatches[batch].batchId)),
        };
        equal(JSON.stringify(foldHistory(goldenSpec, history, fold).rows.map(({ row }) => row)), JSON.stringify(rows));
      }
    },
  },
  trust: example("a change of trust counts for what was delivered before", (fold) => {
    const spec = { ...goldenSpec, policy: { ...goldenSpec.policy, trust: { web: 9 } } };
    const { rows } = fold(spec, contributionsOf([goldenBatches.b2, goldenBatches.b6]));
    return [rows[0]?.row["email"], "ann@w"];
  }),
  microseconds: example("one microsecond later is later", (fold) => [
    emailOf(fold, byTime, { crm: [1_000_001, "early"], web: [1_000_002, "late"] }),
    "late",
  ]),
  sources: example("sources are told apart by their bytes, not by UTF-16 code units", (fold) => [
    emailOf(fold, byTime, { "\uff5e": [1, "tilde"], "\u{1f600}": [1, "emoji"] }),
    "emoji",
  ]),
  keys: example("keys of several columns are not confused", (fold) => {
    const spec = { ...byTime, policy: { ...byTime.policy, key: ["customer", "name"] } };
    const rows = [
      ["a|", "b"],
      ["a", "|b"],
    ].map(([customer, name]) => ({ row: { customer, name, at: 1 } }));
    return [fold(spec, seal(spec, "web", rows).contributions).rows.length, 2];
  }),
  nulls: example("a later null wins", (fold) => [emailOf(fold, byTime, { crm: [1, "set"], web: [2, null] }), null]),
  priority: example("a trusted source wins over a later one where trust comes first", (fold) => {
    const policy = { ...byTime.policy, rows: "priorityFirst", trust: { crm: 1 } } as const;
    return [emailOf(fold, { ...byTime, policy }, { crm: [1, "trusted"], web: [2, "later"] }), "trusted"];
  }),
  tolerance: example(
    "trust decides between times in the same bucket, and time between buckets and within a rank",
    (fold) => {
      const policy = { ...byTime.policy, toleranceUs: 5, trust: { crm: 1, erp: 1 } };
      const spec = { ...byTime, policy };
      const cases = [
        { crm: [10, "crm"], web: [14, "web"] },
        { crm: [14, "crm"], web: [15, "web"] },
        { crm: [11, "crm"], erp: [13, "erp"] },
        { crm: [-5, "crm"], web: [-1, "web"] },
        { crm: [-1, "crm"], web: [0, "web"] },
      ] as const;
      return [cases.map((sources) => emailOf(fold, spec, sources)), ["crm", "web", "erp", "crm", "web"]];
    },
  ),
  "tolerance and deletes": example("a delete hides by the same order as cells are chosen", (fold) => {
    const spec = { ...byTime, policy: { ...byTime.policy, toleranceUs: 5, trust: { crm: 1 } } };
    const batches = [
      seal(spec, "crm", [{ row: { customer: "k1", at: 10, email: "crm" } }]),
      seal(spec, "web", [{ row: { customer: "k1", at: 14 }, operation: "delete" }]),
    ];
    return [fold(spec, contributionsOf(batches)).rows.length, 1];
  }),
  "deletes of the same moment": example("a delete hides what is like it in everything but what it does", (fold) => {
    const said = { row: { customer: "k1", at: 1, email: "x" } };
    const lengths = (["delete", "retract"] as const).map((operation) => {
      const { contributions } = seal(byTime, "web", [said, { row: { customer: "k1", at: 1 }, operation }]);
      return fold(byTime, contributions).rows.length;
    });
    return [lengths, [0, 0]];
  }),
  ...columnExamples(),
  unionAll: example("every row is a row, equal ones and those of another batch too", (fold) => {
    const spec = { ...byTime, policy: { ...byTime.policy, rows: "unionAll" } } as const;
    const twice = { row: { customer: "k1", at: 1, email: "x" } };
    const batches = [
      seal(spec, "web", [twice, twice, { row: { customer: "k1", at: 1, email: "y" } }]),
      seal(spec, "crm", [
        twice,
        { row: { customer: "k2", at: 1 } },
        { row: { customer: "k2", at: 2 }, operation: "delete" },
      ]),
    ];
    const { rows } = fold(spec, contributionsOf([...batches, ...batches]));
    return [rows.map(({ row }) => row["email"]), ["x", "x", "x", "y"]];
  }),
  keepConflicts: example("each different row is kept where neither time nor trust decides", (fold) => {
    const policy = { ...byTime.policy, rows: "keepConflicts", trust: { crm: 1, erp: 1 } } as const;
    const spec = { ...byTime, policy };
    const emails = (sources: Readonly<Record<string, readonly (readonly [number, string | null])[]>>) => {
      const batches = Object.entries(sources).map(([source, given]) =>
        seal(
          spec,
          source,
          given.map(([at, email], index) => ({ row: { customer: "k1", at, email }, sequence: BigInt(index) })),
        ),
      );
      return fold(spec, contributionsOf(batches)).rows.map(({ row }) => row["email"]);
    };
    return [
      [
        emails({ crm: [[1, "a"]], erp: [[1, "b"]], web: [[1, "c"]] }),
        emails({ crm: [[1, "a"]], erp: [[1, "a"]] }),
        emails({
          crm: [
            [1, "a"],
            [1, "b"],
          ],
          erp: [[1, "c"]],
        }),
        emails({ crm: [[1, "a"]], web: [[2, "c"]] }),
      ],
      [["a", "b"], ["a"], ["b", "c"], ["c"]],
    ];
  }),
};

/** What each policy makes of values that came at the times 1, 2, 3 … */
function columnExamples(): Readonly<Record<string, Law>> {
  const decimal = { kind: "decimal", precision: 12, scale: 2 } as const;
  const cases: readonly (readonly [CellPolicy, ColumnType, readonly unknown[], unknown])[] = [
    ["first", { kind: "text" }, ["b", "a", "c"], "b"],
    ["first", { kind: "text" }, [null, "a"], null],
    ["min", { kind: "text" }, ["b", null, "a"], "a"],
    ["min", { kind: "text" }, ["\u{1f600}", "\uff5e"], "\uff5e"],
    ["max", { kind: "text" }, ["B", "a", "Z"], "a"],
    ["max", { kind: "text" }, [null, null], null],
    ["max", { kind: "double" }, [1, Number.NaN, Number.POSITIVE_INFINITY], Number.NaN],
    ["min", { kind: "double" }, [Number.NaN, 2], 2],
    ["min", { kind: "double" }, [0, -0], 0],
    ["max", { kind: "bigint" }, [9007199254740992n, 9007199254740993n], 9007199254740993n],
    ["max", decimal, ["9.50", "10.00", "-20.00"], "10.00"],
    ["min", { kind: "boolean" }, [true, false], false],
    ["max", { kind: "timestamp" }, ["2001-01-31T05:00:00.1Z", "2001-01-31T05:00:00.12Z"], "2001-01-31T05:00:00.12Z"],
    ["min", { kind: "date" }, ["2001-01-31", "1999-12-31"], "1999-12-31"],
    ["sum", { kind: "integer" }, [1, null, -3, 1], -1],
    ["sum", decimal, ["0.10", "0.20", "-0.05"], "0.25"],
    ["sum", decimal, ["-0.10", "0.05"], "-0.05"],
    ["sum", { kind: "bigint" }, [null], null],
    ["count", { kind: "bigint" }, [7n, null, 7n], 2n],
    ["count", { kind: "integer" }, [null], 0],
    [
      "setUnion",
      { kind: "json" },
      [["b", "a"], null, ["a", "\uff5e"], ["\u{1f600}"]],
      ["a", "b", "\uff5e", "\u{1f600}"],
    ],
    ["setUnion", { kind: "json" }, [[{ y: 1, xx: 2 }], [{ xx: 2, y: 1 }, 10, 9], 9, null], [10, 9, { xx: 2, y: 1 }]],
    ["setUnion", { kind: "json" }, [[]], []],
    ["custom", { kind: "integer" }, [3, null, 12], 12],
  ];
  return Object.fromEntries(
    cases.map(([policy, type, values, expected], index) => [
      `${policy} ${index}`,
      example(`${policy} of ${type.kind} takes ${show(values)} to ${show(expected)}`, (fold) => [
        foldColumn(fold, { policy, type, values }),
        expected,
      ]),
    ]),
  );
}

function foldColumn(
  fold: FoldSet,
  {
    policy,
    type,
    values,
  }: { readonly policy: CellPolicy; readonly type: ColumnType; readonly values: readonly unknown[] },
): unknown {
  const value: Column = { name: "value", type, isNullable: true, nullAs: "null" };
  const own: MergePolicy = { ...byTime.policy, columns: { value: policy } };
  const reducers = { value: (a: unknown, b: unknown) => (Number(a) > Number(b) ? a : b) };
  const spec = { policy: own, schema: { columns: [...byTime.schema.columns, value] }, reducers };
  const rows = values.map((one, index) => ({ row: { customer: "k1", at: index + 1, value: one } }));
  const { contributions } = seal(spec, "web", rows);
  return fold(spec, contributions.toReversed()).rows[0]?.row["value"];
}

function emailOf(
  fold: FoldSet,
  spec: MergeSpec,
  sources: Readonly<Record<string, readonly [at: number, email: string | null]>>,
): unknown {
  const batches = Object.entries(sources).map(([source, [at, email]]) =>
    seal(spec, source, [{ row: { customer: "k1", at, email } }]),
  );
  return fold(spec, contributionsOf(batches)).rows[0]?.row["email"];
}

function seal(spec: MergeSpec, source: string, rows: readonly DeliveredRow[]): SealedBatch {
  const sealing = sealBatch(spec, goldenEventTime, {
    source,
    batchKey: source,
    generation: 1,
    schemaVersion: "1",
    batchSequence: 1n,
    rows,
  });
  if (sealing.kind !== "sealed") throw new TypeError("ambiguous");
  return sealing.batch;
}

function example(title: string, run: (fold: FoldSet) => readonly [given: unknown, expected: unknown]): Law {
  return {
    title,
    check({ fold }) {
      const [given, expected] = run(fold);
      equal(show(given), show(expected));
    },
  };
}

/** Exact: -0, NaN and wide integers are told apart. */
function show(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === "bigint") return `${one}n`;
    return typeof one === "number" && (Number.isNaN(one) || Object.is(one, -0)) ? (one === 0 ? "-0" : "NaN") : one;
  });
}
