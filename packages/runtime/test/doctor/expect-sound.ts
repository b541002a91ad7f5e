import { expect } from "vitest";
import { findInLedger } from "../../src/doctor/find-in-ledger.ts";
import type { ViolationCode } from "../../src/doctor/violations.ts";
import type { LedgerDb } from "../../src/ledger/open-ledger.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { beatTtlMs, livenessLockClass } from "../../src/worker/liveness-lock.ts";

/** What the tests do themselves: the test executor numbers versions without a store, and who kills workers waits for the sweep. */
const ofTests: readonly ViolationCode[] = ["VERSION_RECORDED_TWICE", "WORKER_DEAD"];

/** I1 to I12 of a ledger, as `watersmeet doctor` finds them. */
export async function expectSound(db: LedgerDb): Promise<void> {
  const found = await findInLedger(db, { shapeOf: createShapeCache(), held: { livenessLockClass, beatTtlMs } });
  expect(found.filter(({ code }) => !ofTests.includes(code))).toEqual([]);
}
