import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { releaseStranded } from "../../src/queue/counters/release-stranded.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { startTestWorker, submit, waitForEnd } from "./test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

test("a run whose steps nobody has released goes on at the next thorough look", async () => {
  const id = await submit(ledger.db, [{ key: "a" }, { key: "b", inputs: ["a"] }, { key: "c", inputs: ["b"] }]);
  // What a defect could do: a step has ended, and the one behind it still waits.
  await sql`update watersmeet.step set state = 'unchanged', finished_at = now() where run_id = ${id} and asset = 'a'`.execute(
    ledger.db,
  );
  await sql`update watersmeet.run_asset set open_count = 0, unchanged = 1 where run_id = ${id} and asset = 'a'`.execute(
    ledger.db,
  );
  await sql`update watersmeet.run set open_count = 2, revision = 1 where id = ${id}`.execute(ledger.db);
  await using _worker = await startTestWorker(ledger.connections);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("a run that moves, or whose merges wait for their time, is left alone", async () => {
  const id = await submit(ledger.db, [{ key: "x" }, { key: "y", inputs: ["x"] }]);
  expect(await releaseStranded(ledger.db, createShapeCache())).toEqual([]);
  await sql`update watersmeet.run set state = 'paused' where id = ${id}`.execute(ledger.db);
  await sql`update watersmeet.step set state = 'waiting' where run_id = ${id}`.execute(ledger.db);
  expect(await releaseStranded(ledger.db, createShapeCache())).toEqual([]);
  await sql`update watersmeet.run set state = 'running' where id = ${id}`.execute(ledger.db);
  expect(await releaseStranded(ledger.db, createShapeCache())).toEqual([{ runId: id, readyCount: 1 }]);
});
