import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { RunRecord } from "../../../ledger/records.ts";
import type { BatchRecord } from "../../../stores/port/merge-records.ts";

/** A decision about batches in the holding area. */
export interface HeldRequest {
  readonly asset: AssetKey;
  readonly batchIds: readonly string[] | "all";
  readonly by: string;
  readonly reason: string;
  /** The same key gives the same run; used for another order, it is refused with IDEMPOTENCY_CONFLICT. */
  readonly idempotencyKey?: string;
}

/** Which batches are to be taken back. */
export interface RevokeRequest {
  readonly asset: AssetKey;
  readonly what:
    | { readonly kind: "batches"; readonly batchIds: readonly string[] }
    /** Batches of a branch, sealed from deliveries whose cursor or event times lie in the range; bounds are inclusive. */
    | { readonly kind: "source"; readonly branch: string; readonly from: string | null; readonly to: string | null }
    /** Batches whose delivery a run made. */
    | { readonly kind: "run"; readonly runId: string };
  readonly by: string;
  readonly reason: string;
  /** Tell what would be done, and do nothing. */
  readonly dryRun?: boolean;
  /** The same key gives the same run; used for another order, it is refused with IDEMPOTENCY_CONFLICT. */
  readonly idempotencyKey?: string;
}

/** What was decided, and what follows from it. */
export interface OrderResult {
  readonly batches: readonly BatchRecord[];
  readonly partitions: readonly PartitionKey[];
  /** Assets that are stale once the new version is there. */
  readonly descendants: readonly AssetKey[];
  /** The run that carries it out; `null`: nothing has to run. */
  readonly run: RunRecord | null;
  /** Of a rollback: batches that count in the version and were taken back since. They come back only as new deliveries (M37). @default none */
  readonly stayOut?: readonly BatchRecord[];
}
