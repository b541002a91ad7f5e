import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { controlBreaker } from "../../../src/queue/breaker/control-breaker.ts";
import { moveBreaker } from "../../../src/queue/breaker/write-breakers.ts";
import { getLimit, listMoves } from "../../../src/queue/limits/list-limits.ts";
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

const order = { resource: "erp", forMs: 3_600_000, reason: "it is being mended", by: "cli:ana@desk" };

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

test.each([
  [
    "by itself",
    async () => {
      await ledger.db
        .transaction()
        .execute((tx) => moveBreaker(tx, { resource: "erp", generation: "1" }, { kind: "close" }));
    },
  ],
  ["by hand", () => controlBreaker(ledger.db, { ...order, kind: "close" })],
  [
    "because the time has passed for which somebody held it open",
    async () => {
      await sql`update watersmeet.breaker set retry_at = now() where resource = 'erp'`.execute(ledger.db);
    },
  ],
])(
  "after its breaker has closed, %s, a limit begins again at a quarter: claims hold to it at once, the controller once it looks",
  async (_how, close) => {
    await sql`delete from watersmeet.breaker where resource = 'erp'`.execute(ledger.db);
    await sql`
    update watersmeet.resource set auto_limit = 9, restarted_at = null, tick_at = null,
      auto_memory = '{"limit": 9, "base": 1, "isStarting": false, "coolUntilMs": 0}'`.execute(ledger.db);
    await controlBreaker(ledger.db, { ...order, kind: "open" });
    const limitNow = async (): Promise<number | null> => (await getLimit(ledger.db, "erp")).limit;
    expect(await limitNow()).toBe(9);
    await close();
    expect(await limitNow()).toBe(2);
    await tickWhenDue();
    expect(await findLimit()).toBe(2.25);
    expect(await limitNow()).toBe(2);
    const [move] = await listMoves(ledger.db, "erp", 1);
    expect(move?.reason).toBe("its breaker has closed: it begins again");
    // Once for each time that it closes.
    await tickWhenDue();
    expect(await limitNow()).toBe(2);
  },
);

test("steps of a worker are seen", async () => {
  await sql`delete from watersmeet.resource_sample`.execute(ledger.db);
  await sql`delete from watersmeet.resource_lease`.execute(ledger.db);
  // Whoever decides takes what was seen away.
  await sql`update watersmeet.resource set tick_at = now() + interval '1 day'`.execute(ledger.db);
  await using _worker = await startTestWorker(ledger.connections);
  await waitUntil(async () => (await ledger.db.selectFrom("resource_sample").select("id").execute()).length === 50);
});
