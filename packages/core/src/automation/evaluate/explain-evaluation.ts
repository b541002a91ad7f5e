import { assessAsset } from "../../plan/decide/find-stale.ts";
import { describeRunReason } from "../../plan/render/explain-plan.ts";
import type { PlanningState } from "../../plan/state/planning-state.ts";
import { countRanges, intersectRanges, normalizeRanges, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { ConditionTrace } from "./evaluate-condition.ts";

/** One step of an evaluation, for people and faces: plain data. */
export interface ExplainedStep {
  /** `it has no version`, `its input flights`. */
  readonly says: string;
  /** Whose partitions are counted. */
  readonly asset: string;
  /** For how many of the partitions in question it holds. */
  readonly count: number;
  readonly of: number;
  readonly detail: string | null;
  readonly parts: readonly ExplainedStep[];
}

/**
 * Why an evaluation came to what it came to, step by step, for some partitions of the asset: `[[3, 4]]` for one. Under an input, what is counted are the partitions
 * that those read.
 */
export function explainEvaluation(
  planning: PlanningState,
  trace: ConditionTrace,
  partitions: readonly OrdinalRange[],
): ExplainedStep {
  const { kind, says, asset, input } = trace;
  const inner = input === null ? partitions : findRead(planning, trace, partitions);
  return {
    says,
    asset,
    count: countRanges(intersectRanges(partitions, trace.holds)),
    of: countRanges(partitions),
    detail: trace.detail ?? (kind === "stale" ? explainStale(planning, trace, partitions) : null),
    parts: trace.parts.map((part) => explainEvaluation(planning, part, inner)),
  };
}

function findRead(
  planning: PlanningState,
  { asset, input }: ConditionTrace,
  partitions: readonly OrdinalRange[],
): readonly OrdinalRange[] {
  const read = planning.stateOf(asset).reads[input ?? -1];
  return read === undefined ? [] : normalizeRanges(partitions.flatMap((range) => read.mapping.toUpstream(range)));
}

function explainStale(
  planning: PlanningState,
  { asset, holds }: ConditionTrace,
  partitions: readonly OrdinalRange[],
): string | null {
  const asked = intersectRanges(partitions, holds);
  const reasons = assessAsset(planning, asset).groups.flatMap(({ freshness, partitions: ranges }) =>
    freshness.kind === "stale" && intersectRanges(asked, ranges).length > 0
      ? [describeRunReason(freshness.reason)]
      : [],
  );
  return reasons.length === 0 ? null : [...new Set(reasons)].join("; ");
}
