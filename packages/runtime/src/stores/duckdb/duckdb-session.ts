import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  INTEGER,
  LIST,
  SQLNULL,
  VARCHAR,
  listValue,
  type DuckDBConnection,
  type DuckDBMaterializedResult,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import type { SqlRow, SqlSession, SqlValue } from "../sql-session.ts";
import { toStoreError } from "./duckdb-error.ts";

/**
 * A session over a connection without a transaction: each statement is one by itself. Ends the running statement when the signal does.
 *
 * A statement with parameters runs in a transaction of its own, so that it is planned and executed on the same rows: DuckDB 1.5.6 plans it when
 * it is prepared, drops a condition that the columns' minimum and maximum decide at that moment, and executes the plan on rows that have been
 * committed since. `v = 1` then gives rows of `v = 2` as well, or none (`test/stores/duckdb-prepared.test.ts`).
 */
export function createDuckdbSession(connection: DuckDBConnection, signal?: AbortSignal): SqlSession {
  // The holder may begin a transaction through the session, too.
  let isInTransaction = false;
  return makeSession(async (sql, parameters) => {
    if (parameters.length === 0 || isInTransaction) {
      const result = await execute(connection, { sql, parameters, signal });
      if (sql.startsWith("begin")) isInTransaction = true;
      else if (sql === "commit" || sql === "rollback") isInTransaction = false;
      return result;
    }
    await connection.run("begin transaction");
    try {
      const result = await execute(connection, { sql, parameters, signal });
      await connection.run("commit");
      return result;
    } catch (error) {
      await connection.run("rollback");
      throw error;
    }
  });
}

/** A session over a connection whose transaction the caller has begun, and ends. */
export function joinDuckdbTransaction(connection: DuckDBConnection, signal?: AbortSignal): SqlSession {
  return makeSession((sql, parameters) => execute(connection, { sql, parameters, signal }));
}

interface Statement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
  readonly signal: AbortSignal | undefined;
}

async function execute(connection: DuckDBConnection, { sql, parameters, signal }: Statement) {
  const bound = parameters.map(bindValue);
  const values = bound.map(({ value }) => value);
  const types = bound.map(({ type }) => type);
  try {
    // Without parameters there is nothing to prepare: the statement is planned as it runs.
    return await interruptible(connection, signal, () =>
      parameters.length === 0 ? connection.run(sql) : connection.run(sql, values, types),
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw toStoreError(error, "DuckDB");
  }
}

function makeSession(
  query: (sql: string, parameters: readonly SqlValue[]) => Promise<DuckDBMaterializedResult>,
): SqlSession {
  return {
    async run(sql, parameters = []) {
      const result = await query(sql, parameters);
      if (result.columnCount === 0) return [];
      const names = result.deduplicatedColumnNames();
      const rows = await result.getRowsJson();
      return rows.map(
        (row) => Object.fromEntries(names.map((name, index) => [name, toText(row[index])])) satisfies SqlRow,
      );
    },
    change: async (sql, parameters = []) => (await query(sql, parameters)).rowsChanged,
  };
}

export async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  if (signal === undefined) return await work();
  const interrupt = () => connection.interrupt();
  signal.addEventListener("abort", interrupt);
  try {
    return await work();
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The narrowest type that holds a value, so that DuckDB widens it where the query needs: an untyped number would be a double everywhere. */
export function bindValue(value: SqlValue): { readonly value: DuckDBValue; readonly type: DuckDBType } {
  if (value === null) return { value: null, type: SQLNULL };
  if (typeof value === "string") return { value, type: VARCHAR };
  if (typeof value === "boolean") return { value, type: BOOLEAN };
  if (typeof value === "bigint") return { value, type: BIGINT };
  if (typeof value === "number") return bindNumber(value);
  return bindList(value);
}

function bindNumber(value: number): { readonly value: DuckDBValue; readonly type: DuckDBType } {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return { value, type: INTEGER };
  if (Number.isSafeInteger(value)) return { value: BigInt(value), type: BIGINT };
  return { value, type: DOUBLE };
}

function bindList(items: Exclude<SqlValue, string | number | bigint | boolean | null>): {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
} {
  const first = items.find((item) => item !== null);
  if (typeof first === "boolean") return { value: listValue([...items]), type: LIST(BOOLEAN) };
  if (typeof first === "string" || first === undefined) return { value: listValue([...items]), type: LIST(VARCHAR) };
  const isWhole = items.every((item) => item === null || typeof item === "bigint" || Number.isSafeInteger(item));
  if (!isWhole)
    return { value: listValue(items.map((item) => (item === null ? null : Number(item)))), type: LIST(DOUBLE) };
  return { value: listValue(items.map((item) => (item === null ? null : BigInt(item)))), type: LIST(BIGINT) };
}
