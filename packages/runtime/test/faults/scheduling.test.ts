import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findRun } from "../../src/ledger/runs.ts";
import { ringDoorbell } from "../../src/queue/doorbell/doorbell.ts";
import { insertRun } from "../../src/queue/submit-run.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { committed } from "../worker/test-executor.ts";
import { planOf } from "../worker/test-plans.ts";
import { countStates, newRun, startTestWorker, submit, waitForEnd } from "../worker/test-runs.ts";

/* Rows 16, 73, 78 and 80 of docs/reference/faults.md. */
let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

test("however often the bell rings, each step is executed once", async () => {
  const executed = new Map<number, number>();
  const count = (step: { readonly ordinal: number }): undefined =>
    void executed.set(step.ordinal, (executed.get(step.ordinal) ?? 0) + 1);
  await using _one = await startTestWorker(ledger.connections, count);
  await using _two = await startTestWorker(ledger.connections, count);
  const id = await submit(ledger.db, [
    { key: "first", partitions: 30 },
    { key: "second", inputs: ["first"], partitions: 30 },
  ]);
  for (let bells = 0; bells < 12; bells++) await ringDoorbell(ledger.db, 8);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect([...executed.values()]).toEqual(Array.from({ length: 60 }, () => 1));
});

test("five planners that ask for the same at once make one run", async () => {
  const asked = Array.from({ length: 5 }, () =>
    insertRun(ledger.db, newRun([{ key: "asked" }], { idempotencyKey: "tick 12:00" })),
  );
  const runs = await Promise.all(asked);
  expect(new Set(runs.map((run) => run.id)).size).toBe(1);
  const rows = await ledger.db.selectFrom("run").select("id").where("idempotency_key", "=", "tick 12:00").execute();
  expect(rows).toHaveLength(1);
});

test("a worker whose clock is a day behind moves the ledger's head all the same", async () => {
  const behindMs = [0, 86_400_000];
  await using _worker = await startTestWorker(ledger.connections, (step) => {
    if (step.asset !== "clocked") return undefined;
    const version = 3 - behindMs.length;
    const made = committed(step, version);
    if (made.kind !== "committed") return undefined;
    const committedAt = new Date(Date.now() - (behindMs.shift() ?? 0)).toISOString();
    return { ...made, commit: { ...made.commit, commitId: `clocked ${version}`, committedAt } };
  });
  for (let runs = 0; runs < 2; runs++) {
    const id = await submit(ledger.db, [], { plan: planOf([{ key: "clocked" }], { force: true }) });
    expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  }
  const { rows } = await sql`
    select version from watersmeet.head join watersmeet.materialization as made on made.id = head.materialization_id
    where head.asset = 'clocked'`.execute(ledger.db);
  expect(rows).toEqual([{ version: 2 }]);
});

test("a graph that is five thousand assets deep is planned and recorded", async () => {
  const sketches = Array.from({ length: 5000 }, (_, index) => ({
    key: `deep${index}`,
    inputs: index === 0 ? [] : [`deep${index - 1}`],
  }));
  const id = await submit(ledger.db, sketches);
  // Those that wait get their rows when they may run.
  expect(await countStates(ledger.db, id)).toEqual({ ready: 1 });
  expect(await findRun(ledger.db, id)).toMatchObject({ steps: { ready: 1, waiting: 4999 } });
});
