import type { AssetKey, Json } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents, type NewEvent } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { AutomationRow } from "./automation-rows.ts";

/** A run that is to be made. */
export interface NewRequest {
  readonly select: string;
  readonly partitions: string | null;
  readonly force: boolean;
  readonly refresh: boolean;
  /** Where open-ended partitions end, as ISO-8601 UTC; `null`: when the run is made. */
  readonly at: string | null;
  /** Of a sensor: what the run is for. A second one with the same key is not made. */
  readonly dedupeKey: string | null;
}

/** An evaluation that came to something. */
export interface NewTick {
  readonly instant: Date;
  readonly outcome: "requested" | "skipped" | "failed";
  readonly missedCount: number;
  readonly message: string;
  readonly explanation?: Json;
  readonly requests: readonly NewRequest[];
}

/** What one evaluation of one automation leaves behind. */
export interface NewEvaluation {
  readonly environment: string;
  readonly name: AssetKey;
  readonly kind: AutomationRow["kind"];
  readonly definition: string;
  /** Revision of the row that the evaluation began from; `null`: there was none. */
  readonly revision: string | null;
  readonly evaluatedAt: Date;
  readonly state: Json;
  readonly seen: string | null;
  readonly sequence: string | null;
  readonly failure: Json;
  readonly ticks: readonly NewTick[];
}

/**
 * Records evaluations, all or none: where each automation is left, its ticks, and what they request. `false`, and nothing is recorded, when another evaluator has
 * recorded one of them since these began.
 */
export async function recordEvaluations(db: LedgerDb, evaluations: readonly NewEvaluation[]): Promise<boolean> {
  if (evaluations.length === 0) return true;
  try {
    await db.transaction().execute(async (tx) => {
      const events: NewEvent[] = [];
      for (const evaluation of evaluations) {
        await moveAutomation(tx, evaluation);
        for (const tick of evaluation.ticks) events.push(...(await insertTick(tx, evaluation, tick)));
      }
      await insertEvents(tx, events);
    });
    return true;
  } catch (error) {
    if (error instanceof OvertakenError) return false;
    throw error;
  }
}

/** Another evaluator was faster; ends the transaction. */
class OvertakenError extends Error {
  override readonly name = "OvertakenError";
}

async function moveAutomation(tx: Transaction<LedgerDatabase>, evaluation: NewEvaluation): Promise<void> {
  const { environment, name, kind, definition, revision, evaluatedAt, seen, sequence } = evaluation;
  const state = JSON.stringify(evaluation.state);
  const failure = evaluation.failure === null ? null : JSON.stringify(evaluation.failure);
  const moved = await sql`
    insert into watersmeet.automation as known (environment, name, kind, definition, evaluated_at, state, seen, sequence, failure)
    values (${environment}, ${name}, ${kind}, ${definition}, ${evaluatedAt}, ${state}::jsonb, ${seen}::pg_snapshot, ${sequence}::bigint,
      ${failure}::jsonb)
    on conflict (environment, name) do update set kind = excluded.kind, definition = excluded.definition, evaluated_at = excluded.evaluated_at,
      revision = known.revision + 1, state = excluded.state, seen = excluded.seen, sequence = excluded.sequence, failure = excluded.failure
    where known.revision = ${revision}::bigint
    returning revision`.execute(tx);
  // Without a revision of its own to begin from, only the first one may insert.
  if (moved.rows.length === 0) throw new OvertakenError();
}

async function insertTick(
  tx: Transaction<LedgerDatabase>,
  { environment, name, kind, evaluatedAt }: NewEvaluation,
  tick: NewTick,
): Promise<readonly NewEvent[]> {
  const explanation = tick.explanation === undefined ? null : JSON.stringify(tick.explanation);
  const { rows } = await sql<{ id: string }>`
    insert into watersmeet.automation_tick (environment, name, kind, instant, evaluated_at, outcome, missed_count, message, explanation)
    values (${environment}, ${name}, ${kind}, ${tick.instant}, ${evaluatedAt}, ${tick.outcome}, ${tick.missedCount}, ${tick.message},
      ${explanation}::jsonb)
    on conflict (environment, name, instant) where kind = 'schedule' do nothing
    returning id`.execute(tx);
  const [row] = rows;
  // This tick was taken before, under another definition or by a clock that ran ahead.
  if (row === undefined) return [];
  const repeated: string[] = [];
  for (const request of tick.requests) {
    const earlier = await insertRequest(tx, { environment, name, tickId: row.id }, request);
    if (earlier !== null) repeated.push(earlier);
  }
  if (repeated.length > 0)
    await noteRepeated(tx, row.id, { repeated, isAll: repeated.length === tick.requests.length });
  return [
    {
      kind: `automation:${tick.outcome}`,
      body: { name, tick: row.id, message: tick.message, requests: tick.requests.length - repeated.length },
    },
  ];
}

/** `null`: it is new. Otherwise, how the one with the same key is told. */
async function insertRequest(
  tx: Transaction<LedgerDatabase>,
  place: { readonly environment: string; readonly name: AssetKey; readonly tickId: string },
  { dedupeKey, ...request }: NewRequest,
): Promise<string | null> {
  const { environment, name, tickId } = place;
  const { rows } = await sql`
    insert into watersmeet.automation_request (tick_id, environment, name, dedupe_key, request)
    values (${tickId}::bigint, ${environment}, ${name}, ${dedupeKey}, ${JSON.stringify(request)}::jsonb)
    on conflict (environment, name, dedupe_key) where dedupe_key is not null do nothing
    returning id`.execute(tx);
  if (rows.length > 0 || dedupeKey === null) return null;
  const earlier = await sql<{ run_id: string | null; at: Date }>`
    select run_id, tick.evaluated_at as at from watersmeet.automation_request as request
    join watersmeet.automation_tick as tick on tick.id = request.tick_id
    where request.environment = ${environment} and request.name = ${name} and dedupe_key = ${dedupeKey}`.execute(tx);
  const [first] = earlier.rows;
  const run = first?.run_id === null || first === undefined ? "" : `, run ${first.run_id}`;
  return `"${dedupeKey}" (requested ${first?.at.toISOString() ?? "before"}${run})`;
}

/** Says on the tick what was not requested a second time. */
async function noteRepeated(
  tx: Transaction<LedgerDatabase>,
  tickId: string,
  { repeated, isAll }: { readonly repeated: readonly string[]; readonly isAll: boolean },
): Promise<void> {
  const shown = repeated.slice(0, 5).join(", ");
  const more = repeated.length > 5 ? ` and ${repeated.length - 5} more` : "";
  const note = `deduplicated: ${shown}${more}`;
  await sql`
    update watersmeet.automation_tick set message = message || '; ' || ${note}::text,
      outcome = case when ${isAll} then 'deduplicated' else outcome end
    where id = ${tickId}::bigint`.execute(tx);
}
