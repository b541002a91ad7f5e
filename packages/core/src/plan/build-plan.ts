import type { Problem } from "../errors/problem.ts";
import { isWatersmeetError } from "../errors/watersmeet-error.ts";
import { selectAssets } from "../graph/select.ts";
import type { AssetKey } from "../values/asset-key.ts";
import { countRanges, normalizeRanges, type OrdinalRange } from "../values/ordinal-ranges.ts";
import { decidePartitions, type Decisions } from "./decide/decide-partitions.ts";
import { findPins } from "./decide/find-pins.ts";
import { resolvePartitions } from "./decide/resolve-partitions.ts";
import type { Plan, PlannedAsset, PlanRequest } from "./plan.ts";
import { listPlannedInputs } from "./planned-inputs.ts";
import { createRankedSet, type RankedSet } from "./ranked-set.ts";
import { createPlanningState, type PlanningInput, type PlanningState } from "./state/planning-state.ts";

/** All that a plan depends on. */
export interface BuildPlanOptions extends PlanningInput {
  readonly request: PlanRequest;
}

/**
 * Decides what to do, and does nothing. The plan is a function of its arguments alone, byte for byte.
 * Problems are what is wrong with the request: SELECTION_INVALID, ASSET_UNKNOWN, PARTITION_INVALID.
 */
export function buildPlan(
  options: BuildPlanOptions,
): { readonly plan: Plan } | { readonly problems: readonly Problem[] } {
  try {
    return { plan: assemblePlan(options) };
  } catch (error) {
    if (!isWatersmeetError(error)) throw error;
    return {
      problems: [
        { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) },
      ],
    };
  }
}

function assemblePlan({ request, ...input }: BuildPlanOptions): Plan {
  const state = createPlanningState(input);
  const selected = selectAssets(state.graph, request.select);
  const chosen = resolvePartitions(state, selected, request.partitions ?? "all");
  const planned = new Map<AssetKey, RankedSet>();
  const assets: PlannedAsset[] = [];
  for (const key of selected) {
    const decisions = decidePartitions({
      state,
      key,
      planned,
      request,
      ranges: chosen.ranges.get(key) ?? [],
      words: chosen.words,
    });
    const run = normalizeRanges(decisions.run.flatMap((group) => group.partitions));
    if (run.length > 0) planned.set(key, createRankedSet(run));
    if (decisions.run.length + decisions.skip.length > 0) assets.push(describeAsset(state, key, decisions));
  }
  return {
    planVersion: 1,
    environment: state.snapshot.environment,
    request: copyRequest(request),
    sequence: state.snapshot.sequence,
    plannedAt: state.now.toISOString(),
    assets,
    pins: findPins(state, planned),
    stepCount: countSteps([...planned.values()]),
  };
}

function describeAsset(state: PlanningState, key: AssetKey, { run, skip }: Decisions): PlannedAsset {
  const own = state.stateOf(key);
  return {
    asset: key,
    partitions: own.asset.partitions,
    inputs: listPlannedInputs(state.graph, own.asset),
    partitionCount: own.space.size,
    codeVersion: own.asset.codeVersion,
    schemaVersion: own.asset.schemaVersion,
    run,
    skip,
  };
}

/** The members that a plan knows, in one order, whatever else the caller's object holds. */
function copyRequest({ select, partitions, force, refresh, missingOnly }: PlanRequest): PlanRequest {
  return {
    select,
    ...(partitions === undefined ? {} : { partitions }),
    ...(force === true ? { force } : {}),
    ...(refresh === true ? { refresh } : {}),
    ...(missingOnly === true ? { missingOnly } : {}),
  };
}

function countSteps(planned: readonly { readonly ranges: readonly OrdinalRange[] }[]): number {
  return planned.reduce((sum, { ranges }) => sum + countRanges(ranges), 0);
}
