import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/test-database.ts";
import { examineServer } from "../../src/doctor/environment/examine-server.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { cloneLedgerDatabase } from "../ledger/test-ledger.ts";
import { startTransactionPooler } from "./transaction-pooler.ts";

/* Rows 29, 30, 33 and 37 of docs/reference/faults.md, on the real server. */
let database: TestDatabase;
let ledger: TestDatabase;
let admin: pg.Client;
const role = `guest_${process.pid}`;
beforeAll(async () => {
  [database, ledger] = await Promise.all([createTestDatabase(), cloneLedgerDatabase()]);
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query(`create role ${role} login password 'guest'`);
});
afterAll(async () => {
  await admin.query(`drop owned by ${role}; drop role ${role}`);
  await admin.end();
  await Promise.all([database[Symbol.asyncDispose](), ledger[Symbol.asyncDispose]()]);
});

async function find(
  url: string,
  name: string,
): Promise<{ readonly status: string; readonly message: string } | undefined> {
  return (await examineServer(url)).find((finding) => finding.name === name);
}

function asGuest(url: string): string {
  const guest = new URL(url);
  guest.username = role;
  guest.password = "guest";
  return guest.href;
}

test("a sound server is found to be sound", async () => {
  const findings = await examineServer(database.url);
  expect(findings.filter(({ status }) => status === "fail")).toEqual([]);
});

test("a pooler in transaction mode is found by what sessions lose behind it", async () => {
  await using pooler = await startTransactionPooler(database.url);
  expect(await find(pooler.url, "pooler")).toMatchObject({
    status: "fail",
    message: expect.stringContaining("transaction mode"),
  });
  expect(await find(database.url, "pooler")).toMatchObject({ status: "ok" });
});

test("a server that has no connection left says so, with what to do", async () => {
  await admin.query(`alter role ${role} connection limit 0`);
  expect(await find(asGuest(database.url), "connections")).toMatchObject({
    status: "fail",
    message: expect.stringContaining("all connections are used"),
    hint: expect.stringContaining("Raise max_connections"),
  });
  await expect(openLedger(asGuest(database.url))).rejects.toMatchObject({
    code: "LEDGER_UNREACHABLE",
    message: expect.stringContaining("too many connections"),
  });
  await admin.query(`alter role ${role} connection limit -1`);
});

test("a server that takes no writes is found", async () => {
  await using readOnly = await createTestDatabase();
  const name = new URL(readOnly.url).pathname.slice(1);
  await admin.query(`alter database "${name}" set default_transaction_read_only = on`);
  expect(await find(readOnly.url, "primary")).toMatchObject({
    status: "fail",
    message: expect.stringContaining("read-only"),
  });
});

test("a role without rights is told which, and nothing is changed", async () => {
  await expect(openLedger(asGuest(ledger.url), { schema: "require" })).rejects.toMatchObject({
    code: "LEDGER_DENIED",
    message: expect.stringContaining("permission denied for schema watersmeet"),
    hint: expect.stringContaining("grant"),
  });
});
