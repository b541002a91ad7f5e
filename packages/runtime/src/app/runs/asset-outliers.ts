import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { Outlier } from "../../queue/outliers/find-outliers.ts";
import { readOutliers } from "../../queue/outliers/read-outliers.ts";
import { listSplits, type SplitRecord } from "../../queue/split/read-splits.ts";

/** Which steps of an asset were unlike the others in its last run, and which were made in slices. */
export interface AssetOutliers {
  /** `null`: no run has had steps of it. */
  readonly runId: RunId | null;
  readonly outliers: readonly Outlier[];
  readonly splits: readonly SplitRecord[];
}

export async function findAssetOutliers(
  db: LedgerDb,
  { asset, environment }: { readonly asset: AssetKey; readonly environment: string },
): Promise<AssetOutliers> {
  const { rows } = await sql<{ id: RunId }>`
    select run.id from watersmeet.run
    where run.environment = ${environment}
      and exists (select from watersmeet.run_asset where run_asset.run_id = run.id and run_asset.asset = ${asset})
    order by run.id desc limit 1`.execute(db);
  const [run] = rows;
  if (run === undefined) return { runId: null, outliers: [], splits: [] };
  const [outliers, splits] = await Promise.all([readOutliers(db, run.id, asset), listSplits(db, run.id, asset)]);
  return { runId: run.id, outliers, splits };
}
