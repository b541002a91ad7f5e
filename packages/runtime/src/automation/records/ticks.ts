import type { ExplainedStep } from "@watersmeet/core/automation";
import type { AssetKey, Json } from "@watersmeet/core/values";
import { sql } from "kysely";
import { buildPage, parseCursor } from "../../ledger/cursor.ts";
import type { Page, PageRequest } from "../../ledger/ledger.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";

/** An evaluation that came to something, with the runs that it asked for. */
export interface TickRecord {
  readonly id: string;
  readonly name: AssetKey;
  readonly kind: "condition" | "schedule" | "sensor";
  readonly instant: Date;
  readonly evaluatedAt: Date;
  readonly outcome: "requested" | "skipped" | "deduplicated" | "failed";
  readonly missedCount: number;
  readonly message: string;
  readonly explanation: ExplainedStep | null;
  readonly requests: readonly {
    readonly select: string;
    readonly partitions: string | null;
    readonly dedupeKey: string | null;
    readonly runId: RunId | null;
    readonly failure: Json;
  }[];
}

const selectTicks = sql`
  select tick.id, tick.name, tick.kind, tick.instant, tick.evaluated_at as "evaluatedAt", tick.outcome, tick.missed_count as "missedCount",
    tick.message, tick.explanation, requests.list as requests
  from watersmeet.automation_tick as tick
  cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object('select', request.request -> 'select', 'partitions', request.request -> 'partitions',
      'dedupeKey', request.dedupe_key, 'runId', request.run_id::text, 'failure', request.failure) order by request.id), '[]') as list
    from (select * from watersmeet.automation_request where tick_id = tick.id order by id limit 100) as request) as requests`;

/** Newest first; of all automations when `name` is null. */
export async function listTicks(
  db: LedgerDb,
  filter: { readonly environment: string; readonly name: AssetKey | null },
  page: PageRequest,
): Promise<Page<TickRecord>> {
  const after = parseCursor(page.cursor);
  const { rows } = await sql<TickRecord>`${selectTicks}
    where tick.environment = ${filter.environment} and (${filter.name}::text is null or tick.name = ${filter.name})
      and (${after}::bigint is null or tick.id < ${after}::bigint)
    order by tick.id desc limit ${page.limit + 1}`.execute(db);
  return buildPage(rows, { limit: page.limit, keyOf: (row) => row.id, toItem: (row) => row });
}

/** The newest of each automation. */
export async function readLastTicks(db: LedgerDb, environment: string): Promise<ReadonlyMap<AssetKey, TickRecord>> {
  const { rows } = await sql<TickRecord>`${selectTicks}
    where tick.id in (
      select max(id) from watersmeet.automation_tick where environment = ${environment} group by name)`.execute(db);
  return new Map(rows.map((row) => [row.name, row]));
}
