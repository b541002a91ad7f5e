import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { listMigrations, migrateLedger } from "../../src/ledger/migrate.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { dumpSchema } from "./dump-schema.ts";
import { cloneLedgerDatabase } from "./test-ledger.ts";

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

test("the migrated schema is the one that was reviewed (renew with vitest -u)", async () => {
  await using database = await cloneLedgerDatabase();
  const client = await connect(database.url);
  const dump = await dumpSchema(client, "watersmeet");
  await client.end();
  await expect(dump).toMatchFileSnapshot("../../src/ledger/schema.sql");
});

test("processes that migrate at once run every migration once", async () => {
  await using database = await createTestDatabase();
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(database.url)));
  const applied = await Promise.all(clients.map((client) => migrateLedger(client)));
  const names = (await listMigrations()).map((migration) => migration.name);
  expect(applied.flat().sort()).toEqual(names);
  const { rows } = await firstOf(clients).query<{ name: string }>("select name from watersmeet.migration order by id");
  expect(rows.map((row) => row.name)).toEqual(names);
  for (const client of clients) await client.end();
});

test("a schema of a later release is refused, not changed", async () => {
  await using database = await cloneLedgerDatabase();
  const client = await connect(database.url);
  await client.query("insert into watersmeet.migration (id, name) values (999999, '999999_future')");
  await expect(migrateLedger(client)).rejects.toMatchObject({ code: "LEDGER_NOT_MIGRATED" });
  await client.end();
});

test("a program that must not migrate says which command does", async () => {
  await using database = await createTestDatabase();
  await expect(openLedger(database.url, { schema: "require" })).rejects.toMatchObject({
    code: "LEDGER_NOT_MIGRATED",
    hint: expect.stringContaining("db migrate"),
  });
});

test("a database that does not answer is named as such", async () => {
  await expect(openLedger("postgres://nobody@127.0.0.1:1/none")).rejects.toMatchObject({ code: "LEDGER_UNREACHABLE" });
});

function firstOf<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined) throw new Error("empty");
  return first;
}
