/** What a merge does with rows that come after their time. Times are in milliseconds. */
export interface LatePolicy {
  /** How long after its time has passed a row still counts as in time enough to amend what is published. */
  readonly graceMs: number;
  /** Later ones wait in the holding area (`hold`), make a new version of the partitions they touch (`amend`), or are recorded and left out (`reject`). */
  readonly beyond: "hold" | "amend" | "reject";
  /** How far rows of one source may come out of order: a source's watermark stays that far behind its greatest time. @default 0 */
  readonly disorderMs?: number;
  /** A row whose time is further ahead of the cut than this is set aside, and moves no watermark. @default 1 day */
  readonly maxFutureMs?: number;
  /** Rows of a time before this instant are of a closed period: they are held until an order that overrides the closing. ISO-8601 UTC. */
  readonly closedBefore?: string;
  /** Rows older than this behind the watermark are always held: tombstones of that age may be gone. @default the retention of the merge */
  readonly horizonMs?: number;
  /** No more versions because of late rows than `count` in `perMs`; what comes beyond waits. */
  readonly amendments?: { readonly count: number; readonly perMs: number };
}

/** When a contribution came, judged against the cut before. */
export type LateClass = "onTime" | "inGrace" | "beyondGrace" | "beyondHorizon" | "closed";
