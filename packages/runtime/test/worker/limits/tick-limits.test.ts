import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tickLimits } from "../../../src/queue/limits/tick-limits.ts";
import { ensureResources } from "../../../src/queue/resources.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { startTestWorker, submit, waitUntil } from "../test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
  await ensureResources(ledger.db, { erp: { concurrency: "auto", max: 9 } });
  await submit(ledger.db, [{ key: "pull", partitions: 50, resource: "erp" }]);
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

/** Steps that ended at the resource while all of its units were in use. */
async function seeSteps(count: number, durationMs: number, outcome = "ok"): Promise<void> {
  await sql`
    insert into watersmeet.resource_sample (resource, asset, duration_ms, row_count, outcome, ended_at)
    select 'erp', 'pull', ${durationMs}, 10, ${outcome}, now() from generate_series(1, ${count}::integer)`.execute(
    ledger.db,
  );
}

async function useAll(limit: number): Promise<void> {
  await sql`delete from watersmeet.resource_lease`.execute(ledger.db);
  await sql`
    with worker as (insert into watersmeet.worker (host, pid, slots) values ('h', 1, 1) returning id)
    insert into watersmeet.resource_lease (resource, run_id, ordinal, worker_id)
    select 'erp', 1, each, worker.id from worker, generate_series(0, ${limit - 1}::integer) as each`.execute(ledger.db);
}

async function findLimit(): Promise<number | undefined> {
  const row = await ledger.db.selectFrom("resource").select("auto_limit").executeTakeFirstOrThrow();
  return row.auto_limit ?? undefined;
}

const tick = (): Promise<readonly string[]> => tickLimits(ledger.db, { load: 0, everyMs: 1 });

async function tickWhenDue(): Promise<void> {
  await waitUntil(async () => (await tick()).length === 1);
}

test("a limit grows while steps are as fast as alone, up to its largest, and falls when they are not", async () => {
  const limits: (number | undefined)[] = [];
  for (const [inUse, durationMs] of [
    [4, 100],
    [6, 100],
    [9, 100],
    [9, 400],
  ] as const) {
    await useAll(inUse);
    await seeSteps(12, durationMs);
    await tickWhenDue();
    limits.push(await findLimit());
  }
  expect(limits.slice(0, 3)).toEqual([6, 9, 9]);
  expect(limits[3]).toBeLessThan(8);
});

test("what was seen counts once, and few steps count for the next look", async () => {
  const count = async (): Promise<number> => {
    const rows = await ledger.db.selectFrom("resource_sample").select("id").execute();
    return rows.length;
  };
  expect(await count()).toBe(0);
  await seeSteps(2, 100);
  await tickWhenDue();
  expect(await count()).toBe(2);
});

test("each decision is made once, however many ask", async () => {
  await seeSteps(20, 100, "failed");
  await waitUntil(async () => {
    const row = await ledger.db
      .selectFrom("resource")
      .select(sql<boolean>`tick_at <= now()`.as("isDue"))
      .executeTakeFirstOrThrow();
    return row.isDue;
  });
  const before = (await findLimit()) ?? 0;
  const all = await Promise.all(Array.from({ length: 6 }, () => tickLimits(ledger.db, { load: 0, everyMs: 60_000 })));
  expect(all.flat()).toEqual(["erp"]);
  expect(await findLimit()).toBeCloseTo(before * 0.7, 5);
});

test("history says what was seen and why", async () => {
  const { rows } = await sql<{ concurrency: number; reason: string }>`
    select concurrency, reason from watersmeet.limit_history order by at`.execute(ledger.db);
  expect(rows.map(({ concurrency, reason }) => `${concurrency}: ${reason}`)).toEqual([
    "6: as fast as alone: half as many more",
    "9: as fast as alone: half as many more",
    "9: as fast as alone: half as many more",
    expect.stringMatching(/^[67]: 4.0 times slower than alone$/),
    expect.stringMatching(/^[45]: 20 of 22 steps failed$/),
  ]);
  const { rows: events } = await sql<{ body: unknown }>`
    select body from watersmeet.event where kind = 'limit:moved' order by sequence limit 1`.execute(ledger.db);
  expect(events[0]?.body).toEqual({ resource: "erp", from: 4, to: 6, reason: "as fast as alone: half as many more" });
});

test("steps of a worker are seen", async () => {
  await sql`delete from watersmeet.resource_sample`.execute(ledger.db);
  await sql`delete from watersmeet.resource_lease`.execute(ledger.db);
  // Whoever decides takes what was seen away.
  await sql`update watersmeet.resource set tick_at = now() + interval '1 day'`.execute(ledger.db);
  await using _worker = await startTestWorker(ledger.connections);
  await waitUntil(async () => (await ledger.db.selectFrom("resource_sample").select("id").execute()).length === 50);
});
