import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import { buildPage, isId, parseCursor } from "./cursor.ts";
import type { LedgerDatabase } from "./database.ts";
import type { Ledger, Page, PageRequest } from "./ledger.ts";
import type { LedgerDb } from "./open-ledger.ts";
import type { LedgerEvent, RunId } from "./records.ts";

export interface NewEvent {
  readonly kind: string;
  readonly runId?: RunId;
  readonly asset?: AssetKey;
  readonly partition?: PartitionKey;
  readonly body: Json;
}

/**
 * Appends to the audit trail. The last statement of its transaction: from here to the commit no other process can append, so that
 * nobody ever sees a sequence before a smaller one.
 */
export async function insertEvents(tx: Transaction<LedgerDatabase>, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql`
    insert into watersmeet.event (kind, run_id, asset, partition, body)
    select * from unnest(
      ${events.map((event) => event.kind)}::text[],
      ${events.map((event) => event.runId ?? null)}::bigint[],
      ${events.map((event) => event.asset ?? null)}::text[],
      ${events.map((event) => event.partition ?? null)}::text[],
      ${events.map((event) => JSON.stringify(event.body))}::jsonb[])`.execute(tx);
}

/** Channel that tells of new events; sent after commits, never inside: Postgres makes commits with a NOTIFY wait for each other. */
export const eventChannel = "watersmeet_event";

/** Tells followers that something was committed; they read it themselves. */
export async function notifyFollowers(db: LedgerDb): Promise<void> {
  await sql`select pg_notify(${eventChannel}, '')`.execute(db);
}

/** In the order of `sequence`. */
export async function listEvents(
  db: LedgerDb,
  filter: Parameters<Ledger["listEvents"]>[0],
  page: PageRequest,
): Promise<Page<LedgerEvent>> {
  if (filter.runId !== undefined && !isId(filter.runId)) return { items: [], nextCursor: null };
  const after = parseCursor(page.cursor) ?? parseSequence(filter.after);
  const { rows } = await sql<LedgerEvent>`
    select sequence, at, kind, run_id as "runId", asset, partition, body from watersmeet.event
    where sequence > ${after}::bigint
      and (${filter.runId ?? null}::bigint is null or run_id = ${filter.runId ?? null})
      and (${filter.asset ?? null}::text is null or asset = ${filter.asset ?? null})
    order by sequence limit ${page.limit + 1}`.execute(db);
  return buildPage(rows, { limit: page.limit, keyOf: (row) => row.sequence, toItem: (row) => row });
}

/** What followers start from when they want only what comes. */
export async function findLastSequence(db: LedgerDb): Promise<string> {
  const { rows } = await sql<{
    sequence: string | null;
  }>`select max(sequence) as sequence from watersmeet.event`.execute(db);
  return rows[0]?.sequence ?? "0";
}

function parseSequence(after: string | undefined): string {
  if (after === undefined) return "0";
  if (isId(after)) return after;
  throw new WatersmeetError("USAGE_INVALID", `"${after}" is not the sequence of an event`);
}
