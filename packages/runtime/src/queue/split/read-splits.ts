import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { SplitDecision } from "./decide-split.ts";

/** How an attempt was split, and what came of it. */
export interface SplitRecord extends SplitDecision {
  readonly runId: RunId;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly attempt: number;
  /** Rows of the input that is sliced. */
  readonly rowCount: number;
  /** Largest first, those without rows left out; `null`: they have not all ended well. */
  readonly slices: readonly { readonly rowCount: number; readonly tookMs: number }[] | null;
}

/** Of a run, as many are shown. */
const shown = 100;

const columns = sql`run_id as "runId", asset, partition, attempt, parts::integer, wanted::integer, row_count::float8 as "rowCount",
  median_rows as "medianRows", expected_ms as "expectedMs", slices`;

/**
 * Attempts of a run that were made in slices, the last of each step, in the order of the plan.
 * @param asset only this one's @default all
 */
export async function listSplits(
  db: LedgerDb,
  runId: RunId,
  asset: AssetKey | null = null,
): Promise<readonly SplitRecord[]> {
  const { rows } = await sql<SplitRecord>`
    select ${columns} from (
      select distinct on (ordinal) * from watersmeet.split where run_id = ${runId} order by ordinal, attempt desc) as last
    where parts > 1 and (${asset}::text is null or asset = ${asset}) order by ordinal limit ${shown}`.execute(db);
  return rows;
}

/** How a partition was split last; of an asset as a whole, its partition that was split last. */
export async function findLastSplit(
  db: LedgerDb,
  place: { readonly environment: string; readonly asset: AssetKey; readonly partition: PartitionKey | null },
): Promise<SplitRecord | undefined> {
  const { environment, asset, partition } = place;
  const { rows } = await sql<SplitRecord>`
    select ${columns} from watersmeet.split
    where environment = ${environment} and asset = ${asset} and (${partition}::text is null or partition = ${partition}) and parts > 1
    order by planned_at desc, attempt desc limit 1`.execute(db);
  return rows[0];
}
