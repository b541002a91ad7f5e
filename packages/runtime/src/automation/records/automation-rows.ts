import type { AssetKey, Json } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";

/** Where an automation was left by its last recorded evaluation. */
export interface AutomationRow {
  readonly name: AssetKey;
  readonly kind: "condition" | "schedule" | "sensor";
  readonly definition: string;
  readonly evaluatedAt: Date;
  readonly revision: string;
  readonly state: Json;
  /** As `pg_snapshot`. */
  readonly seen: string | null;
  /** Of the last event before it. */
  readonly sequence: string | null;
  readonly failure: Json;
}

/** That an automation is stopped until somebody resumes it. */
export interface AutomationPause {
  readonly name: AssetKey;
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

/** By name. */
export async function readAutomationRows(
  db: LedgerDb,
  environment: string,
): Promise<ReadonlyMap<AssetKey, AutomationRow>> {
  const { rows } = await sql<AutomationRow>`
    select name, kind, definition, evaluated_at as "evaluatedAt", revision, state, seen::text as seen, sequence, failure
    from watersmeet.automation where environment = ${environment}`.execute(db);
  return new Map(rows.map((row) => [row.name, row]));
}

/** By name. */
export async function readAutomationPauses(
  db: LedgerDb,
  environment: string,
): Promise<ReadonlyMap<AssetKey, AutomationPause>> {
  const { rows } = await sql<AutomationPause>`
    select name, paused_by as by, reason, paused_at as at from watersmeet.automation_pause
    where environment = ${environment}`.execute(db);
  return new Map(rows.map((row) => [row.name, row]));
}
