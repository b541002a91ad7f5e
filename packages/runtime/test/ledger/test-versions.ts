import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../src/ledger/open-ledger.ts";
import type { MaterializationId } from "../../src/ledger/records.ts";

/** A version as a worker records it, with the head of its environment moved to it. */
export interface RecordedVersion {
  readonly asset: string;
  readonly partition?: string;
  readonly version: number;
  readonly inputs?: readonly MaterializationId[];
  readonly digest?: string;
  readonly fingerprints?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly committedAt?: string;
  readonly movesHead?: boolean;
}

export async function recordVersion(db: LedgerDb, made: RecordedVersion): Promise<MaterializationId> {
  const { asset, version, environment = "prod", partition = "" } = made;
  const inputs = made.inputs ?? [];
  const { rows } = await sql<{ id: MaterializationId }>`
    insert into watersmeet.materialization (store, store_id, asset, partition, version, commit_id, code_version, schema_version, data_digest,
      row_count, size_bytes, quarantined_count, environment, attempt, requested_by, trace_id, started_at, committed_at, input_positions, input_ids,
      input_fingerprints)
    values ('default', 's1', ${asset}, ${partition}, ${version}, ${`${asset}@${partition}:${version}`}, 'c', 's', ${made.digest ?? `${asset}${version}`},
      1, 1, 0, ${environment}, 1, 'test', 't', now(), coalesce(${made.committedAt ?? null}::timestamptz, clock_timestamp()),
      ${inputs.map((_, index) => String(index))}::text[], ${[...inputs]}::bigint[], ${JSON.stringify(made.fingerprints ?? {})}::jsonb)
    returning id`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error("nothing was inserted");
  if (made.movesHead !== false) {
    await sql`
      insert into watersmeet.head (environment, asset, partition, materialization_id, moved_at)
      values (${environment}, ${asset}, ${partition}, ${row.id}, clock_timestamp())
      on conflict (environment, asset, partition) do update set materialization_id = excluded.materialization_id, moved_at = excluded.moved_at`.execute(
      db,
    );
  }
  return row.id;
}

export async function insertEnvironments(
  db: LedgerDb,
  ...names: readonly (readonly [string, string | null])[]
): Promise<void> {
  for (const [name, parent] of names) await db.insertInto("environment").values({ name, parent }).execute();
}

/** Of an asset without partitions, in `prod`. */
export function placeOf(asset: string, partition: PartitionKey, environment = "prod") {
  return { environment, asset: parseAssetKey(asset), partition };
}
