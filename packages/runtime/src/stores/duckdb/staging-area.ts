import type { RowSchema } from "@watersmeet/core/schema";
import { stableJson } from "@watersmeet/core/values";
import { renderDuckdbColumns } from "../../exchange/column-types.ts";
import { quoteIdentifier } from "../../exchange/quote.ts";
import { tableNames } from "../catalog/names.ts";
import type { Staging } from "../commit/commit-context.ts";
import type { StageTarget } from "../port/staging.ts";
import { emptyStaging, type StampedStart } from "../stamped/stage-version.ts";
import type { StampedStaging } from "../stamped/stamped-staging.ts";
import { renderCreateStamped } from "../stamped/stamped-table.ts";
import { stagingDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";

/** A page takes no more attempts after so many, or so many rows: when all of its attempts are gone, dropping it gives the memory back. */
const maxPageAttempts = 1000;
const maxPageRows = 500_000;

interface Page {
  readonly table: string;
  readonly assetId: number;
  readonly columnsKey: string;
  attempts: number;
  takenAttempts: number;
  rows: number;
  isOpen: boolean;
  /** When its table is there. */
  ready: Promise<void> | null;
}

export interface BeginOptions {
  readonly target: StageTarget;
  readonly assetId: number;
  readonly isMerge: boolean;
  /** Of a stamped asset. */
  readonly start: StampedStart | null;
}

export interface StagedAttempt extends Staging {
  quarantineTable: string | null;
  stamped: StampedStaging | null;
  readonly target: StageTarget;
  readonly page: Page | null;
  readonly start: StampedStart | null;
  readonly assetId: number;
  /** Staging tables made under names of `stagingTable`. */
  readonly extraTables: Set<string>;
}

/**
 * What attempts have staged in this process. Rows of partitioned assets stand in tables in memory ("pages") that many attempts share, told apart by a
 * staging number: publishing a thousand partitions then reads a few tables, not a thousand. An asset without partitions stages a table of its own in the file, which publishing renames.
 * Nothing of this outlives the process.
 */
export class StagingArea {
  readonly #attempts = new Map<string, StagedAttempt>();
  readonly #pages = new Map<number, Page>();
  readonly #execute: (sql: string) => Promise<void>;
  #nextId = 1;

  /** `execute` runs one statement by itself. */
  constructor(execute: (sql: string) => Promise<void>) {
    this.#execute = execute;
  }

  /** The staging of an attempt, its table made and empty. */
  async begin({ target, assetId, isMerge, start }: BeginOptions): Promise<StagedAttempt> {
    const { schema } = target.asset;
    const extraTables = new Set<string>();
    const stagingTable = (suffix: string) => {
      const table = memoryTable(`m_${target.attempt}_${suffix}`);
      extraTables.add(table);
      return table;
    };
    const stamped = start === null ? null : emptyStaging(start);
    const common = { target, assetId, quarantineTable: null, isMerge, stagingTable, extraTables, start, stamped };
    const isWhole = start === null ? !target.asset.isPartitioned : start.form === "whole";
    if (isWhole) {
      const table = tableNames.staged(target.attempt);
      await this.#execute(
        start === null
          ? `create table ${table} (${renderDuckdbColumns(schema)})`
          : renderCreateStamped(duckdbDialect, { table, schema, isShared: false }),
      );
      return { ...common, rows: { table, stagingId: null, schema }, page: null };
    }
    const page = this.#openPage(assetId, schema);
    page.attempts += 1;
    page.takenAttempts += 1;
    const stagingId = this.#nextId;
    this.#nextId += 1;
    // One creates, the others wait: two at once would conflict in DuckDB's catalog.
    const sign = start === null ? "" : "_sign smallint, ";
    page.ready ??= this.#execute(`create table ${page.table} (_sid integer, ${sign}${renderDuckdbColumns(schema)})`);
    await page.ready;
    return { ...common, rows: { table: page.table, stagingId, schema }, page };
  }

  /** Staged for good: it can be measured, committed or discarded. */
  keep(staging: StagedAttempt, rowCount: number): void {
    this.#attempts.set(staging.target.attempt, staging);
    if (staging.page === null) return;
    staging.page.rows += staging.stamped === null ? rowCount : staging.stamped.openedRows + staging.stamped.closedRows;
    if (staging.page.rows > maxPageRows) staging.page.isOpen = false;
  }

  find(attempt: string): StagedAttempt | undefined {
    return this.#attempts.get(attempt);
  }

  list(): readonly StagedAttempt[] {
    return [...this.#attempts.values()];
  }

  /** Forgets attempts and answers the statements that give back what they hold. A published table has another name by then. */
  forget(stagings: readonly StagedAttempt[]): readonly string[] {
    const tables = stagings.flatMap(({ extraTables, page, rows }) => [
      ...extraTables,
      ...(page === null ? [rows.table] : []),
    ]);
    for (const staging of stagings) {
      const { attempt } = staging.target;
      if (this.#attempts.get(attempt) === staging) this.#attempts.delete(attempt);
    }
    const pages = Map.groupBy(stagings, (staging) => staging.page);
    return [
      ...tables.map((table) => `drop table if exists ${table}`),
      ...[...pages].flatMap(([page, group]) => (page === null ? [] : [this.#leavePage(page, group)])),
    ];
  }

  #leavePage(page: Page, group: readonly StagedAttempt[]): string {
    page.attempts -= group.length;
    if (page.attempts > 0) {
      return `delete from ${page.table} where _sid in (${group.map((staging) => staging.rows.stagingId).join(", ")})`;
    }
    if (this.#pages.get(page.assetId) === page) this.#pages.delete(page.assetId);
    page.isOpen = false;
    return `drop table if exists ${page.table}`;
  }

  /** After the database was opened anew, nothing staged in memory is there. */
  clear(): void {
    this.#attempts.clear();
    this.#pages.clear();
  }

  #openPage(assetId: number, schema: RowSchema): Page {
    const columnsKey = stableJson(schema);
    const open = this.#pages.get(assetId);
    if (open?.isOpen === true && open.columnsKey === columnsKey && open.takenAttempts < maxPageAttempts) return open;
    const table = memoryTable(`a${assetId}_p${this.#nextId}`);
    const page: Page = {
      table,
      assetId,
      columnsKey,
      attempts: 0,
      takenAttempts: 0,
      rows: 0,
      isOpen: true,
      ready: null,
    };
    this.#pages.set(assetId, page);
    return page;
  }
}

function memoryTable(name: string): string {
  return `${stagingDatabase}.main.${quoteIdentifier(name)}`;
}
