import {
  createPartitionSpace,
  listOrdinals,
  type AssetKey,
  type OrdinalRange,
  type PartitionKey,
  type PartitionsSpec,
} from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";

interface AssetPlaces {
  readonly environment: string;
  readonly assets: readonly AssetKey[];
}

/** Partitions that open runs make, by asset. Of a run that is too large to have rows for all of its steps, also those that have none yet. */
export async function listInProgress(
  db: LedgerDb,
  places: AssetPlaces,
): Promise<ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>> {
  const partitions = new Map<AssetKey, Set<PartitionKey>>();
  const add = (asset: AssetKey, keys: Iterable<PartitionKey>): void => {
    const known = partitions.get(asset) ?? new Set();
    for (const key of keys) known.add(key);
    partitions.set(asset, known);
  };
  for (const { runId, asset, openCount, open } of await listOpenAssets(db, places)) {
    add(asset, open);
    if (open.length < openCount) add(asset, await listWithoutEnding(db, runId, asset));
  }
  return partitions;
}

interface OpenAsset {
  readonly runId: RunId;
  readonly asset: AssetKey;
  /** Steps that have not ended, with rows or without. */
  readonly openCount: number;
  /** Of those with rows. */
  readonly open: readonly PartitionKey[];
}

async function listOpenAssets(db: LedgerDb, { environment, assets }: AssetPlaces): Promise<readonly OpenAsset[]> {
  const { rows } = await sql<OpenAsset>`
    select run.id as "runId", run_asset.asset, run_asset.open_count as "openCount",
      array(select step.partition from watersmeet.step
        where step.run_id = run.id and step.asset = run_asset.asset and step.state < 'succeeded') as open
    from watersmeet.run
    join watersmeet.run_asset on run_asset.run_id = run.id and run_asset.asset = any(${[...assets]}::text[]) and run_asset.open_count > 0
    where run.state < 'succeeded' and run.environment = ${environment}`.execute(db);
  return rows;
}

/** What the plan of a run makes of an asset, less what has ended. */
async function listWithoutEnding(db: LedgerDb, runId: RunId, asset: AssetKey): Promise<readonly PartitionKey[]> {
  const { rows } = await sql<{
    spec: PartitionsSpec | null;
    plannedAt: string;
    groups: readonly { readonly partitions: readonly OrdinalRange[] }[];
    ended: readonly PartitionKey[];
  }>`
    select planned -> 'partitions' as spec, run.plan ->> 'plannedAt' as "plannedAt", planned -> 'run' as groups,
      array(select step.partition from watersmeet.step
        where step.run_id = run.id and step.asset = ${asset} and step.state >= 'succeeded') as ended
    from watersmeet.run cross join lateral json_array_elements(run.plan -> 'assets') as planned
    where run.id = ${runId}::bigint and planned ->> 'asset' = ${asset}`.execute(db);
  return rows.flatMap(({ spec, plannedAt, groups, ended }) => {
    const space = createPartitionSpace(spec, new Date(plannedAt));
    const gone = new Set(ended);
    const keys = groups.flatMap(({ partitions }) =>
      [...listOrdinals(partitions)].map((ordinal) => space.keyAt(ordinal)),
    );
    return keys.filter((key) => !gone.has(key));
  });
}
