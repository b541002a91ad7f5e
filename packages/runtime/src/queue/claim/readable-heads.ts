import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { VersionRow } from "./version-memory.ts";

/** A partition of an asset. */
export interface Place {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
}

export function placeKey({ asset, partition }: Place): string {
  return `${asset}@${partition}`;
}

interface HeadRow extends VersionRow, Place {
  readonly store: string;
  readonly store_id: string;
  readonly distance: number;
}

/**
 * What readers of an environment see of each place, by `placeKey`: its own head, else that of the nearest environment above it. What lies in a store that the
 * name does not mean any more is no head.
 * Every place comes with its environment's name, as the run does in `advance-runs.ts`: so that no plan begins with all heads of an environment.
 */
export async function findReadableHeads(
  db: LedgerDb,
  environment: string,
  places: readonly Place[],
): Promise<ReadonlyMap<string, VersionRow>> {
  if (places.length === 0) return new Map();
  const { rows } = await sql<HeadRow>`
    with recursive chain as (
      select name, parent, 0 as distance from watersmeet.environment where name = ${environment}
      union all
      select environment.name, environment.parent, chain.distance + 1
      from chain join watersmeet.environment on environment.name = chain.parent)
    select head.asset, head.partition, made.id, made.version, made.commit_id, made.data_digest, made.store, made.store_id, chain.distance
    from unnest(${places.map((place) => place.asset)}::text[], ${places.map((place) => place.partition)}::text[]) as wanted (asset, partition)
    cross join chain
    join watersmeet.head on head.environment = chain.name and head.asset = wanted.asset and head.partition = wanted.partition
    join watersmeet.materialization as made on made.id = head.materialization_id
    left join watersmeet.store on store.name = made.store
    where coalesce(store.store_id, made.store_id) = made.store_id
    order by chain.distance desc`.execute(db);
  // The nearest comes last and stays.
  return new Map(rows.map((row) => [placeKey(row), row]));
}
