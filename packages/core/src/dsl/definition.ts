import type { MergePolicy } from "../merge/policy.ts";
import type { PartitionsSpec } from "../values/partitions-spec.ts";

/** How often and when an attempt is repeated, and when it is ended. */
export interface ExecutionOptions {
  /** Milliseconds; an attempt that takes longer is killed. */
  readonly timeoutMs: number;
  /** Attempts in all, for failures that another attempt can mend. */
  readonly maxAttempts: number;
  /** Named outside system whose limit the step counts against. `null`: only the worker's own concurrency. */
  readonly resource: string | null;
}

/** What a merge does with rows that come after their time. */
export interface LatePolicy {
  /** Milliseconds after a window's end in which rows still count as on time. */
  readonly graceMs: number;
  /** Later ones wait in the holding area (`hold`), make a new version of the partitions they touch (`amend`), or are recorded and left out (`reject`). */
  readonly beyond: "hold" | "amend" | "reject";
}

/** Runtime brand of objects made by the language: equal across copies of this package. */
export const definitionBrand: unique symbol = Symbol.for("watersmeet.definition") as never;

/** What `asset`, `source`, `query` and `merge` return, as the runtime sees it. The types that authors see are in the files beside. */
export interface Definition {
  readonly [definitionBrand]: 1;
  readonly kind: "asset" | "source" | "query" | "merge";
  /** A zod object schema. */
  readonly schema: unknown;
  readonly fn: (...inputs: never[]) => unknown;
  readonly partitions: PartitionsSpec | null;
  readonly name: string | null;
  /** `null`: the doc comment speaks. */
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly group: string | null;
  readonly execution: ExecutionOptions;
  /** Only of a merge. */
  readonly policy: MergePolicy | null;
  readonly late: LatePolicy | null;
  /** Columns that must identify a row of one partition; checked by a gate. Empty: no such promise. */
  readonly key: readonly string[];
  /** Name of the store in the project's configuration; `null`: the default store. */
  readonly store: string | null;
}
