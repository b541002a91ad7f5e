import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { listClaimableRuns } from "../../../src/queue/claim/list-runs.ts";
import { readWaiting } from "../../../src/queue/waiting/read-waiting.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { failed } from "../test-executor.ts";
import { startTestWorker, submit, waitForEnd, waitUntil } from "../test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

/** What is in use at most, of what steps take while they run. */
interface Gauge {
  /** For so long, and until it is so. */
  use(weight: number, ms: number, isEnough?: () => boolean): Promise<undefined>;
  readonly most: () => number;
}

function createGauge(): Gauge {
  let used = 0;
  let most = 0;
  return {
    async use(weight, ms, isEnough = () => true) {
      used += weight;
      most = Math.max(most, used);
      await waitUntil(isEnough);
      await sleep(ms);
      used -= weight;
      return undefined;
    },
    most: () => most,
  };
}

async function countLeases(): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::integer as count from watersmeet.resource_lease`.execute(ledger.db);
  return rows[0]?.count ?? -1;
}

test("units of a resource are counted by weight, and several resources are taken together", async () => {
  const [crm, warehouse] = [createGauge(), createGauge()];
  const resources = { "t1/crm": { concurrency: 2 }, "t1/warehouse": { concurrency: 6 } };
  const id = await submit(ledger.db, [
    { key: "light", partitions: 20, resource: "t1/warehouse" },
    {
      key: "heavy",
      partitions: 8,
      resource: [
        { name: "t1/crm", weight: 1 },
        { name: "t1/warehouse", weight: 4 },
      ],
    },
  ]);
  await using _worker = await startTestWorker(
    ledger.connections,
    async ({ asset }) => {
      if (asset === "light") return warehouse.use(1, 5, () => warehouse.most() > 4);
      await Promise.all([crm.use(1, 10), warehouse.use(4, 10)]);
      return undefined;
    },
    { resources, concurrency: 16 },
  );
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(crm.most()).toBeLessThanOrEqual(2);
  expect(warehouse.most()).toBeLessThanOrEqual(6);
  expect(warehouse.most()).toBeGreaterThan(4);
  expect(await countLeases()).toBe(0);
});

test("a step that is heavier than the limit runs alone", async () => {
  const gauge = createGauge();
  const id = await submit(ledger.db, [
    { key: "giant", partitions: 3, resource: [{ name: "t2/db", weight: 9 }] },
    { key: "light", partitions: 10, resource: "t2/db" },
  ]);
  const weights: Readonly<Record<string, number>> = { giant: 3, light: 1 };
  await using _worker = await startTestWorker(ledger.connections, ({ asset }) => gauge.use(weights[asset] ?? 0, 5), {
    resources: { "t2/db": { concurrency: 3 } },
    concurrency: 16,
  });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(gauge.most()).toBe(3);
});

test("a heavy step gets its turn among light ones that never end", async () => {
  const resources = { "t3/db": { concurrency: 4 } };
  const light = await submit(ledger.db, [{ key: "light", partitions: 2000, resource: "t3/db" }]);
  let lightStarts = 0;
  let lightStartsBefore = Number.POSITIVE_INFINITY;
  await using _worker = await startTestWorker(
    ledger.connections,
    async ({ asset }) => {
      if (asset === "heavy") lightStartsBefore = lightStarts;
      else lightStarts += 1;
      // Not in step with each other, so that never more than one unit is free at once.
      await sleep(20 + Math.random() * 40);
      return undefined;
    },
    { resources, concurrency: 16 },
  );
  await waitUntil(() => lightStarts > 20);
  const heavy = await submit(ledger.db, [{ key: "heavy", resource: [{ name: "t3/db", weight: 4 }] }]);
  expect(await waitForEnd(ledger.db, heavy)).toBe("succeeded");
  expect(lightStartsBefore).toBeLessThan(1900);
  await sql`update watersmeet.run set state = 'cancelling' where id = ${light} and state = 'running'`.execute(
    ledger.db,
  );
});

test("no span has more starts than a resource's rate gives, over workers", async () => {
  const id = await submit(ledger.db, [{ key: "call", partitions: 40, resource: "t4/api" }]);
  const resources = { "t4/api": { concurrency: null, rate: { count: 20, perMs: 500, burst: 5 } } };
  await using _one = await startTestWorker(ledger.connections, undefined, { resources });
  await using other = await openLedger(ledger.connections.url, { schema: "require" });
  await using _two = await startTestWorker(other, undefined, { resources });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  // By the database's clock, by which they are let through: how late a process begins what it has is its own affair.
  const { rows } = await sql<{ atMs: number }>`
    select extract(epoch from started_at)::float8 * 1000 as "atMs" from watersmeet.step where run_id = ${id} order by started_at`.execute(
    ledger.db,
  );
  const starts = rows.map(({ atMs }) => atMs);
  // 35 after the burst, one each 25 ms. A start is dated when its claim begins, which may then wait for others: some come too early by that.
  const early = 10;
  expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeGreaterThan((35 - early) * 25);
  for (const [index, at] of starts.entries()) {
    const within = starts.filter((each) => each >= at && each < at + 200).length;
    // 5 saved up, and 8 that come in.
    expect(within, `from start ${index}`).toBeLessThanOrEqual(5 + 8 + early);
  }
});

test("what a resource answers to one step about when to come back holds for all workers", async () => {
  let starts = 0;
  const behave = (): ReturnType<typeof failed> | undefined => {
    starts += 1;
    const throttled = { class: "transient", cause: "throttled", isOfUserCode: true, retryAfterMs: 600_000 } as const;
    return starts === 1 ? failed({ ...throttled, message: "429 from the api" }) : undefined;
  };
  const resources = { "t5/api": { concurrency: 1, breaker: null } };
  const id = await submit(ledger.db, [{ key: "call", partitions: 6, resource: "t5/api" }]);
  await using _one = await startTestWorker(ledger.connections, behave, { resources });
  await waitUntil(async () => {
    const [waiting] = await readWaiting(ledger.db, [{ runId: id, ordinal: 5 }]);
    return waiting?.kind === "rate" && waiting.reason === "429 from the api";
  });
  await using other = await openLedger(ledger.connections.url, { schema: "require" });
  await using _two = await startTestWorker(other, behave, { resources });
  await sleep(300);
  expect(starts).toBe(1);
  await sql`update watersmeet.resource_hold set until = now() where resource = 't5/api'`.execute(ledger.db);
  await waitUntil(() => starts === 6);
});

test("claims know why a run is there: somebody waits for it, an automation asked for it, or it catches up", async () => {
  const sketch = [{ key: "any" }];
  const ids = [
    await submit(ledger.db, sketch, { requestedBy: "cli:ana@desk" }),
    await submit(ledger.db, sketch, { requestedBy: "automation:nightly" }),
    await submit(ledger.db, sketch, { requestedBy: "automation:nightly", kind: "backfill" }),
  ];
  const runs = await ledger.db.transaction().execute(listClaimableRuns);
  const origins = new Map(runs.map((run) => [run.id, run.origin]));
  expect(ids.map((id) => origins.get(id))).toEqual(["live", "scheduled", "backfill"]);
});
