import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";

/** What the ledger looks like at one moment, for a look at what has changed since another one. */
export interface LedgerMoment {
  /** As `pg_snapshot`: what of it was committed. */
  readonly seen: string;
  /** Of the last event. */
  readonly sequence: string;
}

export async function readMoment(db: LedgerDb): Promise<LedgerMoment> {
  // One statement, so that both are of the same moment.
  const { rows } = await sql<LedgerMoment>`
    select pg_current_snapshot()::text as seen, coalesce(max(sequence), 0)::text as sequence from watersmeet.event`.execute(
    db,
  );
  const [moment] = rows;
  if (moment === undefined) throw new TypeError("an aggregate gave no row");
  return moment;
}

/** Assets that an event after `sequence` is about, with the last such event. A run's events are about every asset that it makes. */
export async function listChangedAssets(
  db: LedgerDb,
  sequence: string,
): Promise<readonly { readonly asset: AssetKey; readonly sequence: bigint }[]> {
  const { rows } = await sql<{ asset: AssetKey; sequence: string }>`
    with recent as materialized (
      select sequence, asset, run_id from watersmeet.event where sequence > ${sequence}::bigint)
    select asset, max(sequence)::text as sequence from (
      select asset, sequence from recent where asset is not null
      union all
      select run_asset.asset, recent.sequence from recent
      join watersmeet.run_asset on run_asset.run_id = recent.run_id where recent.asset is null) as about
    group by asset`.execute(db);
  return rows.map((row) => ({ asset: row.asset, sequence: BigInt(row.sequence) }));
}

/**
 * Partitions of which readers see a version that was not committed at a moment: exactly those, whatever the order in which transactions began and ended, which no time
 * and no number in the rows would tell. Rows older than the counter of transactions goes back are of before.
 */
export async function listMovedHeads(
  db: LedgerDb,
  {
    environment,
    assets,
    seen,
  }: { readonly environment: string; readonly assets: readonly AssetKey[]; readonly seen: string },
): Promise<ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>> {
  if (assets.length === 0) return new Map();
  const { rows } = await sql<{ asset: AssetKey; partition: PartitionKey }>`
    with clock as (select pg_snapshot_xmax(pg_current_snapshot())::text::numeric as now),
      head as (
        select asset, partition, xmin::text::bigint as short from watersmeet.head
        where environment = ${environment} and asset = any(${[...assets]}::text[])),
      aged as (
        select asset, partition, short,
          short + (trunc(now / 4294967296) - case when short > now % 4294967296 then 1 else 0 end) * 4294967296 as long
        from head, clock)
    select asset, partition from aged
    where short > 2 and long > 2 and not pg_visible_in_snapshot(long::bigint::text::xid8, ${seen}::pg_snapshot)`.execute(
    db,
  );
  return groupPlaces(rows);
}

function groupPlaces(
  rows: readonly { readonly asset: AssetKey; readonly partition: PartitionKey }[],
): ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>> {
  const places = new Map<AssetKey, Set<PartitionKey>>();
  for (const { asset, partition } of rows) places.set(asset, (places.get(asset) ?? new Set()).add(partition));
  return places;
}
