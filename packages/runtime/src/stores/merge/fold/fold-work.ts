import type { FateCounts, MergeSpec } from "@watersmeet/core/merge";
import type { MergeStageHost } from "../../merge-seam.ts";
import type { MergeFunctions } from "../../port/staged-merge.ts";
import type { Staged } from "../../store.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import type { CatalogCut } from "../catalog/cuts.ts";
import type { FormReader } from "../forms/read-forms.ts";
import type { MergeDialect } from "../merge-dialect.ts";

/** What a fold came to. */
export interface StagedFold {
  /** Of the contributions that count. */
  readonly fates: FateCounts;
  readonly delta: Staged["delta"];
  readonly shadow?: NonNullable<Staged["shadow"]>;
}

/** What is folded, and onto what. */
export interface FoldWork {
  readonly dialect: MergeDialect;
  readonly host: MergeStageHost;
  readonly spec: MergeSpec;
  readonly reader: FormReader;
  /** Batches that count. */
  readonly live: readonly CatalogBatch[];
  /** A version in the latest one's table, and what it was folded from, the nearest to what is live now; `undefined`: there is none, or all were folded by other rules. */
  readonly before: PreviousFold | undefined;
  /** Of 1,000 keys, how many may be affected for a fold of them alone. */
  readonly partialPerMille: number;
  readonly functions: MergeFunctions | undefined;
  /** Of 1,000 keys, how many are folded a second time, in full, when some were folded alone. */
  readonly shadowPerMille: number;
}

export interface PreviousFold {
  readonly cut: CatalogCut;
  readonly live: readonly CatalogBatch[];
  readonly fates: FateCounts;
  readonly rowCount: number;
}
