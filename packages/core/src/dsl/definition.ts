import type { Condition } from "../automation/condition/condition.ts";
import type { LatePolicy } from "../merge/late/late-policy.ts";
import type { Retention } from "../merge/orders.ts";
import type { MergePolicy } from "../merge/policy.ts";
import type { PartitionsSpec } from "../values/partitions/partitions-spec.ts";

/** What a step takes of a named outside system while it runs. */
export interface ResourceUse {
  readonly name: string;
  /** Units of the resource's limit, and tokens of its rate. */
  readonly weight: number;
}

/** How often and when an attempt is repeated, and when it is ended. */
export interface ExecutionOptions {
  /** Milliseconds; an attempt that takes longer is killed. */
  readonly timeoutMs: number;
  /** Attempts in all, for failures that another attempt can mend. */
  readonly maxAttempts: number;
  /** Outside systems whose limits a step counts against, all of them at once; by name. Empty: only the worker's own concurrency. */
  readonly resources: readonly ResourceUse[];
  /** Bytes of it that may wait in a run for the steps that read them, before no more is made; `false`: any number; `null`: what the project says. */
  readonly stagedBytes: number | false | null;
}

/** What a version of an asset says, which matters to merges that read it. */
export type Emits =
  /** All that there is to say of the partition: the next version takes its place. */
  | "state"
  /** The changes since the version before; all versions together say what there is to say. */
  | "changes"
  /** All that there is at that moment: what was in the version before and is not in this one is withdrawn. */
  | "snapshot";

/** For how many, and for how long, a merge waits. */
export interface WaitPolicy {
  /** Branches whose newest work must be there; `null`: all. */
  readonly quorum: number | null;
  /** After that many milliseconds the merge goes on with the last good version of what is not there; `null`: it waits. */
  readonly deadlineMs: number | null;
  /** Branches without which it never goes on. */
  readonly required: readonly string[];
}

/** How partitions of an asset may be made in slices: see `SplitOption`. */
export interface SplitTerms {
  readonly by: string;
  /** `null`: the only input. */
  readonly input: string | null;
  readonly parts: number | "auto";
}

/** A form of the schema that was left behind: a zod object, and how its rows are brought to the next one. */
export interface EpochDefinition {
  readonly schema: unknown;
  readonly note: string;
  readonly isLossy: boolean;
  /** Pure. `null`: the change is compatible. */
  readonly upcast: ((row: never) => unknown) | null;
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
  readonly wait: WaitPolicy | null;
  readonly retention: Retention | null;
  /** Oldest first. */
  readonly epochs: readonly EpochDefinition[];
  /** By column with the policy `custom`: joins two values. */
  readonly reducers: Readonly<Record<string, (a: never, b: never) => unknown>>;
  readonly emits: Emits;
  /** How often a new version is expected; `null`: nothing is. */
  readonly everyMs: number | null;
  /** Of a merge: whether a partition is joined only when all of its window has come. */
  readonly mustBeComplete: boolean;
  /** Of a merge, by branch: rows that a snapshot may lack of the one before, of 1,000. */
  readonly shrinkPerMille: Readonly<Record<string, number>>;
  /** Columns that must identify a row of one partition; checked by a gate. Empty: no such promise. */
  readonly key: readonly string[];
  /** Name of the store in the project's configuration; `null`: the default store. */
  readonly store: string | null;
  /** When partitions are made by themselves; `null`: never. */
  readonly automation: Condition | null;
  /** Of an asset that is not a query, source or merge; `null`: its function sees all rows at once. */
  readonly splittable: SplitTerms | null;
}
