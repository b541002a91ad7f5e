import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { insertEvents, listEvents } from "../../src/ledger/events.ts";
import { createTestLedger, type TestLedger } from "./test-ledger.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

async function insertStep(state: string, ordinal: number): Promise<void> {
  await sql`insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending)
    values (1, ${ordinal}, 'a', '', ${state}::watersmeet.step_state, 0, 0, 0, 0)`.execute(ledger.db);
}

test("an ending of a step is written once", async () => {
  await insertStep("succeeded", 0);
  const move = sql`update watersmeet.step set state = 'failed' where run_id = 1 and ordinal = 0`.execute(ledger.db);
  await expect(move).rejects.toThrow(/a step has ended as succeeded and cannot become failed/);
});

test("only a new round opens a step that has ended", async () => {
  await insertStep("failed", 1);
  const move = (round: number) =>
    sql`update watersmeet.step set state = 'ready', round = ${round} where run_id = 1 and ordinal = 1`.execute(
      ledger.db,
    );
  await expect(move(1)).rejects.toThrow(/has ended/);
  await move(2);
});

test("a step cannot run without a worker that holds it", async () => {
  await insertStep("ready", 2);
  const move = sql`update watersmeet.step set state = 'running' where run_id = 1 and ordinal = 2`.execute(ledger.db);
  await expect(move).rejects.toThrow(/violates check constraint/);
});

test("the audit trail cannot be changed, emptied or shortened", async () => {
  await ledger.db.transaction().execute((tx) => insertEvents(tx, [{ kind: "test", body: {} }]));
  for (const statement of [
    "update watersmeet.event set kind = 'x'",
    "delete from watersmeet.event",
    "truncate watersmeet.event",
  ]) {
    await expect(sql.raw(statement).execute(ledger.db)).rejects.toThrow(/event is append-only/);
  }
});

test("a reader never meets a smaller sequence later: who writes second commits second", async () => {
  const order: string[] = [];
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
  const { promise: hasWritten, resolve: written } = Promise.withResolvers<void>();
  const first = ledger.db.transaction().execute(async (tx) => {
    await insertEvents(tx, [{ kind: "first", body: {} }]);
    written();
    await mayCommit;
    order.push("first");
  });
  await hasWritten;
  const second = ledger.db
    .transaction()
    .execute((tx) => insertEvents(tx, [{ kind: "second", body: {} }]))
    .then(() => order.push("second"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const seen = await listEvents(ledger.db, {}, { limit: 100 });
  expect(seen.items.map((event) => event.kind)).not.toContain("second");
  commit();
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "second"]);
  const all = await listEvents(ledger.db, {}, { limit: 100 });
  expect(all.items.map((event) => event.kind).slice(-2)).toEqual(["first", "second"]);
});
