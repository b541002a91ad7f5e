import type { BatchStanding, CutDecision, LegState } from "@watersmeet/core/merge";
import type { CutRecord } from "@watersmeet/runtime";
import { renderEventTimeOrNull } from "./event-time.ts";

/** Why a merge went on. Of `complete`, nothing was missing. */
export interface DecisionDto {
  readonly kind: CutDecision["kind"];
  /** Branches without their newest work. */
  readonly missing: readonly string[];
  /** What the merge asks for: so many branches (`quorum`), or so many milliseconds (`deadline`). */
  readonly allowed: number | null;
}

export interface CutInputDto {
  readonly asset: string;
  readonly partition: string;
  readonly version: number;
  readonly commitId: string;
}

export interface CutLegDto {
  readonly branch: string;
  readonly state: LegState;
  readonly watermark: string | null;
  readonly isLastGood: boolean;
  readonly batches: Readonly<Record<BatchStanding, number>>;
  readonly epochs: readonly number[];
  readonly inputs: readonly CutInputDto[];
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
  /** How often something is expected of it, and when something last came; `null`: nothing is expected. */
  readonly cadence: { readonly everyMs: number; readonly lastAt: string } | null;
}

/** Exactly what one version of a merge joins. */
export interface CutDto {
  readonly id: string;
  readonly asset: string;
  readonly partition: string;
  readonly version: number;
  readonly baseVersion: number | null;
  readonly committedAt: string;
  readonly codeVersion: string;
  readonly policyVersion: string;
  readonly epoch: number;
  readonly joinKeys: readonly string[];
  readonly decision: DecisionDto;
  /** Least watermark of the branches that count; `infinity` when all have finished. */
  readonly watermark: string | null;
  /** Whether all of the partition's window has come; `null`: it has none, or no branch tells times. */
  readonly isComplete: boolean | null;
  readonly legs: readonly CutLegDto[];
  /** Contributions by what became of them. */
  readonly fates: Readonly<Record<string, number>>;
}

export function toCutDto({ cutId, cut, version, baseVersion, committedAt, fates }: CutRecord): CutDto {
  return {
    id: cutId,
    asset: cut.asset,
    partition: cut.partition,
    version,
    baseVersion,
    committedAt,
    codeVersion: cut.codeVersion,
    policyVersion: cut.policyVersion,
    epoch: cut.epoch,
    joinKeys: cut.joinKeys.columns,
    decision: toDecisionDto(cut.decision),
    watermark: renderEventTimeOrNull(cut.watermark),
    isComplete: cut.isComplete ?? null,
    legs: cut.legs.map(({ branch, state, watermark, isLastGood, batches, epochs, inputs, gaps, cadence = null }) => ({
      branch,
      state,
      watermark: renderEventTimeOrNull(watermark),
      isLastGood,
      batches,
      epochs,
      inputs: inputs.map(({ asset, partition, version, commitId }) => ({ asset, partition, version, commitId })),
      gaps,
      cadence,
    })),
    fates,
  };
}

export function toDecisionDto(decision: CutDecision): DecisionDto {
  return decision.kind === "complete" ? { kind: "complete", missing: [], allowed: null } : decision;
}
