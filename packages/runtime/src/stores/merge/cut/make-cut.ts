import {
  buildCut,
  namePolicyVersion,
  sourceWatermark,
  type BatchStanding,
  type Cut,
  type LatePolicy,
  type LegFacts,
  type ProgressTerms,
} from "@watersmeet/core/merge";
import type { StagedMerge } from "../../port/staged-merge.ts";
import type { StageTarget } from "../../port/staging.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import type { CatalogCut } from "../catalog/cuts.ts";
import type { EpochForm } from "../catalog/epochs.ts";

/** What a cut is made of. */
export interface CutMaterial {
  readonly target: StageTarget;
  readonly merge: StagedMerge;
  readonly form: EpochForm;
  readonly base: CatalogCut | undefined;
  /** All batches of the partition. */
  readonly batches: readonly CatalogBatch[];
  readonly standings: ReadonlyMap<number, BatchStanding>;
}

/** The synchronization point of a merge as a value. */
export function makeCut(material: CutMaterial): Cut {
  const { target, merge, form, base } = material;
  return buildCut({
    asset: target.asset.key,
    partition: target.partition,
    codeVersion: merge.frame?.codeVersion ?? "",
    policyVersion: namePolicyVersion({
      policy: merge.policy,
      late: merge.late?.policy ?? null,
      formHash: form.hash,
      epochs: merge.epochs ?? [],
      reducers: merge.reducers ?? {},
    }),
    epoch: form.number,
    decision: merge.frame?.decision ?? { kind: "complete" },
    keyColumns: merge.policy.key,
    legs: merge.branches.map(({ name }) => describeLeg(material, name)),
    baseWatermark: base?.cut?.watermark ?? null,
    ...(merge.frame?.window === undefined ? {} : { window: merge.frame.window }),
  });
}

/** Without terms nothing is late and nothing is from the future. */
const anyTime: { readonly policy: LatePolicy; readonly asOf: string } = {
  policy: { graceMs: 0, beyond: "amend" },
  asOf: "9999-12-31T00:00:00Z",
};

function describeLeg({ base, batches, merge, standings }: CutMaterial, branch: string): LegFacts {
  const own = batches.filter(({ source }) => source === branch);
  const standing = own.filter(({ number }) => !["superseded", "revoked"].includes(standings.get(number) ?? ""));
  const previous = base?.cut?.legs.find((leg) => leg.branch === branch)?.watermark ?? null;
  const frame = merge.frame?.legs[branch];
  const progress = sourceWatermark(standing.map(describeProgress), previous, {
    ...(merge.late ?? anyTime),
    ...describeCadence(merge, frame?.cadence),
  });
  return {
    branch,
    inputs: frame?.inputs ?? [],
    isLastGood: frame?.isLastGood ?? false,
    ...(frame?.cadence === undefined ? {} : { cadence: frame.cadence }),
    gaps: frame === undefined || frame.gaps.length === 0 ? progress.gaps : frame.gaps,
    state: frame?.state ?? progress.state,
    watermark: progress.watermark,
    batches: own.map(({ batchId, epoch, number }) => ({
      batchId,
      epoch,
      standing: standings.get(number) ?? "superseded",
    })),
  };
}

function describeCadence({ frame }: StagedMerge, cadence: LegFacts["cadence"]): Pick<ProgressTerms, "cadence"> {
  if (cadence === undefined) return {};
  return { cadence: { ...cadence, ...(frame?.asOf === undefined ? {} : { asOf: frame.asOf }) } };
}

function describeProgress(batch: CatalogBatch) {
  return {
    sequence: batch.batchSequence,
    rowCount: batch.rowCount,
    cursor: batch.cursor,
    greatest: batch.eventTimes === null ? null : String(batch.eventTimes.greatest),
    promise: batch.promise,
  };
}
