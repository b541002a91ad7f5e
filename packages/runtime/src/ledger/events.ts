import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "./database.ts";
import type { RunId } from "./records.ts";

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
