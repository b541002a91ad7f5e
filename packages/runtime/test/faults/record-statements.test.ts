import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger, type LedgerConnections } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { claimSteps } from "../../src/queue/claim/claim-steps.ts";
import { resolveInputs } from "../../src/queue/claim/resolve-inputs.ts";
import { roomForSuspects } from "../../src/queue/claim/suspects.ts";
import { createVersionMemory } from "../../src/queue/claim/version-memory.ts";
import { cancelRun } from "../../src/queue/control-run.ts";
import { createCounterMemory } from "../../src/queue/counters/counter-memory.ts";
import type { EndedAttempt } from "../../src/queue/record/accepted-attempt.ts";
import { recordOutcomes, type RecordDeps } from "../../src/queue/record/record-outcomes.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { expectSound } from "../doctor/expect-sound.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { committed } from "../worker/test-executor.ts";
import { countStates, listAttemptOutcomes, submit } from "../worker/test-runs.ts";

/* Rows 6, 24 and 28 of docs/reference/faults.md: trouble at each single statement of the transaction that records, on the real server. */
let ledger: TestLedger;
let victim: LedgerConnections;
let workerId: string;
/** What the server is asked in place of the statement that comes after so many others of a transaction. */
let trouble: { statementsBefore: number; readonly sql: string } | null = null;

beforeAll(async () => {
  ledger = await createTestLedger();
  victim = await openLedger(ledger.url, { schema: "require", profile: "hot", maxConnections: 1 });
  victim.pool.on("connect", tamper);
  const client = await victim.pool.connect();
  tamper(client);
  client.release();
  ({ id: workerId } = await ledger.db
    .insertInto("worker")
    .values({ host: "h", pid: 1, slots: 1, stores: [] })
    .returning("id")
    .executeTakeFirstOrThrow());
});
afterAll(async () => {
  await victim[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

function tamper(client: pg.PoolClient): void {
  const plain = client.query.bind(client);
  const query = (...args: readonly unknown[]): unknown => {
    // Without its beginning it would be no transaction.
    if (trouble !== null && args[0] !== "begin" && trouble.statementsBefore-- === 0) {
      const { sql } = trouble;
      trouble = null;
      return plain(sql);
    }
    return Reflect.apply(plain, client, args);
  };
  Object.assign(client, { query });
}

const shapeOf = createShapeCache();

function createDeps(): RecordDeps {
  return {
    shapeOf,
    counters: createCounterMemory(),
    retry: { minDelayMs: 1, maxDelayMs: 1 },
    random: () => 0,
    next: () => ({ workerId, stores: new Set(["default"]), limit: 4, suspects: roomForSuspects([]) }),
  };
}

async function claimFirst(): Promise<EndedAttempt> {
  const stores = new Set(["default"]);
  const { held } = await claimSteps(ledger.db, { workerId, stores, limit: 1, suspects: roomForSuspects([]) });
  const memory = createVersionMemory();
  const [resolved] = await resolveInputs(ledger.db, held, { shapeOf, installationId: "t", memory });
  if (resolved === undefined) throw new Error("nothing was ready");
  const { held: step, claimed, inputIds } = resolved;
  const at = new Date();
  const outcome = committed(claimed);
  return { step, workerId, outcome, startedAt: at, finishedAt: at, inputs: claimed.inputs, inputIds, orders: null };
}

/** Whether the transaction has so many statements: if it has, nothing of it is written, and all of it when it is tried again. */
async function failAt(statementsBefore: number, sql: string): Promise<boolean> {
  const id: RunId = await submit(ledger.db, [{ key: "first" }, { key: "second", inputs: ["first"] }]);
  const ended = await claimFirst();
  const deps = createDeps();
  trouble = { statementsBefore, sql };
  const failure = await recordOutcomes(victim.db, [ended], deps).then(
    () => null,
    (error: unknown) => error,
  );
  const isOver = trouble !== null;
  trouble = null;
  expect(failure === null).toBe(isOver);
  if (!isOver) {
    expect(await countStates(ledger.db, id)).toEqual({ running: 1, waiting: 1 });
    expect(await listAttemptOutcomes(ledger.db, id)).toEqual([]);
    expect((await recordOutcomes(victim.db, [ended], deps)).refused).toEqual([]);
  }
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 1, running: 1 });
  expect(await listAttemptOutcomes(ledger.db, id)).toEqual(["committed"]);
  await cancelRun(ledger.db, id, "test");
  return !isOver;
}

const conflicts = ["40001", "40P01"] as const;

test.each([
  [
    "a serialization failure or a deadlock",
    (place: number) => `do $$ begin raise exception 'conflict' using errcode = '${conflicts[place % 2]}'; end $$`,
  ],
  ["the end of its backend", () => "select pg_terminate_backend(pg_backend_pid())"],
])(
  "%s at any statement of a recording leaves nothing of it, and it is recorded once when it is tried again",
  async (_what, troubleAt) => {
    let statements = 0;
    while (await failAt(statements, troubleAt(statements))) statements += 1;
    expect(statements).toBeGreaterThan(5);
    await expectSound(ledger.db);
  },
);
