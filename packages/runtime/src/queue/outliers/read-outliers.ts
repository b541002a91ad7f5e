import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import { findOutliers, type AssetSpread, type Outlier } from "./find-outliers.ts";

/** Of each asset, as many are looked at. */
const shown = 3;

/** Medians of more steps than this are not worth the time to sort them. */
const mostSteps = 200_000;

/**
 * Steps of a run that are unlike the others of their asset, by the plan's order of assets. Of runs that are very large: none are looked for.
 * @param asset only this one's @default all
 */
export async function readOutliers(
  db: LedgerDb,
  runId: RunId,
  asset: AssetKey | null = null,
): Promise<readonly Outlier[]> {
  const { rows } = await sql<AssetSpread>`
    select run_asset.asset, run_asset.step_count as "stepCount", run_asset.step_count - run_asset.open_count as "endedCount",
      spread.done::integer as "doneCount", spread.median_ms as "medianMs", spread.median_rows as "medianRows",
      coalesce((select json_agg(json_build_object('partition', partition, 'elapsedMs', elapsed_ms) order by elapsed_ms desc) from (
        select partition, extract(epoch from now() - started_at)::float8 * 1000 as elapsed_ms from watersmeet.step
        where run_id = ${runId} and step.asset = run_asset.asset and state = 'running' order by started_at limit ${shown}) as slow), '[]') as running,
      coalesce((select json_agg(json_build_object('partition', partition, 'rowCount', row_count, 'tookMs', took_ms) order by row_count desc) from (
        select partition, row_count, extract(epoch from finished_at - started_at)::float8 * 1000 as took_ms from watersmeet.step
        where run_id = ${runId} and step.asset = run_asset.asset and state = 'succeeded' order by row_count desc nulls last, ordinal limit ${shown}) as large), '[]') as largest
    from watersmeet.run
    join watersmeet.run_asset on run_asset.run_id = run.id
    join (
      select asset, count(*) as done, percentile_cont(0.5) within group (order by row_count)::float8 as median_rows,
        percentile_cont(0.5) within group (order by extract(epoch from finished_at - started_at)::float8 * 1000) as median_ms
      from watersmeet.step where run_id = ${runId} and state = 'succeeded' and (${asset}::text is null or asset = ${asset}) group by asset) as spread on spread.asset = run_asset.asset
    where run.id = ${runId} and run.step_count <= ${mostSteps} and run_asset.step_count > 1
    order by run_asset.position`.execute(db);
  return findOutliers(rows);
}
