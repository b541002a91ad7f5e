import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents, type NewEvent } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import { claimFromRun } from "./claim-from-run.ts";
import { lockLimits } from "./limits/lock-limits.ts";
import { listClaimableRuns, shareOf } from "./list-runs.ts";
import { recordClaims } from "./record-claims.ts";
import type { HeldStep } from "./take-ready.ts";

export interface ClaimRequest {
  readonly workerId: string;
  /** Stores that the worker can open. */
  readonly stores: ReadonlySet<string>;
  readonly limit: number;
  /**
   * Whether one of the steps may be a suspect: one with which a worker has died. A worker has one of them at a time, so that a step that takes workers down
   * is found out, and its neighbours are not counted out with it.
   */
  readonly maySuspect: boolean;
}

/**
 * Takes ready steps, oldest runs first within their shares, longest remaining path first within a run.
 * Read committed. Locks in one order, so that claimers cannot wait for each other in a circle: runs with a limit of their own by id, then resources by
 * name, then steps, skipping those that another claimer has.
 */
export async function claimSteps(db: LedgerDb, request: ClaimRequest): Promise<readonly HeldStep[]> {
  if (request.limit <= 0) return [];
  return db.transaction().execute(async (tx) => {
    const { held, events } = await claimIn(tx, request);
    await insertEvents(tx, events);
    return held;
  });
}

export interface Claimed {
  readonly held: readonly HeldStep[];
  /** To be inserted as the last statement of the transaction. */
  readonly events: readonly NewEvent[];
}

/** The same within a transaction. One that holds locks of runs may claim from those runs alone: others would be locked out of order. */
export async function claimIn(
  tx: Transaction<LedgerDatabase>,
  request: ClaimRequest,
  from?: readonly RunId[],
): Promise<Claimed> {
  const runs = (await listClaimableRuns(tx)).filter((run) => from === undefined || from.includes(run.id));
  if (runs.length === 0) return { held: [], events: [] };
  const limits = await lockLimits(tx, runs);
  const { workerId, stores } = request;
  const held: HeldStep[] = [];
  const suspects = { left: request.maySuspect ? 1 : 0 };
  for (const pass of ["share", "rest"] as const) {
    for (const run of runs) {
      const free = request.limit - held.length;
      const wanted = pass === "rest" ? free : Math.min(free, shareOf(run, runs, request.limit));
      held.push(...(await claimFromRun(tx, { run, limits, workerId, stores, wanted, suspects })));
    }
    if (held.length >= request.limit || runs.length === 1) break;
  }
  return { held, events: await recordClaims(tx, { runs, held, workerId }) };
}
