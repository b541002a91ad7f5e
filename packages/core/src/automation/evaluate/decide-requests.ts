import type { AssetKey } from "../../values/asset-key.ts";
import {
  intersectRanges,
  listOrdinals,
  normalizeRanges,
  subtractRanges,
  type OrdinalRange,
} from "../../values/ordinal-ranges.ts";
import { anyInput, codeUpdated, newlyUpdated, or, type Condition } from "../condition/condition.ts";
import { listCronTicks } from "../condition/describe-condition.ts";
import type { AssetFacts } from "./asset-facts.ts";
import {
  evaluateCondition,
  type ConditionMemory,
  type ConditionTrace,
  type EvaluationWorld,
} from "./evaluate-condition.ts";

/** Which partitions are requested, and what the next evaluation is to know. */
export interface Decision {
  readonly requested: readonly OrdinalRange[];
  readonly trace: ConditionTrace;
  readonly memory: ConditionMemory;
}

/**
 * What a condition holds for is requested once: again only when it has not held in between, or when there is news, an input, the code or a tick. What is being made is
 * not requested, and what failed is not before there is news, so that no condition, however it is written, starts runs without end.
 */
export function decideRequests(
  world: EvaluationWorld,
  {
    asset,
    condition,
    memory,
  }: { readonly asset: AssetKey; readonly condition: Condition; readonly memory: ConditionMemory },
): Decision {
  const { space, inProgress, failed } = world.factsOf(asset);
  const wanted = evaluateCondition(world, { asset, condition, memory });
  const news = evaluateCondition(world, { asset, condition: newsOf(condition), memory: {} }).trace;
  const handled = world.handledOf(asset);
  const all: readonly OrdinalRange[] = normalizeRanges([[0, space.size]]);
  const newlyWanted = subtractRanges(wanted.trace.holds, memory[places.wanted] ?? []);
  const open = keep(all, subtractRanges(memory[places.open] ?? [], handled), newlyWanted, news.holds);
  const retried = keep(all, subtractRanges(memory[places.retried] ?? [], handled), news.holds);
  const free = subtractRanges(all, inProgress);
  const sound = subtractRanges(all, subtractRanges(failed, retried));
  const parts = [
    wanted.trace,
    guard(asset, "it has not been requested for that already, or there is news since", open),
    guard(asset, "it is not being made", free),
    guard(asset, "it has not failed, or there is news since", sound),
  ];
  const possible = parts.reduce((common, { holds }) => intersectRanges(common, holds), all);
  const requested = keepReadable(world.factsOf(asset), possible);
  return {
    requested,
    trace: { kind: "and", says: "a run of it is requested", asset, input: null, holds: requested, detail: null, parts },
    memory: {
      ...wanted.memory,
      ...present(places.wanted, wanted.trace.holds),
      ...present(places.open, open),
      ...present(places.retried, retried),
    },
  };
}

/** Beside the places of nodes, which are numbers. */
const places = { wanted: "wanted", open: "open", retried: "retried" } as const;

function newsOf(condition: Condition): Condition {
  return or(anyInput(newlyUpdated()), codeUpdated(), ...listCronTicks(condition));
}

/** A run makes a partition that reads the asset's own earlier ones only when those are there, or made by the same run. */
function keepReadable({ inputs, missing }: AssetFacts, possible: readonly OrdinalRange[]): readonly OrdinalRange[] {
  const own = inputs.filter(({ isSelf }) => isSelf);
  if (own.length === 0) return possible;
  const kept = new Set<number>();
  for (const ordinal of listOrdinals(possible)) {
    const read = own.flatMap(({ mapping }) => mapping.toUpstream([ordinal, ordinal + 1]));
    const absent = listOrdinals(intersectRanges(normalizeRanges(read), missing));
    if ([...absent].every((earlier) => kept.has(earlier))) kept.add(ordinal);
  }
  return normalizeRanges([...kept].map((ordinal): OrdinalRange => [ordinal, ordinal + 1]));
}

function keep(all: readonly OrdinalRange[], ...sets: readonly (readonly OrdinalRange[])[]): readonly OrdinalRange[] {
  return intersectRanges(normalizeRanges(sets.flat()), all);
}

function guard(asset: AssetKey, says: string, holds: readonly OrdinalRange[]): ConditionTrace {
  return { kind: "and", says, asset, input: null, holds, detail: null, parts: [] };
}

function present(place: string, ranges: readonly OrdinalRange[]): ConditionMemory {
  return ranges.length === 0 ? {} : { [place]: ranges };
}
