import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** Idle connections kept for the next ones. */
const maxIdle = 8;

/**
 * Connections of one instance. A connection has one transaction and one running statement, so that whoever works holds one alone.
 * A running statement occupies a thread of libuv's pool: a process with a DuckDB store starts with UV_THREADPOOL_SIZE of 16.
 */
export class ConnectionPool {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[] = [];
  readonly #open = new Set<DuckDBConnection>();
  #isClosed = false;

  constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  async acquire(): Promise<DuckDBConnection> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const connection = await this.#instance.connect();
    this.#open.add(connection);
    await connection.run("set timezone = 'UTC'");
    return connection;
  }

  /** `isBroken`: a transaction may be open on it, so that nobody may have it again. */
  release(connection: DuckDBConnection, isBroken = false): void {
    if (!isBroken && !this.#isClosed && this.#idle.length < maxIdle) {
      this.#idle.push(connection);
      return;
    }
    this.#open.delete(connection);
    connection.closeSync();
  }

  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.acquire();
    let isBroken = true;
    try {
      const result = await work(connection);
      isBroken = false;
      return result;
    } finally {
      this.release(connection, isBroken);
    }
  }

  /** Begins, works, commits; rolls back when the work throws. */
  async transact<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return await this.use(async (connection) => {
      await connection.run("begin transaction");
      const result = await work(connection);
      await connection.run("commit");
      return result;
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#idle.length = 0;
    for (const connection of this.#open) connection.closeSync();
    this.#open.clear();
  }
}
