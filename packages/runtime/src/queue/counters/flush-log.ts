import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { EndedSteps } from "./step-rows.ts";

/** What ended with one revision of a run. Written with the run's counters: see `countRun`. */
export interface Flush extends EndedSteps {
  readonly revision: number;
  /** Steps that got their rows. */
  readonly made: readonly number[];
}

/** So many revisions are kept of a run: who is further behind counts again from the steps. */
const keptRevisions = 256;

/** Now and then those are dropped that are of no use any more. */
export async function dropOldFlushes(tx: Transaction<LedgerDatabase>, runId: RunId, revision: number): Promise<void> {
  if (revision % (keptRevisions / 4) !== 0) return;
  await sql`delete from watersmeet.run_flush where run_id = ${runId} and revision <= ${revision - keptRevisions}`.execute(
    tx,
  );
}

/** What came after a revision, up to another; `null` when some of it is not on record. */
export async function readFlushes(
  db: LedgerDb,
  runId: RunId,
  span: { readonly after: number; readonly upTo: number },
): Promise<readonly Flush[] | null> {
  const { rows } = await sql<Flush>`
    select revision, good, bad, made from watersmeet.run_flush
    where run_id = ${runId} and revision > ${span.after} and revision <= ${span.upTo} order by revision`.execute(db);
  return rows.length === span.upTo - span.after ? rows : null;
}

/** A cancel or a retry moves steps in ways that nobody counts along: whoever has counters of the run counts again. The run's row is locked. */
export async function skipRevision(tx: Transaction<LedgerDatabase>, runId: RunId): Promise<void> {
  await sql`update watersmeet.run set revision = revision + 1 where id = ${runId}`.execute(tx);
}
