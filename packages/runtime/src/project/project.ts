import type { Emits, ExecutionOptions, WaitPolicy } from "@watersmeet/core";
import type { Problem } from "@watersmeet/core/errors";
import type { Check } from "@watersmeet/core/gate";
import type { Graph } from "@watersmeet/core/graph";
import type { Manifest } from "@watersmeet/core/manifest";
import type { EpochField, EpochStep, LatePolicy, MergePolicy, Retention } from "@watersmeet/core/merge";
import type { RowSchema } from "@watersmeet/core/schema";
import type { AssetKey } from "@watersmeet/core/values";

/** What only the loaded object tells of an asset, as plain data. A child process reads it; the main process never imports user code. */
export interface AssetSpec {
  readonly key: AssetKey;
  readonly schema: RowSchema;
  /** Checks that SQL can make: derived from the zod schema and the asset's key. */
  readonly checks: readonly Check[];
  /** Whether the schema has refinements or transforms that only zod itself can check. */
  readonly hasRowSideChecks: boolean;
  readonly policy: MergePolicy | null;
  readonly execution: ExecutionOptions;
  readonly store: string;
  /** What a version says to the merges that read it. */
  readonly emits: Emits;
  /** How often a new version is expected, in ms. @default nothing is expected */
  readonly everyMs?: number | null;
  /** What a merge says beside its policy; `null` for other assets. */
  readonly merge: MergeTerms | null;
}

/** Terms of a merge, as data. */
export interface MergeTerms {
  readonly late: LatePolicy | null;
  readonly wait: WaitPolicy | null;
  /** Whether a partition is joined only when all of its window has come. @default false */
  readonly mustBeComplete?: boolean;
  /** By branch: rows that a snapshot may lack of the one before, of 1,000. @default 500 each */
  readonly shrinkPerMille?: Readonly<Record<string, number>>;
  readonly retention: Retention | null;
  /** The form of the schema now. */
  readonly fields: readonly EpochField[];
  /** Forms that were left behind, oldest first. */
  readonly epochs: readonly EpochStep[];
  /** Columns whose policy is a function of the author's, with its fingerprint. */
  readonly reducers: Readonly<Record<string, string>>;
}

/** A project at one moment: derived, linked, described. With problems there is nothing to run. */
export interface Project {
  readonly root: string;
  /** Changes whenever any source file changes; children load exactly this generation of the code. */
  readonly generation: string;
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly specs: ReadonlyMap<AssetKey, AssetSpec>;
  readonly problems: readonly Problem[];
}
