import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../open-ledger.ts";

/** A head that was built, directly or through others, from a version that is to go. */
export interface TornHead {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
}

/**
 * Heads of some assets that were made from versions of (asset, partition) later than `to` and with another content, at any distance. Upwards from the heads, each record
 * once; a record names what it was made from.
 */
export async function findTornHeads(
  db: LedgerDb,
  place: {
    readonly environment: string;
    readonly asset: AssetKey;
    readonly partition: PartitionKey;
    readonly to: number;
    /** The assets downstream. */
    readonly among: readonly AssetKey[];
  },
): Promise<readonly TornHead[]> {
  if (place.among.length === 0) return [];
  const { rows } = await sql<TornHead>`
    with recursive gone as materialized (
      select made.id from watersmeet.materialization as made
      where made.asset = ${place.asset} and made.partition = ${place.partition} and made.version > ${place.to}
        and made.data_digest is distinct from (
          select kept.data_digest from watersmeet.materialization as kept
          where kept.asset = made.asset and kept.partition = made.partition and kept.store_id = made.store_id and kept.version = ${place.to})),
    seen as (
      select head.materialization_id as root, head.materialization_id as id
      from watersmeet.head where head.environment = ${place.environment} and head.asset = any(${[...place.among]}::text[])
      union
      select seen.root, input.id
      from seen
      join watersmeet.materialization as made on made.id = seen.id
      cross join lateral unnest(made.input_ids) as read (id)
      join watersmeet.materialization as input on input.id = read.id
      where input.asset = any(${[...place.among, place.asset]}::text[]) and made.asset <> ${place.asset})
    select made.asset, made.partition from watersmeet.materialization as made
    where made.id in (select seen.root from seen join gone on gone.id = seen.id)
    order by made.asset collate "C", made.partition collate "C"`.execute(db);
  return rows;
}
