import { WatersmeetError } from "@watersmeet/core/errors";
import { notifyFollowers } from "../../ledger/events.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId, RunRecord } from "../../ledger/records.ts";
import { cancelRun, changeOnDeploy, pauseRun, resumeRun, retryRun } from "../../queue/control-run.ts";
import { ringDoorbell } from "../../queue/doorbell/doorbell.ts";
import { createShapeCache } from "../../queue/shape/shape-cache.ts";
import type { Watersmeet } from "../watersmeet.ts";

type RunControl = Pick<Watersmeet, "cancelRun" | "changeOnDeploy" | "pauseRun" | "resumeRun" | "retryRun">;

/** Changes of runs by people; each tells followers and gives the run as it is then. */
export function createRunControl(db: LedgerDb, ledger: Ledger): RunControl {
  const shapeOf = createShapeCache(4);
  const after = async (id: RunId, chunks: number): Promise<RunRecord> => {
    await ringDoorbell(db, chunks);
    await notifyFollowers(db);
    return getRun(ledger, id);
  };
  return {
    async cancelRun(id, by) {
      await getRun(ledger, id);
      await cancelRun(db, id, by);
      return after(id, 0);
    },
    async changeOnDeploy(id, onDeploy, by) {
      await getRun(ledger, id);
      await changeOnDeploy(db, { id, by, onDeploy });
      return after(id, 0);
    },
    async pauseRun(id, by) {
      await getRun(ledger, id);
      await pauseRun(db, id, by);
      return after(id, 0);
    },
    async resumeRun(id, by) {
      await getRun(ledger, id);
      await resumeRun(db, id, by);
      return after(id, 4);
    },
    async retryRun(id, by) {
      await getRun(ledger, id);
      await retryRun(db, { id, by, shapeOf });
      return after(id, 4);
    },
  };
}

/** @throws {RUN_NOT_FOUND} */
export async function getRun(ledger: Ledger, id: RunId): Promise<RunRecord> {
  const run = await ledger.findRun(id);
  if (run !== undefined) return run;
  throw new WatersmeetError("RUN_NOT_FOUND", `There is no run ${id}`, { hint: "`watersmeet runs list` shows them." });
}
