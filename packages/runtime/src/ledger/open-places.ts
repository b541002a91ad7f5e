import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "./open-ledger.ts";
import type { RunId } from "./records.ts";

/** A partition that a run is about to make, makes now, or could not make. */
export interface OpenPlace {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly state: "running" | "open" | "failed";
  readonly runId: RunId;
  /** Why it failed. */
  readonly message: string | null;
}

/** Of some assets in an environment; what runs counts before what waits, and that before what failed. */
export async function listOpenPlaces(
  db: LedgerDb,
  environment: string,
  assets: readonly AssetKey[],
): Promise<readonly OpenPlace[]> {
  const { rows } = await sql<OpenPlace>`
    select distinct on (asset, partition) asset, partition, state, run_id as "runId", message from (
      select step.asset, step.partition, case step.state when 'running' then 'running' else 'open' end as state, step.run_id, null as message,
        case step.state when 'running' then 0 else 1 end as rank
      from watersmeet.run
      join watersmeet.run_asset on run_asset.run_id = run.id and run_asset.asset = any(${[...assets]}::text[])
      join watersmeet.step on step.run_id = run.id and step.asset = run_asset.asset and step.state < 'succeeded'
      where run.state < 'succeeded' and run.environment = ${environment}
      union all
      select failed.asset, failed.partition, 'failed', failed.run_id, step.failure ->> 'message', 2
      from watersmeet.failed_partition as failed
      left join watersmeet.step on step.run_id = failed.run_id and step.ordinal = failed.ordinal
      where failed.environment = ${environment} and failed.asset = any(${[...assets]}::text[])) as places
    order by asset, partition, rank, run_id desc`.execute(db);
  return rows;
}
