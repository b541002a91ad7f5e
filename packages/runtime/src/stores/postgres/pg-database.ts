import pg from "pg";
import type { SqlRow, SqlSession, SqlValue } from "../sql-session.ts";
import { toStoreError } from "./pg-error.ts";

/** The type `boolean`, in Postgres's own catalog. */
const booleanOid: number = pg.types.builtins.BOOL;

/** Every value as the server's own text: no `Date`, no number that has lost digits. */
const textTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => (value: string | Buffer) => {
    const text = value.toString();
    return oid === booleanOid ? (text === "t" ? "true" : "false") : text;
  },
};

/**
 * For all sessions: the same text for the same value wherever the server stands, and nothing waits or hangs for ever. A process that is stopped within a
 * transaction holds locks that others need, that of commits above all: the server ends its session before they stop waiting. No transaction waits for user
 * code.
 */
const sessionSettings = [
  "set timezone = 'UTC'",
  "set datestyle = 'ISO, YMD'",
  "set extra_float_digits = 1",
  "set standard_conforming_strings = on",
  "set idle_in_transaction_session_timeout = '10s'",
  "set lock_timeout = '15s'",
  "set statement_timeout = '1h'",
  // Folds sort and join more than the 4 MB that a server gives unless it is told otherwise; a greater setting stays.
  "select set_config('work_mem', '64MB', false) where pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')",
  // To find most rows of a table through its index takes half as long again as to read it; the server's own guess is that it takes as long.
  "set cpu_index_tuple_cost = 0.015",
  // Processes that look affected keys up share one table of them only if it may be read by several: each with its own, they take a tenth to a quarter longer.
  "set min_parallel_table_scan_size = '1MB'",
].join("; ");

/** Connections to one database. */
export class PgDatabase {
  readonly #pool: pg.Pool;
  readonly #ready = new WeakSet<pg.PoolClient>();

  constructor(url: string) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: 10,
      types: textTypes,
      application_name: "watersmeet",
      connectionTimeoutMillis: 15_000,
      keepAlive: true,
    });
    // A connection that breaks while idle is replaced; whoever works on one has its error.
    this.#pool.on("error", () => {});
  }

  async acquire(): Promise<pg.PoolClient> {
    try {
      const client = await this.#pool.connect();
      if (!this.#ready.has(client)) {
        await client.query(sessionSettings);
        this.#ready.add(client);
      }
      return client;
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async use<T>(work: (client: pg.PoolClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const client = await this.acquire();
    let isBroken = true;
    // Without a listener, an error of the connection between two statements would end the process.
    const ignore = () => {};
    client.on("error", ignore);
    try {
      const result = await work(client);
      isBroken = false;
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw toStoreError(error);
    } finally {
      client.off("error", ignore);
      client.release(isBroken);
    }
  }

  /** Begins, works, commits. When the work throws, the connection goes, and the transaction with it. */
  async transact<T>(
    work: (session: SqlSession, client: pg.PoolClient) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const run = (client: pg.PoolClient) =>
      this.#cancellable(client, options.signal, async () => {
        await client.query(`begin ${options.mode ?? ""}`);
        const result = await work(createPgSession(client), client);
        await client.query("commit");
        return result;
      });
    return await this.use(run, options.signal);
  }

  /** Runs work on a connection; the signal cancels the statement that runs. */
  async cancellable<T>(
    signal: AbortSignal | undefined,
    work: (session: SqlSession, client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    return await this.use(
      (client) => this.#cancellable(client, signal, () => work(createPgSession(client), client)),
      signal,
    );
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #cancellable<T>(client: pg.PoolClient, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    if (signal === undefined) return await work();
    const { rows } = await client.query<{ pid: string }>("select pg_backend_pid() as pid");
    const cancel = () => {
      // Another connection asks the server; that the statement has ended meanwhile is no failure.
      this.#pool.query("select pg_cancel_backend($1)", [rows[0]?.pid]).catch(() => {});
    };
    signal.addEventListener("abort", cancel);
    try {
      return await work();
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}

export interface TransactionOptions {
  readonly mode?: "isolation level repeatable read read only" | "isolation level repeatable read";
  readonly signal?: AbortSignal | undefined;
}

export function createPgSession(client: pg.ClientBase): SqlSession {
  const query = async (sql: string, parameters: readonly SqlValue[]) => {
    try {
      return await client.query<SqlRow>(sql, parameters.map(bindValue));
    } catch (error) {
      throw toStoreError(error);
    }
  };
  return {
    run: async (sql, parameters = []) => (await query(sql, parameters)).rows,
    change: async (sql, parameters = []) => (await query(sql, parameters)).rowCount ?? 0,
  };
}

function bindValue(value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
