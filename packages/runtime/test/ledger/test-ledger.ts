import { fingerprint } from "@watersmeet/core/values";
import pg from "pg";
import { inject } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/test-database.ts";
import { listMigrations } from "../../src/ledger/migrate.ts";
import { openLedger, type LedgerConnections } from "../../src/ledger/open-ledger.ts";
import { ensureDoorbell } from "../../src/queue/doorbell/doorbell.ts";

export interface TestLedger extends AsyncDisposable {
  readonly url: string;
  readonly connections: LedgerConnections;
  readonly db: LedgerConnections["db"];
}

/** A migrated ledger of its own, cloned from one template per run of the tests. */
export async function createTestLedger(): Promise<TestLedger> {
  const database = await cloneLedgerDatabase();
  const connections = await openLedger(database.url, { schema: "require" });
  return {
    url: database.url,
    connections,
    db: connections.db,
    async [Symbol.asyncDispose]() {
      await connections[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

export async function cloneLedgerDatabase(): Promise<TestDatabase> {
  return createTestDatabase(await ensureTemplate());
}

/** Files of tests run in processes of their own: the first makes the template, the others wait for it. */
async function ensureTemplate(): Promise<string> {
  const migrations = await listMigrations();
  const name = `watersmeet_template_${fingerprint(migrations.map((each) => each.sql)).slice(0, 12)}`;
  const serverUrl = inject("postgresUrl");
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
    const found = await client.query("select from pg_database where datname = $1", [name]);
    if (found.rowCount === 0) await makeTemplate(client, name, serverUrl);
  } finally {
    await client.end();
  }
  return name;
}

async function makeTemplate(client: pg.Client, name: string, serverUrl: string): Promise<void> {
  const draft = `${name}_draft`;
  await client.query(`drop database if exists "${draft}" with (force)`);
  await client.query(`create database "${draft}"`);
  const url = new URL(serverUrl);
  url.pathname = `/${draft}`;
  {
    await using ledger = await openLedger(url.href);
    await ensureDoorbell(ledger.pool);
  }
  await client.query(`alter database "${draft}" rename to "${name}"`);
}
