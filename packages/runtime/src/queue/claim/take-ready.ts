import type { CutDecision } from "@watersmeet/core/merge";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";

/** A step that a worker has claimed: the row as it stands, without its inputs. */
export interface HeldStep {
  readonly runId: RunId;
  readonly ordinal: number;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly lane: number;
  readonly reason: number;
  /** Fences every write. */
  readonly attempt: number;
  /** Workers that died with it. */
  readonly crashes: number;
  /** Of a merge that went on without some of its branches: why. */
  readonly decision?: CutDecision | null;
  /** Revision of the hold that names it, when it was taken without a row: see `counters/holds.ts`. */
  readonly hold?: number;
  /** Somebody waits for its run: it goes before steps of backfills that the worker has in store. @default false */
  readonly goesFirst?: boolean;
}

const crashRanges = { none: sql`crashes = 0`, once: sql`crashes = 1`, again: sql`crashes > 1` } as const;

/** `= any(array(…))` keeps the plan an index scan of the ready steps; a join with a common table expression turns into a scan of the table (measured). */
export async function takeReady(
  tx: Transaction<LedgerDatabase>,
  take: {
    readonly runId: RunId;
    readonly lane: number;
    readonly limit: number;
    readonly workerId: string;
    /** Deaths of workers with the steps that are taken. */
    readonly crashes: keyof typeof crashRanges;
    /** Assets whose steps are for others. */
    readonly foreign: readonly AssetKey[];
  },
): Promise<readonly HeldStep[]> {
  const { rows } = await sql<HeldStep>`
    update watersmeet.step
    set state = 'running', attempt = attempt + 1, worker_id = ${take.workerId}, started_at = now(), not_before = null, progress = null
    where ctid = any(array(
      select ctid from watersmeet.step
      where run_id = ${take.runId} and lane = ${take.lane} and state = 'ready' and (not_before is null or not_before <= now())
        and ${crashRanges[take.crashes]}${take.foreign.length === 0 ? sql`` : sql` and asset <> all(${take.foreign}::text[])`}
      order by priority desc, ordinal limit ${take.limit} for update skip locked))
    returning run_id as "runId", ordinal, asset, partition, lane, reason, attempt, crashes, decision`.execute(tx);
  return rows;
}
