import type { LateClass, LateTreatment, MergeSpec } from "@watersmeet/core/merge";
import type { MergeStageHost } from "../../merge-seam.ts";
import type { Delivery, MergeScope } from "../../port/staged-merge.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import type { EpochForm } from "../catalog/epochs.ts";
import type { FormReader } from "../forms/read-forms.ts";
import type { MergeDialect } from "../merge-dialect.ts";

/** What the sealing of a merge's branches works with. */
export interface SealContext {
  readonly dialect: MergeDialect;
  readonly host: MergeStageHost;
  readonly spec: MergeSpec;
  /** Form that the rows are written in. */
  readonly form: EpochForm;
  /** What is late of a branch. */
  judge(branch: string): LateJudgement;
  /** Which rows belong to the partition; `null`: all. */
  readonly scope: MergeScope | null;
  /** Of sealed contributions, in the form that the rows are written in. */
  readonly reader: FormReader;
}

/** By time, what cannot be, what is late and what becomes of it. Microseconds. */
export interface LateJudgement {
  /** A time after it is a fault; `null`: any can be. */
  readonly latestTime: bigint | null;
  /** A row is of the first class whose time it is before; of none of them: on time. */
  readonly bounds: readonly LateBound[];
}

export interface LateBound {
  readonly class: Exclude<LateClass, "onTime">;
  readonly before: bigint;
  readonly treatment: LateTreatment;
}

/** A delivery whose rows are to be read. */
export interface NewDelivery {
  readonly delivery: Delivery;
  readonly digest: string;
  readonly generation: number;
  /** Batches of the generation whose place it takes. */
  readonly replaces: readonly CatalogBatch[];
  /** Of a snapshot: batches of its source before it, oldest first. */
  readonly chain: readonly CatalogBatch[];
  readonly isSuspect: boolean;
}
