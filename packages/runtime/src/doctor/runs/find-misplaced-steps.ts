import type { OrdinalRange } from "@watersmeet/core/values";
import { getPartitionOf, toStepRanges, type ShapeAsset, type ShapeInput } from "../../queue/shape/run-shape.ts";
import { violation, type Violation, type ViolationCode } from "../violations.ts";
import type { RunPicture } from "./run-picture.ts";

/**
 * I5, I6, I7: whether every step of a run is where its inputs put it. Worked out from the plan and the states alone, so that whatever the queue counts or
 * remembers cannot agree with its own mistake. Branches that a merge may go on without are left to the merge's own decision.
 */
export function findMisplacedSteps(picture: RunPicture): readonly Violation[] {
  const found: Violation[] = [];
  for (const asset of picture.shape.assets) {
    for (let ordinal = asset.firstStep; ordinal < asset.firstStep + asset.partitions.count; ordinal++) {
      const wrong = judgeStep(picture, asset, ordinal);
      if (wrong === null) continue;
      const partition = asset.space.keyAt(getPartitionOf(asset, ordinal));
      const place = { run: picture.id, ordinal, asset: asset.key, partition };
      found.push(violation(wrong.code, place, `step ${ordinal} (${asset.key}) ${wrong.what}`));
    }
  }
  return found;
}

interface Wrong {
  readonly code: ViolationCode;
  readonly what: string;
}

function judgeStep(picture: RunPicture, asset: ShapeAsset, ordinal: number): Wrong | null {
  const state = picture.states[ordinal];
  if (state === undefined || state === "cancelled" || picture.state === "cancelling") return null;
  const inputs = readInputs(picture, asset, ordinal);
  if (state === "upstreamFailed") {
    return inputs.lost
      ? null
      : { code: "STEP_LOST_WITHOUT_CAUSE", what: "was given up although nothing that it needs has failed" };
  }
  // Whether a merge that may do without a branch waits, goes on or gives up is its own decision.
  const decidesItself = asset.inputs.some((input) => input.isLeg);
  if (state !== "waiting") {
    const isEarly = inputs.missing && !(decidesItself && state === "failed");
    return isEarly ? { code: "STEP_EARLY", what: `is ${state} although what it reads has not been made` } : null;
  }
  if (inputs.lost) return { code: "STEP_FORGOTTEN", what: "waits for what has failed" };
  if (!inputs.missing && !decidesItself)
    return { code: "STEP_FORGOTTEN", what: "waits although everything that it reads is there" };
  return null;
}

interface Inputs {
  /** Something that must be there is not. */
  readonly missing: boolean;
  /** Something that must be there will not come. */
  readonly lost: boolean;
}

function readInputs(picture: RunPicture, asset: ShapeAsset, ordinal: number): Inputs {
  const own = getPartitionOf(asset, ordinal);
  let [missing, lost] = [false, false];
  for (const input of asset.inputs) {
    if (input.isLeg) continue;
    for (const range of listRead(picture, input, own)) {
      const counts = count(picture, range);
      const isOptional = input.planned.isOptional;
      missing ||= (isOptional ? counts.ended : counts.good) < counts.all;
      lost ||= !isOptional && counts.ended > counts.good;
    }
  }
  return { missing, lost };
}

/** Steps of this run that make what a partition reads of an input. */
export function listRead(picture: RunPicture, input: ShapeInput, own: number): readonly OrdinalRange[] {
  const upstream = input.from === null ? undefined : picture.shape.assets[input.from];
  return upstream === undefined ? [] : toStepRanges(upstream, input.mapping.toUpstream([own, own + 1]));
}

function count(
  { goodBefore, endedBefore }: RunPicture,
  [from, to]: OrdinalRange,
): { readonly all: number; readonly good: number; readonly ended: number } {
  const between = (sums: Int32Array): number => (sums[to] ?? 0) - (sums[from] ?? 0);
  return { all: to - from, good: between(goodBefore), ended: between(endedBefore) };
}
