import { sql } from "kysely";
import { expect, test } from "vitest";
import { expectSound } from "../../doctor/expect-sound.ts";
import { createTestLedger } from "../../ledger/test-ledger.ts";
import { runStorm } from "./run-storm.ts";

test("a storm: with workers killed and every connection cut again and again, each step ends once with one effect, and nothing is held", async () => {
  await using ledger = await createTestLedger();
  const result = await runStorm({
    url: ledger.url,
    sketches: [
      { key: "a", partitions: 200 },
      { key: "b", partitions: 200, inputs: ["a"], resource: "api" },
      { key: "c", inputs: [{ from: "b", mapping: { kind: "all" } }] },
      { key: "d", partitions: 200, inputs: ["b", "c"] },
    ],
    workers: 2,
    kills: { everySteps: 100 },
    trouble: {
      pace: { everySteps: 200 },
      make: async () => {
        await sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`.execute(ledger.db);
      },
    },
    random: () => 0,
  });
  expect(result.kills).toBeGreaterThan(2);
  expect(result.troubles).toBeGreaterThan(1);
  expect(result.states).toEqual({ succeeded: 601 });
  expect(result.harm).toEqual({ wrongEffects: 0, withoutEffect: 0, withoutVersion: 0, open: 0, leases: 0 });
  await expectSound(ledger.db);
});
