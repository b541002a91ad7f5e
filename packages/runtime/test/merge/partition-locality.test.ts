import type { MergePolicy } from "@watersmeet/core/merge";
import type { Column, ColumnType, Row } from "@watersmeet/core/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MergeScope } from "../../src/stores/port/staged-merge.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import { asset, column, partition, read } from "../stores/stored-rows.ts";
import { branchesOf, commitStep, publishFeed, type CommittedStep, type Feed } from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const eventTime = column("at", { kind: "timestamp" });
const policy: MergePolicy = {
  key: ["id", "of"],
  rows: "recencyFirst",
  columns: {},
  trust: {},
  eventTime: "at",
  operation: "op",
  sequence: "seq",
  present: "said",
  partitionBy: "of",
};

interface Case {
  readonly type: ColumnType;
  readonly scope: MergeScope;
  /** Of the partition; the second is another form of the first where text has one. */
  readonly inside: readonly [string, string];
  readonly outside: readonly string[];
}

const micros = (instant: string) => String(BigInt(Date.parse(instant)) * 1_000n);
const cases: readonly Case[] = [
  {
    type: { kind: "text" },
    scope: { column: "of", equals: "Zürich's" },
    inside: ["Zürich's", "Zu\u0308rich's"],
    outside: ["Zurich's", "Bern", ""],
  },
  {
    type: { kind: "date" },
    scope: { column: "of", from: micros("2001-01-01T00:00:00Z"), to: micros("2001-02-01T00:00:00Z") },
    inside: ["2001-01-01", "2001-01-31"],
    outside: ["2000-12-31", "2001-02-01"],
  },
  {
    type: { kind: "timestamp" },
    scope: { column: "of", from: micros("2001-01-30T23:00:00Z"), to: micros("2001-01-31T23:00:00Z") },
    inside: ["2001-01-30T23:00:00Z", "2001-01-31T22:59:59.999999Z"],
    outside: ["2001-01-30T22:59:59.999999Z", "2001-01-31T23:00:00Z"],
  },
];

const batch = (source: string, sequence: number, rows: readonly Row[]) => ({
  source,
  batchKey: String(sequence),
  generation: 1,
  schemaVersion: "1",
  batchSequence: BigInt(sequence),
  rows: rows.map((row) => ({ row, operation: row["gone"] === true ? ("delete" as const) : ("upsert" as const) })),
});
const at = (minute: number) => `2001-03-01T00:0${minute}:00Z`;

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`a merge in ${engine} that is partitioned by a column of its key (M17)`, () => {
    let world: MergeWorld;
    beforeAll(async () => {
      world = await open({ partialPerMille: 1000 });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    test.each(cases.map((one) => [one.type.kind, one] as const))(
      "is not touched by what belongs to other partitions: %s (L8)",
      async (_, { type, scope, inside: [first, second], outside }) => {
        const columns: readonly Column[] = [
          column("id", { kind: "text" }, false),
          column("of", type),
          column("name", { kind: "text" }),
        ];
        const own = [
          batch("a", 0, [
            { id: "x", of: first, name: "one", at: at(1) },
            { id: "y", of: second, name: "two", at: at(1) },
          ]),
          batch("b", 0, [{ id: "x", of: first, gone: true, at: at(0) }]),
          batch("b", 1, [{ id: "z", of: null, name: "nobody's", at: at(2) }]),
        ];
        const others = (minute: number, gone: boolean) =>
          outside.flatMap((of) => ["x", "y"].map((id): Row => ({ id, of, name: "other", gone, at: at(minute) })));
        // The same, with other partitions' rows in each batch, and a batch that has nothing else.
        const mixed = [
          ...own.map((one, index) => ({
            ...one,
            rows: [...one.rows, ...batch("", 0, others(3 + index, index === 2)).rows],
          })),
          batch("b", 2, others(9, false)),
        ];
        const feeds = await Promise.all(
          [own, mixed].map((batches) =>
            publishFeed(world, { spec: { policy, schema: { columns } }, batches, columns, eventTime }),
          ),
        );
        const [alone, amongOthers] = await merged(columns, feeds, scope);
        if (alone === undefined || amongOthers === undefined) throw new Error("not merged");
        expect(amongOthers.rows).toEqual(alone.rows);
        expect(alone.rows).toHaveLength(2);
        expect(amongOthers.step.commit.dataDigest).toBe(alone.step.commit.dataDigest);
        expect(amongOthers.step.staged.fates).toEqual(alone.step.staged.fates);
        expect(amongOthers.step.staged.fates).toMatchObject({ winner: 3, masked: 0, rejected: 1 });
        const counts = amongOthers.step.staged.batches.map(({ rowCount, outsideCount }) => [rowCount, outsideCount]);
        const left = outside.length * 2;
        expect(counts).toEqual([
          [2, left],
          [1, left],
          [1, left],
          [0, left],
        ]);
        const records = await world.store.merges.listBatches({ asset: amongOthers.target.key, limit: 10 });
        expect(records.map(({ outsideCount }) => outsideCount)).toEqual([left, left, left, left]);
      },
    );

    async function merged(columns: readonly Column[], feeds: readonly Feed[], scope: MergeScope) {
      const results: { rows: readonly Row[]; step: CommittedStep; target: StoredAsset }[] = [];
      for (const feed of feeds) {
        const target: StoredAsset = {
          ...asset(`merged_${world.scratch.next()}`, true, { columns }),
          isStamped: true,
        };
        const branches = branchesOf(
          feed,
          feed.batches.map((_, index) => index),
        );
        const step = await commitStep(world, { target, partition: "p", merge: { policy, branches, scope } });
        const rows = await read(world.store, target, [{ ...step.commit, partition: partition("p") }]);
        results.push({
          rows: rows.toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1)),
          step,
          target,
        });
      }
      return results;
    }
  });
}
