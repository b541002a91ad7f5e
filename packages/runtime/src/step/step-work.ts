import type { ManifestAsset } from "@watersmeet/core/manifest";
import type { ChildPool } from "../child/child-pool.ts";
import type { ProjectCode } from "../child/protocol.ts";
import type { AssetSpec, Project } from "../project/project.ts";
import type { StageTarget, StoredAsset } from "../stores/port/staging.ts";
import type { Store } from "../stores/store.ts";
import type { EarlierCommits } from "./earlier-commits.ts";
import type { ExchangeCache } from "./files/exchange-cache.ts";
import type { WorkIdentity } from "./identify-work.ts";
import type { SplitPlanner } from "./split/split-planner.ts";
import type { ClaimedStep, StepListener, StepOutcome } from "./step.ts";

/** Where an attempt is, in this order. Told to `onPhase` when the phase has been reached and nothing of the next one has begun. */
export type StepPhase = "claimed" | "called" | "staged" | "gated" | "committed";

export interface StepExecutorDeps {
  /** The project as last loaded; asked once per attempt. */
  readonly project: () => Project;
  /** By the names that assets use; there is always `default`. */
  readonly stores: ReadonlyMap<string, Store>;
  readonly children: ChildPool;
  /** Absolute. Files of attempts live below it, in `staging/` and `exchange/`. */
  readonly stateDirectory: string;
  /** Of 1,000 keys of a merge, those that are folded a second time, in full, and compared. */
  readonly shadowPerMille: number;
  /** @default no partition is split */
  readonly splits?: SplitPlanner;
  /** For tests that stop the process between two phases. */
  readonly onPhase?: (phase: StepPhase, step: ClaimedStep) => Promise<void> | void;
}

/** What every verb of an attempt works with. */
export interface StepWork {
  readonly step: ClaimedStep;
  readonly listener: StepListener;
  /** Aborted when the step is cancelled. */
  readonly signal: AbortSignal;
  readonly project: Project;
  readonly code: ProjectCode;
  readonly asset: ManifestAsset;
  readonly spec: AssetSpec;
  readonly store: Store;
  readonly storeOf: (asset: AssetSpec) => Store;
  readonly target: StageTarget;
  readonly identity: WorkIdentity;
  readonly commitId: string;
  readonly shadowPerMille: number;
  readonly splits: SplitPlanner | null;
  readonly children: ChildPool;
  readonly exchange: ExchangeCache;
  readonly earlier: EarlierCommits;
  /** Of all attempts of this work: rows and cursor that `ctx.checkpoint(cursor)` has kept. */
  readonly savedDirectory: string;
  /** Of this attempt alone; made when first needed, removed at its end. */
  readonly stagingDirectory: string;
  /** Whether one of these folders may be there. Not when the function's rows came in its answer: nobody looks for folders then, which costs more than they do. */
  readonly folders: { mayExist: boolean };
  readonly startedAt: Date;
}

/** What a verb comes to: something for the next one, or the end of the attempt. */
export type VerbResult<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "ended"; readonly outcome: Exclude<StepOutcome, { readonly kind: "committed" | "unchanged" }> };

/** The name of a step in messages: `dailyDelays @ 2001-01-31`. */
export function nameStep({ asset, partition }: Pick<ClaimedStep, "asset" | "partition">): string {
  return partition === "" ? asset : `${asset} @ ${partition}`;
}

export function storedAsset(asset: ManifestAsset, spec: AssetSpec): StoredAsset {
  // Of one version of a merge to the next few rows change.
  return {
    key: asset.key,
    schema: spec.schema,
    isPartitioned: asset.partitions !== null,
    isStamped: spec.merge !== null,
  };
}
