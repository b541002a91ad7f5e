/**
 * What people, or the system, decided about a merge's batches. Append-only; the effect of a set of orders does not depend on their order:
 *
 * - `revoke`: the batch never counts again; one that has not been seen yet will not count when it comes. It returns only as a new generation.
 * - `admit`: a batch in the holding area counts from now on
 * - `reject`: a batch in the holding area will not count; revoke beats admit, reject beats admit
 */
export interface MergeOrder {
  readonly kind: "revoke" | "admit" | "reject";
  readonly batchId: string;
  /** An admission may bring rows into a closed period. @default false */
  readonly overridesClosed?: boolean;
}

/** How long what a merge folds from is kept: tombstones, superseded contributions and the batch ledger alike. */
export interface Retention {
  /** Behind the watermark; `null`: for ever. */
  readonly keepMs: number | null;
}
