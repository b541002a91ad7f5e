import { planFold, type FoldBatch, type MergePolicy, type MergeSpec } from "@watersmeet/core/merge";
import type { Column, ColumnType } from "@watersmeet/core/schema";
import { describe, expect, test } from "vitest";
import { duckdbMergeDialect } from "../duckdb/merge-dialect.ts";
import { createPgMergeDialect } from "../postgres/merge-dialect.ts";
import { createPgDialect } from "../postgres/pg-dialect.ts";
import { renderContributionTable } from "./contribution-table.ts";
import type { MergeDialect } from "./merge-dialect.ts";
import {
  renderAmbiguousKeys,
  renderLateCounts,
  renderMarkCopies,
  renderRejected,
  renderSeal,
  renderSealFigures,
} from "./seal/render-seal.ts";
import { renderBaseCount, renderDropUnchanged, renderRetracts } from "./seal/render-snapshot.ts";

const column = (name: string, type: ColumnType, nullAs: Column["nullAs"] = "null"): Column => ({
  name,
  type,
  isNullable: true,
  nullAs,
});
const schema = {
  columns: [
    column('i"d', { kind: "text" }),
    column("name", { kind: "text" }),
    column("amount", { kind: "double" }),
    column("note", { kind: "text" }, "absent"),
  ],
};
const policy: MergePolicy = { key: ['i"d'], rows: "recencyFirst", columns: {}, trust: { crm: 2 }, eventTime: "at" };
const spec: MergeSpec = { policy, schema };
const eventTime = column("at", { kind: "timestamp" });
const table = { name: "contributions", schema, hasFaults: false, hasCopies: false };

const batch = (number: number, source: string, more: Partial<FoldBatch> = {}): FoldBatch => ({
  number,
  source,
  batchSequence: 0n,
  columns: ["name", "amount", "note"],
  hasRowPresence: false,
  eventTimes: { least: 1_000_000n, greatest: 2_000_000n },
  sequences: { least: 0n, greatest: 0n },
  greatestOrdinal: 0n,
  hasDeletes: false,
  hasRetracts: false,
  ...more,
});

const dialects: readonly (readonly [string, MergeDialect])[] = [
  ["duckdb", duckdbMergeDialect],
  ["postgres", createPgMergeDialect(createPgDialect({ schema: "public", serverVersion: 180_000 }))],
];

/** Policies and batches, and what is special about them. */
const folds: Readonly<Record<string, { readonly policy: MergePolicy; readonly batches: readonly FoldBatch[] }>> = {
  "one-order": {
    policy,
    batches: [batch(1, "crm", { columns: ["name", "amount"] }), batch(2, "web", { columns: ["name", "amount"] })],
  },
  "two-orders": {
    policy: { ...policy, columns: { name: "priorityFirst" } },
    batches: [batch(1, "crm"), batch(2, "web", { columns: ["name"] })],
  },
  masked: {
    policy: { ...policy, rows: "priorityFirst" },
    batches: [batch(1, "crm", { hasDeletes: true, hasRetracts: true }), batch(2, "web", { hasRowPresence: true })],
  },
  "equal-sequences": { policy, batches: [batch(1, "crm"), batch(2, "crm")] },
  wide: {
    policy,
    batches: [
      batch(1, "crm", { eventTimes: { least: -(2n ** 62n), greatest: 2n ** 62n }, greatestOrdinal: 2n ** 31n }),
      batch(2, "web"),
    ],
  },
  "union-distinct": {
    policy: { ...policy, rows: "unionDistinct", eventTime: null },
    batches: [batch(1, "crm", { eventTimes: null }), batch(2, "web", { eventTimes: null })],
  },
};

for (const [engine, dialect] of dialects) {
  describe(`the SQL of merges for ${engine}`, () => {
    for (const [name, fold] of Object.entries(folds)) {
      test(`folds ${name}`, async () => {
        const rendered = dialect.renderFold(planFold({ ...spec, policy: fold.policy }, fold.batches), table);
        const statements = [rendered.findings, rendered.renderRows("findings"), rendered.conflicts].filter(
          (sql) => sql !== null,
        );
        await expect(statements.map(breakLines).join("\n")).toMatchFileSnapshot(`golden/${engine}-fold-${name}.sql`);
      });
    }

    test("seals a branch", async () => {
      const sealed = { table: table.name, batch: 7, hasFeed: false };
      const delivered = {
        columns: schema.columns.slice(0, 2),
        eventTime,
        operation: null,
        sequence: null,
        present: null,
      };
      const batches = [{ number: 7, select: "select 1", splits: [] }];
      const statements = [
        ...renderContributionTable(dialect, table.name, schema),
        renderSeal(dialect, spec, { table: table.name, delivered, latestTime: null, batches }),
        renderSealFigures(spec, { ...sealed, batches: [7] }),
        renderAmbiguousKeys(dialect, spec, sealed),
        renderMarkCopies(dialect, spec, sealed),
        renderRejected(dialect, spec, { table: table.name, batches: [{ number: 7, source: "o'brien" }] }),
      ];
      await expect(statements.map(breakLines).join("\n")).toMatchFileSnapshot(`golden/${engine}-seal.sql`);
    });

    test("seals deliveries of a feed, and splits off what is late", async () => {
      const sealed = { table: table.name, batch: 7, hasFeed: true };
      const delivered = {
        columns: schema.columns,
        eventTime,
        operation: column("op", { kind: "text" }),
        sequence: column("seq", { kind: "bigint" }),
        present: column("said", { kind: "json" }),
      };
      const splits = [
        { before: 10n, number: 9 },
        { before: 20n, number: 8 },
      ];
      const batches = [
        { number: 7, select: "select 1", splits },
        { number: 17, select: "select 2", splits: [] },
      ];
      const bounds = [{ class: "beyondGrace", before: 20n }];
      const statements = [
        renderSeal(dialect, spec, { table: table.name, delivered, latestTime: 99n, batches }),
        renderSealFigures(spec, { ...sealed, batches: [7, 17] }),
        renderAmbiguousKeys(dialect, spec, sealed),
        renderMarkCopies(dialect, spec, sealed),
        renderLateCounts(spec, { table: table.name, batches: [7], before: null, carried: spec.schema.columns }, bounds),
        renderLateCounts(
          spec,
          { table: table.name, batches: [7], before: "select 1", carried: spec.schema.columns },
          bounds,
        ),
      ];
      await expect(statements.map(breakLines).join("\n")).toMatchFileSnapshot(`golden/${engine}-seal-feed.sql`);
    });

    test("tells a snapshot from the one before it", async () => {
      const snapshot = {
        table: table.name,
        batch: 7,
        parts: [7, 8],
        before: "select 1",
        chain: [3, 5],
        carried: spec.schema.columns,
      };
      const statements = [
        renderBaseCount(spec, snapshot),
        renderRetracts(spec, snapshot),
        renderDropUnchanged(dialect, spec, snapshot),
      ];
      await expect(statements.map(breakLines).join("\n")).toMatchFileSnapshot(`golden/${engine}-snapshot.sql`);
    });
  });
}

/** For people who read the differences. */
function breakLines(sql: string): string {
  return `${sql.replaceAll(/(?<! distinct) (from|left join|join|where|group by|having|order by|window|values) /g, "\n  $1 ")};\n`;
}
