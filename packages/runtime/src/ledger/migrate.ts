import { readdir, readFile } from "node:fs/promises";
import { WatersmeetError } from "@watersmeet/core/errors";
import { compareStrings } from "@watersmeet/core/values";
import type pg from "pg";

export interface Migration {
  readonly id: number;
  /** File name without the ending: `000001_ledger`. */
  readonly name: string;
  readonly sql: string;
}

/** Numbered plain SQL files, in their order. They only go forward. */
export async function listMigrations(): Promise<readonly Migration[]> {
  const folder = new URL("./migrations/", import.meta.url);
  const files = (await readdir(folder)).filter((file) => /^\d{6}_[a-z0-9_]+\.sql$/.test(file)).sort(compareStrings);
  return Promise.all(
    files.map(async (file) => ({
      id: Number(file.slice(0, 6)),
      name: file.slice(0, -".sql".length),
      sql: await readFile(new URL(file, folder), "utf8"),
    })),
  );
}

/**
 * Brings the ledger's schema to the newest version and says which migrations it ran. Each has a transaction of its own that begins with its row;
 * processes that start together wait for one another.
 *
 * @throws {LEDGER_NOT_MIGRATED} when the schema is newer than this program
 */
export async function migrateLedger(client: pg.ClientBase): Promise<readonly string[]> {
  const migrations = await listMigrations();
  const known = await findSchemaVersion(client);
  if (known === migrations.at(-1)?.id) return [];
  await client.query("select pg_advisory_lock(hashtextextended('watersmeet.migrate', 0))");
  try {
    await client.query("create schema if not exists watersmeet");
    await client.query(`create table if not exists watersmeet.migration (
      id integer primary key, name text not null, applied_at timestamptz not null default now())`);
    const applied = (await findSchemaVersion(client)) ?? 0;
    refuseNewerSchema(applied, migrations);
    const missing = migrations.filter((migration) => migration.id > applied);
    for (const migration of missing) await applyMigration(client, migration);
    return missing.map((migration) => migration.name);
  } finally {
    await client.query("select pg_advisory_unlock(hashtextextended('watersmeet.migrate', 0))");
  }
}

/** Number of the newest migration that was applied; undefined when there is no ledger yet. */
export async function findSchemaVersion(client: pg.ClientBase): Promise<number | undefined> {
  const table = await client.query<{ exists: boolean }>(
    "select to_regclass('watersmeet.migration') is not null as exists",
  );
  if (table.rows[0]?.exists !== true) return undefined;
  const newest = await client.query<{ id: number | null }>("select max(id) as id from watersmeet.migration");
  return newest.rows[0]?.id ?? undefined;
}

async function applyMigration(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query("begin");
  try {
    await client.query("insert into watersmeet.migration (id, name) values ($1, $2)", [migration.id, migration.name]);
    await client.query(migration.sql);
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback");
    throw new WatersmeetError("LEDGER_NOT_MIGRATED", `Migration ${migration.name} failed`, {
      hint: "The ledger is as it was before this migration. Check the role's rights on schema watersmeet.",
      cause,
    });
  }
}

function refuseNewerSchema(applied: number, migrations: readonly Migration[]): void {
  const newest = migrations.at(-1)?.id ?? 0;
  if (applied <= newest) return;
  throw new WatersmeetError(
    "LEDGER_NOT_MIGRATED",
    `The ledger's schema is at ${applied}, newer than this program knows (${newest})`,
    { hint: "Update @watersmeet/runtime to the version that the other processes run." },
  );
}
