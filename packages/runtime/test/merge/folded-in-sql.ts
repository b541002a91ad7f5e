import { DuckDBInstance } from "@duckdb/node-api";
import { planFold, type Contribution, type FoldBatch, type MergeSpec, type SealedBatch } from "@watersmeet/core/merge";
import { canonicalColumns, canonicalJson, type Column, type RowSchema } from "@watersmeet/core/schema";
import type { GeneratedHistory } from "@watersmeet/core/testing";
import pg from "pg";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { quoteIdentifier, quoteLiteral } from "../../src/exchange/quote.ts";
import { registerCanonicalJson } from "../../src/stores/duckdb/canonical-json-function.ts";
import { duckdbMergeDialect } from "../../src/stores/duckdb/merge-dialect.ts";
import { renderContributionTable } from "../../src/stores/merge/contribution-table.ts";
import type { MergeDialect } from "../../src/stores/merge/merge-dialect.ts";
import { createPgMergeDialect } from "../../src/stores/postgres/merge-dialect.ts";
import { createPgDialect } from "../../src/stores/postgres/pg-dialect.ts";

/** A real engine in which contributions are folded by the SQL that stores run. */
export interface FoldEngine extends AsyncDisposable {
  readonly name: string;
  readonly dialect: MergeDialect;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

export async function openDuckdbEngine(): Promise<FoldEngine> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  registerCanonicalJson(connection);
  return {
    name: "DuckDB",
    dialect: duckdbMergeDialect,
    query: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson(),
    async [Symbol.asyncDispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export async function openPostgresEngine(): Promise<FoldEngine> {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("set timezone = 'UTC'");
  return {
    name: "Postgres",
    dialect: createPgMergeDialect(createPgDialect({ schema: "public", serverVersion: 180_000 })),
    query: async (sql) => (await client.query(sql)).rows,
    async [Symbol.asyncDispose]() {
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** One history among many that share a table: its batches by their numbers there. */
export interface SqlCase {
  readonly spec: MergeSpec;
  readonly batches: readonly SealedBatch[];
  readonly firstNumber: number;
}

/** Histories side by side in one table: each has batch numbers of its own. */
export function numberCases(given: readonly GeneratedHistory[]): readonly SqlCase[] {
  let firstNumber = 1;
  return given.map(({ spec, batches }) => {
    const one = { spec, batches: batches.filter((batch) => batch.contributions.length > 0), firstNumber };
    firstNumber += batches.length;
    return one;
  });
}

export async function loadCases(engine: FoldEngine, table: string, cases: readonly SqlCase[]): Promise<void> {
  const schema = cases[0]?.spec.schema ?? { columns: [] };
  for (const statement of renderContributionTable(engine.dialect, table, schema)) await engine.query(statement);
  const rows = cases.flatMap((one) =>
    one.batches.flatMap((batch, index) =>
      batch.contributions.map((contribution) =>
        renderRow(engine.dialect, schema, {
          batch: one.firstNumber + index,
          carried: carriedBy(one.spec, batch),
          contribution,
        }),
      ),
    ),
  );
  for (let from = 0; from < rows.length; from += 500)
    await engine.query(`insert into ${table} values ${rows.slice(from, from + 500).join(", ")}`);
}

/** Canonical bytes of the folded rows in hex, sorted; with the number of winners where the plan finds it out, and whether the rows conflict. */
export async function foldInSql(engine: FoldEngine, table: string, one: SqlCase) {
  const { spec } = one;
  const plan = planFold(
    spec,
    one.batches.map((batch, index) => describeBatch(spec, batch, one.firstNumber + index)),
  );
  const folded = engine.dialect.renderFold(plan, {
    name: table,
    schema: spec.schema,
    hasFaults: false,
    hasCopies: true,
  });
  const findings = "findings";
  if (folded.findings !== null) await engine.query(`create temporary table ${findings} as ${folded.findings}`);
  const bytes = canonicalColumns(spec.schema).map(({ name, type }) =>
    engine.dialect.store.renderCanonical(quoteIdentifier(name), type),
  );
  const hex =
    engine.dialect.store === duckdbMergeDialect.store
      ? `lower(hex(${bytes.join(" || ")}))`
      : `encode(${bytes.join(" || ")}, 'hex')`;
  const rows = await engine.query(`select ${hex} as bytes from (${folded.renderRows(findings)}) as r`);
  const conflicts = folded.conflicts === null ? [] : await engine.query(folded.conflicts);
  const winnersSql = folded.renderWinners(findings);
  const winners = winnersSql === null ? null : await engine.query(winnersSql);
  if (folded.findings !== null) await engine.query(`drop table ${findings}`);
  return {
    rows: rows.map((row) => String(row["bytes"])).sort(),
    winners: winners === null ? rows.length : Number(winners[0]?.["winners"]),
    conflicts: conflicts.length,
  };
}

function describeBatch(spec: MergeSpec, batch: SealedBatch, number: number): FoldBatch {
  const { contributions } = batch;
  const times = contributions.flatMap(({ eventTimeUs }) => eventTimeUs ?? []).sort(compareIntegers);
  const sequences = [0n, ...contributions.map(({ sequence }) => sequence)].sort(compareIntegers);
  const ordinals = contributions.map(({ ordinal }) => ordinal).sort(compareIntegers);
  const columns = carriedBy(spec, batch);
  const isCarriedByAll = columns.every(
    ({ name, nullAs }) => nullAs === "absent" || contributions.every(({ cells }) => Object.hasOwn(cells, name)),
  );
  return {
    number,
    source: batch.source,
    batchSequence: contributions[0]?.batchSequence ?? 0n,
    columns: columns.map(({ name }) => name),
    hasRowPresence: !isCarriedByAll,
    eventTimes: times[0] === undefined ? null : { least: times[0], greatest: times.at(-1) ?? 0n },
    sequences: { least: sequences[0] ?? 0n, greatest: sequences.at(-1) ?? 0n },
    greatestOrdinal: ordinals.at(-1) ?? 0n,
    hasDeletes: contributions.some(({ operation }) => operation === "delete"),
    hasRetracts: contributions.some(({ operation }) => operation === "retract"),
  };
}

function carriedBy({ schema }: MergeSpec, { contributions }: SealedBatch): readonly Column[] {
  return schema.columns.filter(({ name }) => contributions.some(({ cells }) => Object.hasOwn(cells, name)));
}

function compareIntegers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function renderRow(
  dialect: MergeDialect,
  schema: RowSchema,
  {
    batch,
    carried,
    contribution,
  }: { readonly batch: number; readonly carried: readonly Column[]; readonly contribution: Contribution },
): string {
  const { cells, key, eventTimeUs, sequence, ordinal, copy, operation } = contribution;
  const operations = { upsert: "null", retract: "1", delete: "2" } as const;
  // As a sealed branch has them: bits count among the columns that its batch carries, and a NULL that means absent is told by itself.
  const isSaid = (column: Column) =>
    column.nullAs === "absent" || !carried.includes(column) || Object.hasOwn(cells, column.name);
  const present = schema.columns.map((column) => (isSaid(column) ? "1" : "0")).join("");
  const values = schema.columns.map((column) => renderValue(dialect, column, key[column.name] ?? cells[column.name]));
  const bits = operation === "upsert" ? `'${present}'::${dialect.presenceType}` : "null";
  return `(${[batch, "null", operations[operation], eventTimeUs ?? "null", sequence === 0n ? "null" : sequence, ordinal === 0n ? "null" : ordinal, copy === 0 ? "null" : copy, bits, ...values].join(", ")})`;
}

function renderValue(dialect: MergeDialect, { type }: Column, value: unknown): string {
  if (type.kind === "json" && value !== null && value !== undefined)
    return `${quoteLiteral(canonicalJson(value))}::${dialect.store.renderType(type)}`;
  return isScalar(value) ? `${quoteLiteral(String(value))}::${dialect.store.renderType(type)}` : "null";
}

function isScalar(value: unknown): value is string | number | bigint | boolean {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}
