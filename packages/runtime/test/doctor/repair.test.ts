import { mkdir, writeFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { findReadableSecrets } from "../../src/doctor/files/find-left-files.ts";
import { releaseDead } from "../../src/doctor/repair/repair-ledger.ts";
import type { ViolationCode } from "../../src/doctor/violations.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { openRegisters, type Registers } from "../app/registers-project.ts";
import { createTestLedger } from "../ledger/test-ledger.ts";
import { countStates, submit } from "../worker/test-runs.ts";

/*
 * A project with a store in Postgres, whose tables can be tampered with. The worker has gone, so the doctor looks once.
 */
let registers: Registers;
let ledger: pg.Client;
let store: pg.Client;

beforeAll(async () => {
  registers = await openRegisters("postgres");
  ledger = new pg.Client({ connectionString: registers.ledgerUrl });
  store = new pg.Client({ connectionString: registers.storeUrl ?? "" });
  await Promise.all([ledger.connect(), store.connect()]);
  await registers.run({ select: "limits doubled" });
  await registers.setLimits(3);
  await registers.run({ select: "limits", force: true });
  await registers.run({ select: "doubled" });
  await (await registers.project.startWorker())[Symbol.asyncDispose]();
  await registers.project.examine();
});

afterAll(async () => {
  await Promise.all([ledger.end(), store.end()]);
  await registers[Symbol.asyncDispose]();
});

async function find(isThorough = false): Promise<readonly ViolationCode[]> {
  const found = await registers.project.doctor.findViolations({ isThorough });
  return found.map((each) => each.code);
}

beforeEach(async () => {
  await registers.project.doctor.repair();
  expect(await find(true)).toEqual([]);
});

const assetId = "(select asset_id from _watersmeet.asset where key = 'limits')";

test("a commit without a record is found, and gets one", async () => {
  await ledger.query("delete from watersmeet.head where asset = 'doubled'");
  await ledger.query("update watersmeet.step set materialization_id = null where asset = 'doubled'");
  await ledger.query("delete from watersmeet.materialization where asset = 'doubled'");
  expect(await find()).toContain("COMMIT_UNRECORDED");
  expect((await registers.project.doctor.repair()).map(({ message }) => message)).toContain(
    "2 commits of the store default had no record and have one now",
  );
  expect(await find()).toEqual(["SUCCESS_WITHOUT_VERSION", "SUCCESS_WITHOUT_VERSION"]);
  await ledger.query(
    "update watersmeet.step set materialization_id = (select made.id from watersmeet.materialization as made where made.run_id = step.run_id and made.ordinal = step.ordinal) where asset = 'doubled'",
  );
});

test("a head that moved in the store alone is found, and the ledger follows it", async () => {
  await store.query(`update _watersmeet.head set version = 1 where asset_id = ${assetId}`);
  expect(await find()).toEqual(["HEAD_DIFFERS"]);
  expect((await registers.project.doctor.repair()).map(({ kind }) => kind)).toEqual(["heads"]);
  const { rows } = await ledger.query(
    "select version from watersmeet.head join watersmeet.materialization as made on made.id = materialization_id where head.asset = 'limits'",
  );
  expect(rows).toEqual([{ version: 1 }]);
  await store.query(`update _watersmeet.head set version = 2 where asset_id = ${assetId}`);
});

test("a commit that a store has lost is found, and what garbage collection took is not", async () => {
  await store.query(`create table lost as select * from _watersmeet.version where asset_id = ${assetId}`);
  await store.query(`delete from _watersmeet.version where asset_id = ${assetId} and version = 1`);
  expect(await find()).toEqual([]);
  await store.query(`delete from _watersmeet.version where asset_id = ${assetId}`);
  expect(await find()).toContain("COMMIT_LOST");
  await store.query("insert into _watersmeet.version select * from lost");
  await store.query("drop table lost");
});

test("a version that a store has twice is found", async () => {
  await store.query(
    `insert into _watersmeet.version select commit_id || '!', 900 + sequence, asset_id, partition, version, environment, row_count, data_digest, size_bytes, quarantined_count, record, committed_at
     from _watersmeet.version where asset_id = ${assetId} and version = 2`,
  );
  expect(await find()).toContain("COMMIT_TWICE");
  await store.query("delete from _watersmeet.version where commit_id like '%!'");
});

test("rows that somebody has changed behind the store's back are found by a thorough look", async () => {
  const { rows } = await store.query(`select asset_id as id from _watersmeet.asset where key = 'limits'`);
  const table = `_watersmeet.a${String(rows[0]?.id)}_v2`;
  await store.query(`update ${table} set least = least + 1`);
  expect(await find()).toEqual([]);
  expect(await find(true)).toEqual(["ROWS_DIFFER"]);
  await store.query(`insert into ${table} select * from ${table}`);
  expect(await find(true)).toEqual(["ROWS_DIFFER"]);
  await store.query(`delete from ${table} where ctid = (select max(ctid) from ${table})`);
  await store.query(`update ${table} set least = least - 1`);
});

test("folders of processes that are gone are found, and removed; those of processes that live stay", async () => {
  const staging = join(registers.root, ".watersmeet", "staging");
  const [dead, alive] = [join(staging, "4194303-dead"), join(staging, `${process.pid}-alive`)];
  for (const folder of [dead, alive]) await mkdir(folder, { recursive: true });
  expect(await find()).toEqual(["STAGING_LEFT"]);
  expect((await registers.project.doctor.repair()).map(({ message }) => message)).toEqual([`${dead} was removed`]);
  expect(await find()).toEqual([]);
});

test("what a dead worker holds is given back where no worker is left to do it", async () => {
  await using quiet = await createTestLedger();
  const { db } = quiet;
  const id = await submit(db, [{ key: "held" }]);
  await sql`insert into watersmeet.worker (id, host, pid, slots, beat_at) overriding system value
    values (7000, 'gone', 1, 1, now() - interval '1 hour')`.execute(db);
  await sql`update watersmeet.step set state = 'running', attempt = 1, worker_id = 7000, started_at = now()`.execute(
    db,
  );
  await sql`update watersmeet.run set state = 'running'`.execute(db);
  await db.insertInto("resource").values({ name: "api", concurrency: 1 }).execute();
  await sql`insert into watersmeet.resource_lease (resource, run_id, ordinal, worker_id) values ('api', ${id}, 9, 7000)`.execute(
    db,
  );
  const deps = { shapeOf: createShapeCache(), retry: { minDelayMs: 1, maxDelayMs: 1 }, random: () => 0 };
  expect((await releaseDead(db, deps)).map(({ message }) => message)).toEqual([
    "worker 7000 was taken away, and its steps given back",
  ]);
  expect(await countStates(db, id)).toEqual({ ready: 1 });
  const worker = await db
    .insertInto("worker")
    .values({ host: "h", pid: 1, slots: 1, stores: [] })
    .returning("id")
    .executeTakeFirstOrThrow();
  await sql`insert into watersmeet.resource_lease (resource, run_id, ordinal, worker_id) values ('api', ${id}, 9, ${worker.id})`.execute(
    db,
  );
  expect((await releaseDead(db, deps)).map(({ kind }) => kind)).toContain("leases");
});

test("a password that others may read is found", async () => {
  const file = join(registers.root, "password");
  await writeFile(file, "hush");
  await chmod(file, 0o644);
  expect(await findReadableSecrets([file])).toMatchObject([{ code: "SECRET_READABLE", invariant: "I12" }]);
  await chmod(file, 0o600);
  expect(await findReadableSecrets([file, join(registers.root, "absent")])).toEqual([]);
});
