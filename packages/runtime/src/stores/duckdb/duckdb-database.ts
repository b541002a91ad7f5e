import { randomUUID } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { DuckDBInstance } from "@duckdb/node-api";
import { ensureMeta } from "../catalog/read-catalog.ts";
import { renderCatalog } from "../catalog/render-catalog.ts";
import { registerCanonicalJson } from "./canonical-json-function.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { toStoreError } from "./duckdb-error.ts";
import { createDuckdbSession, joinDuckdbTransaction } from "./duckdb-session.ts";
import { findHolderPid, lockedError, ownFile } from "./own-file.ts";

export interface DuckdbOptions {
  /** Absolute path of the file; its folder is made when it is missing. */
  readonly path: string;
  /** Where DuckDB puts what does not fit in memory. */
  readonly spillDirectory: string;
  /** Of DuckDB's buffers, e.g. `2GB`; the process needs about half as much again. @default a quarter of the machine's, 512 MB to 4 GB */
  readonly memoryLimit: string | null;
  /** @default the number of processors */
  readonly threads: number | null;
}

/** Name under which the database in memory for staged rows is attached. */
export const stagingDatabase = "_watersmeet_staging";

/** The WAL grows to this before DuckDB itself checkpoints; the store does it earlier, between commits. */
const walLimit = "1GB";

/** DuckDB's own default. */
const thoroughVacuumTasks = 100;

/**
 * One DuckDB file, opened once in this process. Closing and opening again gives new connections to the same file, e.g. after DuckDB declared the instance invalid;
 * what was staged in memory is then gone.
 */
export class DuckdbDatabase {
  readonly path: string;
  readonly storeId: string;
  readonly #options: DuckdbOptions;
  readonly #lock: Disposable;
  #instance: DuckDBInstance;
  #pool: ConnectionPool;
  #quickCheckpoints = 0;
  #holders = 0;
  /** The latest one. */
  #checkpointing: Promise<void> = Promise.resolve();

  private constructor(
    options: DuckdbOptions,
    opened: { readonly lock: Disposable; readonly instance: DuckDBInstance; readonly storeId: string },
    pool: ConnectionPool,
  ) {
    this.path = options.path;
    this.storeId = opened.storeId;
    this.#options = options;
    this.#lock = opened.lock;
    this.#instance = opened.instance;
    this.#pool = pool;
  }

  /** Only `openDuckdbStore` calls this, once per file: a second open of the same file in one process loses commits. */
  static async open(options: DuckdbOptions): Promise<DuckdbDatabase> {
    const lock = await ownFile(options.path);
    try {
      const instance = await openInstance(options);
      const pool = new ConnectionPool(instance);
      const storeId = await pool.transact(async (connection) => {
        const session = joinDuckdbTransaction(connection);
        for (const statement of renderCatalog()) await session.run(statement);
        await ensureMeta(session, "format_version", "1");
        return await ensureMeta(session, "store_id", randomUUID());
      });
      const database = new DuckdbDatabase(options, { lock, instance, storeId }, pool);
      await database.#dropLeftovers();
      return database;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  get pool(): ConnectionPool {
    return this.#pool;
  }

  async reopen(): Promise<void> {
    this.#pool.close();
    this.#instance.closeSync();
    this.#instance = await openInstance(this.#options);
    this.#pool = new ConnectionPool(this.#instance);
    await this.#dropLeftovers();
  }

  /** Bytes of the write-ahead log: 0 when there is none. Asks for the size only: reading the file would drop DuckDB's lock. */
  async walSizeBytes(): Promise<number> {
    try {
      return (await stat(`${this.path}.wal`)).size;
    } catch {
      return 0;
    }
  }

  /** How many there were since the last thorough one. */
  get quickCheckpoints(): number {
    return this.#quickCheckpoints;
  }

  /**
   * Work that finds rows again by their `rowid` in a later statement: meanwhile there is no checkpoint, which renumbers the rows behind those that were deleted.
   */
  async holdRowIds<T>(work: () => Promise<T>): Promise<T> {
    this.#holders += 1;
    try {
      // One that failed has changed nothing.
      await this.#checkpointing.catch(() => {});
      return await work();
    } finally {
      this.#holders -= 1;
    }
  }

  /**
   * Empties the write-ahead log into the file; later, when other transactions are writing or row ids are held now. A thorough one also joins row groups that have become small, and
   * gives back what was deleted in them: it reads and writes those anew, so that no commit waits for it. No two run at the same time.
   */
  async checkpoint(kind: "quick" | "thorough" = "quick"): Promise<void> {
    if (this.#holders > 0) return;
    this.#checkpointing = this.#writeBack(kind);
    await this.#checkpointing;
  }

  async #writeBack(kind: "quick" | "thorough"): Promise<void> {
    await this.#pool.use(async (connection) => {
      try {
        if (kind === "thorough") await connection.run(`set max_vacuum_tasks = ${thoroughVacuumTasks}`);
        await connection.run("checkpoint");
        this.#quickCheckpoints = kind === "quick" ? this.#quickCheckpoints + 1 : 0;
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes("Cannot CHECKPOINT")) throw error;
      } finally {
        if (kind === "thorough") await connection.run("set max_vacuum_tasks = 0");
      }
    });
  }

  close(): void {
    this.#pool.close();
    this.#instance.closeSync();
    this.#lock[Symbol.dispose]();
  }

  /** Whole tables that an earlier process had staged and nobody can publish any more. */
  async #dropLeftovers(): Promise<void> {
    await this.#pool.use(async (connection) => {
      const session = createDuckdbSession(connection);
      const tables = await session.run(
        "select table_name from duckdb_tables() where schema_name = '_watersmeet' and table_name like 'stage\\_%' escape '\\' and database_name = current_database()",
      );
      for (const table of tables) await session.run(`drop table _watersmeet."${table["table_name"]}"`);
    });
  }
}

async function openInstance(options: DuckdbOptions): Promise<DuckDBInstance> {
  const spill = options.spillDirectory;
  await mkdir(spill, { recursive: true });
  try {
    const instance = await DuckDBInstance.create(options.path, {
      // Older formats replay a stale write-ahead log twice without a word; this one refuses it.
      storage_compatibility_version: "v1.4.0",
      memory_limit: options.memoryLimit ?? defaultMemoryLimit(),
      threads: String(options.threads ?? availableParallelism()),
      temp_directory: spill,
      wal_autocheckpoint: walLimit,
      // Until a checkpoint is asked to be thorough.
      max_vacuum_tasks: "0",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connection = await instance.connect();
    await connection.run(`attach ':memory:' as ${stagingDatabase}`);
    registerCanonicalJson(connection);
    connection.closeSync();
    return instance;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (text.includes("Could not set lock on file")) throw lockedError(options.path, findHolderPid(text), error);
    throw toStoreError(error, `Opening ${options.path}`);
  }
}

function defaultMemoryLimit(): string {
  const quarterMb = Math.floor(totalmem() / 4 / 1024 / 1024);
  return `${Math.max(512, Math.min(4096, quarterMb))}MB`;
}
