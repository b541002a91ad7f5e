import pg from "pg";
import { connectionSettings } from "../../ledger/open-ledger.ts";
import type { ServerFacts } from "./judge-server.ts";

/** A name of a setting that no server has; sessions that are kept keep it. */
const probe = "watersmeet.session_probe";

/**
 * Asks the ledger's server for what `judgeServer` judges, over a connection of its own.
 *
 * A pooler in transaction mode (PgBouncer) shows itself by what it cannot do: between two statements the session is given to somebody else. So a setting is
 * made in one statement and looked for in the next, while a second connection asks for other statements in between; and the process behind the connection
 * must stay the same.
 */
export async function readServer(url: string): Promise<ServerFacts> {
  const [client, other] = [connect(url), connect(url)];
  try {
    await Promise.all([client.connect(), other.connect()]);
    const keepsSession = await asksTwice(client, other);
    const before = Date.now();
    const { rows } = await client.query<Omit<ServerFacts, "keepsSession" | "clockAheadMs"> & { readonly now: string }>(`
      select current_setting('server_version_num')::integer as "versionNumber", current_setting('server_version') as version,
        pg_is_in_recovery() as "isStandby", current_setting('transaction_read_only') = 'on' as "isReadOnly",
        current_setting('max_connections')::integer as "maxConnections",
        (select count(*)::integer from pg_stat_activity where backend_type = 'client backend') as "usedConnections",
        (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now`);
    const middle = (before + Date.now()) / 2;
    const [row] = rows;
    if (row === undefined) throw new TypeError("a select without from gives one row");
    const { now, ...facts } = row;
    return { ...facts, keepsSession, clockAheadMs: Math.round(middle - Number(now)) };
  } finally {
    await Promise.allSettled([client.end(), other.end()]);
  }
}

function connect(url: string): pg.Client {
  // Startup options are what poolers refuse first; what they hide is to be seen.
  const { options: _, ...settings } = connectionSettings(url);
  const client = new pg.Client(settings);
  client.on("error", () => {});
  return client;
}

async function asksTwice(client: pg.Client, other: pg.Client): Promise<boolean> {
  const backends = new Set<number>();
  const value = String(process.pid);
  await client.query(`set ${probe} = '${value}'`);
  let isKept = true;
  for (let round = 0; round < 4; round++) {
    // Held by the other connection, a pooled session cannot be the one that comes back.
    await other.query("begin");
    const { rows } = await client.query<{ backend: number; kept: string | null }>(
      `select pg_backend_pid() as backend, current_setting('${probe}', true) as kept`,
    );
    await other.query("rollback");
    backends.add(rows[0]?.backend ?? 0);
    isKept &&= rows[0]?.kept === value;
  }
  return isKept && backends.size === 1;
}
