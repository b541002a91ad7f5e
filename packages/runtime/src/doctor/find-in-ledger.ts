import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../ledger/database.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { ShapeOf } from "../queue/shape/shape-cache.ts";
import { boundChecks } from "./ledger/bound-checks.ts";
import { counterChecks } from "./ledger/counter-checks.ts";
import { listHeldChecks, type HeldBounds } from "./ledger/held-checks.ts";
import { runLedgerCheck } from "./ledger/ledger-check.ts";
import { recordChecks } from "./ledger/record-checks.ts";
import { tellingChecks } from "./ledger/telling-checks.ts";
import { findMisplacedSteps } from "./runs/find-misplaced-steps.ts";
import { findWrongInputs } from "./runs/find-wrong-inputs.ts";
import { listPictured, readPicture } from "./runs/run-picture.ts";
import type { Violation } from "./violations.ts";

export interface LedgerLook {
  readonly shapeOf: ShapeOf;
  readonly held: HeldBounds;
  /** Runs whose steps are looked at one by one: those that are open, then the newest. @default 200 */
  readonly maxRuns?: number;
}

/** Everything that does not hold of a ledger, seen at one moment: one transaction that writes nothing. */
export async function findInLedger(db: LedgerDb, look: LedgerLook): Promise<readonly Violation[]> {
  return db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute((tx) => lookAtLedger(tx, look));
}

/** The same within a transaction, which sees what it has itself changed. */
export async function lookAtLedger(
  tx: Transaction<LedgerDatabase>,
  { held, shapeOf, maxRuns = 200 }: LedgerLook,
): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  const checks = [...listHeldChecks(held), ...counterChecks, ...recordChecks, ...boundChecks, ...tellingChecks];
  for (const check of checks) found.push(...(await runLedgerCheck(tx, check)));
  for (const id of await listPictured(tx, maxRuns)) {
    const picture = await readPicture(tx, id, shapeOf);
    found.push(...findMisplacedSteps(picture), ...(await findWrongInputs(tx, picture)));
  }
  return found;
}
