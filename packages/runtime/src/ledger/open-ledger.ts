import { Writable } from "node:stream";
import { WatersmeetError } from "@watersmeet/core/errors";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { renderArray } from "./array-literal.ts";
import type { LedgerDatabase } from "./database.ts";
import { guardTransactions } from "./guard-transactions.ts";
import { findSchemaVersion, listMigrations, migrateLedger } from "./migrate.ts";

/** Kysely over schema `watersmeet`. */
export type LedgerDb = Kysely<LedgerDatabase>;

/** The ledger's connections. Control statements never share one with statements of a store. */
export interface LedgerConnections extends AsyncDisposable {
  readonly url: string;
  readonly db: LedgerDb;
  readonly pool: pg.Pool;
}

export interface OpenOptions {
  readonly maxConnections?: number;
  /** `require` refuses a schema that is not the newest. @default "migrate" */
  readonly schema?: "migrate" | "require";
  /**
   * `hot` is for the few statements that move steps: they are pipelined, prepared once per connection, and planned for indexes alone. Their tables are small
   * enough, at the beginning of a run, that the planner would rather read them whole, hundreds of times a second. @default "general"
   */
  readonly profile?: "general" | "hot";
}

/**
 * @throws {LEDGER_UNREACHABLE}
 * @throws {LEDGER_NOT_MIGRATED}
 */
export async function openLedger(url: string, options: OpenOptions = {}): Promise<LedgerConnections> {
  const isHot = options.profile === "hot";
  const settings = connectionSettings(url);
  const pool = new pg.Pool({
    ...settings,
    ...(isHot ? { options: `${settings.options} ${hotSettings}`, pipeline: true } : {}),
    max: options.maxConnections ?? 8,
  });
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    client.on("error", () => {});
    if (isHot) prepareStatements(client);
  });
  try {
    await prepareSchema(pool, options.schema ?? "migrate");
  } catch (error) {
    await pool.end();
    throw error;
  }
  const db = new Kysely<LedgerDatabase>({ dialect: new PostgresDialect({ pool }) });
  return {
    url,
    db: guardTransactions(db.withSchema("watersmeet")),
    pool,
    async [Symbol.asyncDispose]() {
      await db.destroy();
      // Kysely ends only a pool that it has used.
      if (!pool.ending) await pool.end();
    },
  };
}

/** What every connection to the ledger has: bounds on waiting (`pg` has none of its own), UTC, and a name. */
export function connectionSettings(url: string): pg.ClientConfig & { readonly options: string } {
  return {
    connectionString: url,
    application_name: "watersmeet",
    connectionTimeoutMillis: 10_000,
    query_timeout: 120_000,
    keepAlive: true,
    // A process that is stopped in the middle of a transaction holds a run's row: who waits for it waits longer than that.
    options: "-c idle_in_transaction_session_timeout=10s -c lock_timeout=20s -c timezone=UTC",
  };
}

const hotSettings =
  "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan";

/** Statements whose text depends on their values (inserts of many rows) must not fill the server's memory. */
const maxPrepared = 100;

/** Gives every statement with parameters a name, so that the server parses and plans it once, and writes its arrays. */
function prepareStatements(client: pg.PoolClient): void {
  const names = new Map<string, string>();
  const plain = client.query.bind(client);
  const gather = createGatherer(client);
  const query = (text: unknown, values?: unknown, ...rest: unknown[]): unknown => {
    gather();
    if (text === "begin") return beginUnseen(plain);
    if (typeof text !== "string" || !Array.isArray(values) || rest.length > 0) {
      return Reflect.apply(plain, client, [text, values, ...rest]);
    }
    const rendered = values.map((value: unknown) => (Array.isArray(value) ? renderArray(value) : value));
    const known = names.get(text);
    const name = known ?? (names.size < maxPrepared ? `hot_${names.size}` : undefined);
    if (name === undefined) return plain(text, rendered);
    names.set(text, name);
    return plain({ name, text, values: rendered });
  };
  Object.assign(client, { query });
}

/** Nobody waits for the answer to `begin`, since it says nothing: where there is none, what follows fails. */
function beginUnseen(
  plain: (text: string) => Promise<unknown>,
): Promise<{ readonly command: string; readonly rows: [] }> {
  plain("begin").catch(() => {});
  return Promise.resolve({ command: "BEGIN", rows: [] });
}

/** What is sent in one turn of the event loop leaves in one write: a write of its own for every statement was a tenth of a worker's time. */
function createGatherer(client: pg.PoolClient): () => void {
  let isGathering = false;
  return () => {
    const stream = findStream(client);
    if (isGathering || stream === undefined) return;
    isGathering = true;
    stream.cork();
    process.nextTick(() => {
      isGathering = false;
      stream.uncork();
    });
  };
}

/** `pg` keeps its socket to itself. Without it every statement is written by itself, and that is all. */
function findStream(client: pg.PoolClient): Writable | undefined {
  const connection: unknown = Reflect.get(client, "connection");
  if (typeof connection !== "object" || connection === null) return undefined;
  const stream: unknown = Reflect.get(connection, "stream");
  return stream instanceof Writable ? stream : undefined;
}

async function prepareSchema(pool: pg.Pool, mode: "migrate" | "require"): Promise<void> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw new WatersmeetError("LEDGER_UNREACHABLE", `The ledger's database cannot be reached: ${describe(cause)}`, {
      hint: "Check DATABASE_URL, or leave it out to use the embedded PostgreSQL.",
      cause,
    });
  });
  try {
    if (mode === "migrate") await migrateLedger(client);
    else await requireNewestSchema(client);
  } catch (error) {
    throw explainDenial(error);
  } finally {
    client.release();
  }
}

/** A role that may not even look is told so; anything else passes unchanged. */
function explainDenial(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code !== "42501") return error;
  return new WatersmeetError("LEDGER_DENIED", `The ledger's database refuses this role: ${error.message}`, {
    hint: "Let its owner grant the role what the ledger's tables need: `grant usage, create on schema watersmeet`, and all on its tables.",
    cause: error,
  });
}

async function requireNewestSchema(client: pg.ClientBase): Promise<void> {
  const [version, migrations] = [await findSchemaVersion(client), await listMigrations()];
  const newest = migrations.at(-1)?.id;
  if (version === newest) return;
  throw new WatersmeetError(
    "LEDGER_NOT_MIGRATED",
    `The ledger's schema is at ${version ?? "no version"}; this program needs ${newest ?? 0}`,
    { hint: "Run `watersmeet db migrate`." },
  );
}

function describe(cause: unknown): string {
  return cause instanceof AggregateError ? cause.errors.map(String).join(", ") : String(cause);
}
