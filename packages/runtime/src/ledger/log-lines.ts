import { sql } from "kysely";
import { buildPage, isId, parseCursor } from "./cursor.ts";
import type { Ledger, PageRequest } from "./ledger.ts";
import type { LedgerDb } from "./open-ledger.ts";
import type { RunId } from "./records.ts";

/** What a step wrote, over all its attempts, in the order of writing. */
export async function listLogLines(
  db: LedgerDb,
  step: { readonly runId: RunId; readonly ordinal: number },
  page: PageRequest,
): ReturnType<Ledger["listLogLines"]> {
  if (!isId(step.runId)) return { items: [], nextCursor: null };
  const { rows } = await sql<{ id: string; at: Date; level: string; message: string; attempt: number }>`
    select id, at, level, message, attempt from watersmeet.log_line
    where run_id = ${step.runId} and ordinal = ${step.ordinal} and id > coalesce(${parseCursor(page.cursor)}::bigint, 0)
    order by id limit ${page.limit + 1}`.execute(db);
  return buildPage(rows, {
    limit: page.limit,
    keyOf: (row) => row.id,
    toItem: ({ at, level, message, attempt }) => ({ at, level, message, attempt }),
  });
}
