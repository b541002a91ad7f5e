import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readOutliers } from "../../../src/queue/outliers/read-outliers.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { startTestWorker, submit, waitUntil } from "../test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

test("a step that hangs and a partition with most of the rows are found among their siblings", async () => {
  const id = await submit(ledger.db, [{ key: "orders", partitions: 12 }, { key: "alone" }]);
  await using _worker = await startTestWorker(ledger.connections, async (step, signal) => {
    if (step.partition !== "p0011") return undefined;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return undefined;
  });
  const count = async (): Promise<number> => {
    const { rows } = await sql<{
      open: number;
    }>`select open_count as open from watersmeet.run where id = ${id}`.execute(ledger.db);
    return rows[0]?.open ?? 0;
  };
  await waitUntil(async () => (await count()) === 1);
  // However long all of it took.
  await sql`
    update watersmeet.step set started_at = coalesce(finished_at, now()) - interval '10 milliseconds' where run_id = ${id}`.execute(
    ledger.db,
  );
  expect(await readOutliers(ledger.db, id)).toEqual([]);
  await sql`update watersmeet.step set started_at = now() - interval '40 seconds' where run_id = ${id} and partition = 'p0011'`.execute(
    ledger.db,
  );
  await sql`update watersmeet.step set row_count = 500, started_at = finished_at - interval '2 minutes'
    where run_id = ${id} and partition = 'p0003'`.execute(ledger.db);
  expect(await readOutliers(ledger.db, id)).toMatchObject([
    { kind: "straggler", asset: "orders", partition: "p0011", elapsedMs: expect.any(Number) },
    { kind: "skewed", asset: "orders", partition: "p0003", rowCount: 500, medianRows: 3 },
  ]);
});
