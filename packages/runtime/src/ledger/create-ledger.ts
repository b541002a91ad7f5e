import { listEvents } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import { listLogLines } from "./log-lines.ts";
import type { LedgerDb } from "./open-ledger.ts";
import { findRun, listRuns } from "./runs.ts";
import { listSteps, summarizeSteps } from "./steps.ts";
import { findHead, findMaterialization, listMaterializations, summarizeHeads } from "./versions/materializations.ts";
import { listWorkers } from "./workers.ts";

/** The questions of faces, bound to a database. */
export function createLedger(db: LedgerDb): Ledger {
  return {
    findRun: (id) => findRun(db, id),
    listRuns: (filter, page) => listRuns(db, filter, page),
    listSteps: (id, filter, page) => listSteps(db, { id, filter, page }),
    summarizeSteps: (id) => summarizeSteps(db, id),
    findMaterialization: (id) => findMaterialization(db, id),
    listMaterializations: (filter, page) => listMaterializations(db, filter, page),
    findHead: (environment, asset, partition) => findHead(db, { environment, asset, partition }),
    summarizeHeads: (environment) => summarizeHeads(db, environment),
    listEvents: (filter, page) => listEvents(db, filter, page),
    listLogLines: (runId, ordinal, page) => listLogLines(db, { runId, ordinal }, page),
    listWorkers: () => listWorkers(db),
  };
}
