import type { AssetKey, Json } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { NewRequest } from "./record-evaluation.ts";

/** A run that was asked for and has not been made. */
export interface OpenRequest {
  readonly id: string;
  readonly name: AssetKey;
  readonly request: Omit<NewRequest, "dedupeKey">;
}

/** Oldest first: also those of an evaluator that died before it made them. */
export async function listOpenRequests(db: LedgerDb, environment: string): Promise<readonly OpenRequest[]> {
  const { rows } = await sql<OpenRequest>`
    select id, name, request from watersmeet.automation_request
    where environment = ${environment} and run_id is null and failure is null order by id limit 500`.execute(db);
  return rows;
}

export async function closeRequest(
  db: LedgerDb,
  id: string,
  outcome: { readonly runId: RunId } | { readonly failure: Json },
): Promise<void> {
  const runId = "runId" in outcome ? outcome.runId : null;
  const failure = "failure" in outcome ? JSON.stringify(outcome.failure) : null;
  await sql`
    update watersmeet.automation_request set run_id = ${runId}::bigint, failure = ${failure}::jsonb
    where id = ${id}::bigint and run_id is null`.execute(db);
}
