import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../open-ledger.ts";

/**
 * Versions of an asset in a store that somebody may still read or build on: those within the retention, heads and the latest of every partition, pins and what they
 * were taken back from, and what open runs made or pinned.
 */
export async function listKeptVersions(
  db: LedgerDb,
  kept: { readonly asset: AssetKey; readonly storeId: string; readonly since: Date },
): Promise<readonly number[]> {
  const { rows } = await sql<{ version: number }>`
    with made as (
      select id, partition, version, commit_id, run_id, committed_at from watersmeet.materialization
      where asset = ${kept.asset} and store_id = ${kept.storeId})
    select version from made where committed_at >= ${kept.since}
    union select max(version) from made group by partition
    union select made.version from made join watersmeet.head on head.materialization_id = made.id
    union select made.version from made join watersmeet.head_pin as pin on pin.asset = ${kept.asset} and pin.store_id = ${kept.storeId}
      and (pin.materialization_id = made.id or (pin.moved_at is null and pin.from_version = made.version))
    union select made.version from made join watersmeet.run on run.id = made.run_id and run.state < 'succeeded'
    union select made.version from watersmeet.run
      cross join lateral json_each_text(run.plan -> 'pins' -> ${kept.asset}::text) as pinned (partition, commit_id)
      join made on made.commit_id = pinned.commit_id
      where run.state < 'succeeded'
    order by version`.execute(db);
  return rows.map((row) => row.version);
}
