import type { AssetKey } from "../../values/asset-key.ts";
import { compareStrings } from "../../values/compare.ts";
import { normalizeRanges, intersectRanges, subtractRanges, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { Condition, PartitionFact } from "../condition/condition.ts";
import { createCronClock } from "../condition/cron-clock.ts";
import { nameCondition } from "../condition/describe-condition.ts";
import type { AssetFacts } from "./asset-facts.ts";

/** What a condition remembers from one evaluation to the next: sets of partitions, by the place of the node that remembers them. */
export type ConditionMemory = Readonly<Record<string, readonly OrdinalRange[]>>;

/** What an evaluation looks at. */
export interface EvaluationWorld {
  readonly factsOf: (asset: AssetKey) => AssetFacts;
  /** What this evaluation has requested so far; upstream comes first. */
  readonly requestedOf: (asset: AssetKey) => readonly OrdinalRange[];
  /** What the evaluation before requested. */
  readonly handledOf: (asset: AssetKey) => readonly OrdinalRange[];
  /** When the evaluation before was; `null`: there was none. */
  readonly before: Date | null;
  readonly now: Date;
}

/** One node of a condition with the partitions for which it holds: the explanation, and the result. */
export interface ConditionTrace {
  /** The condition's kind, or `input`: one of the inputs that `anyInput` and `allInputs` look at. */
  readonly kind: Condition["kind"] | "input";
  /** As a sentence about a partition. */
  readonly says: string;
  /** Whose partitions `holds` are. */
  readonly asset: AssetKey;
  /** Of an `input`: its position among the inputs of `asset`. What its parts say is about the partitions that are read. */
  readonly input: number | null;
  readonly holds: readonly OrdinalRange[];
  /** What more there is to say: which tick, which input changed. */
  readonly detail: string | null;
  readonly parts: readonly ConditionTrace[];
}

/** What a condition comes to. `memory` is what the next evaluation is to be given. */
export interface ConditionResult {
  readonly trace: ConditionTrace;
  readonly memory: ConditionMemory;
}

/** Evaluates a condition for every partition of an asset at once, as set algebra over ranges of ordinals. */
export function evaluateCondition(
  world: EvaluationWorld,
  {
    asset,
    condition,
    memory,
  }: { readonly asset: AssetKey; readonly condition: Condition; readonly memory: ConditionMemory },
): ConditionResult {
  const remembered: Record<string, readonly OrdinalRange[]> = {};
  const remember = (place: string, ranges: readonly OrdinalRange[]): void => {
    if (ranges.length > 0) remembered[place] = ranges;
  };
  const trace = visit({ world, facts: world.factsOf(asset), memory, remember, own: asset }, condition, "0");
  return {
    trace,
    memory: Object.fromEntries(Object.entries(remembered).sort(([a], [b]) => compareStrings(a, b))),
  };
}

interface Visit {
  readonly world: EvaluationWorld;
  /** Of the asset that the node is about. */
  readonly facts: AssetFacts;
  readonly memory: ConditionMemory;
  readonly remember: (place: string, ranges: readonly OrdinalRange[]) => void;
  /** The asset whose condition it is. */
  readonly own: AssetKey;
}

type Ranges = readonly OrdinalRange[];

function visit(at: Visit, condition: Condition, place: string): ConditionTrace {
  switch (condition.kind) {
    case "cronTick":
      return visitTick(at, condition);
    case "and":
    case "or":
      return visitJoin(at, condition, place);
    case "not": {
      const part = visit(at, condition.condition, `${place}.0`);
      return describe(at, condition, { holds: subtractRanges(everything(at), part.holds), parts: [part] });
    }
    case "newlyTrue": {
      const part = visit(at, condition.condition, `${place}.0`);
      at.remember(place, part.holds);
      return describe(at, condition, { holds: subtractRanges(part.holds, at.memory[place] ?? []), parts: [part] });
    }
    case "since":
      return visitSince(at, condition, place);
    case "anyInput":
    case "allInputs":
      return visitInputs(at, condition, place);
    case "named": {
      const part = visit(at, condition.condition, `${place}.0`);
      return describe(at, condition, { holds: part.holds, parts: [part] });
    }
    default:
      return describe(at, condition, factFinders[condition.kind](at));
  }
}

interface Finding {
  readonly holds: Ranges;
  readonly detail?: string;
  readonly parts?: readonly ConditionTrace[];
}

function describe({ facts }: Visit, condition: Condition, { holds, detail, parts }: Finding): ConditionTrace {
  const { kind } = condition;
  return {
    kind,
    says: nameCondition(condition),
    asset: facts.asset,
    input: null,
    holds,
    detail: detail ?? null,
    parts: parts ?? [],
  };
}

function everything({ facts }: Pick<Visit, "facts">): Ranges {
  return normalizeRanges([[0, facts.space.size]]);
}

const factFinders: Readonly<Record<PartitionFact, (at: Visit) => Finding>> = {
  missing: ({ facts }) => ({ holds: facts.missing }),
  stale: ({ facts }) => ({ holds: facts.stale }),
  inProgress: ({ facts }) => ({ holds: facts.inProgress }),
  failed: ({ facts }) => ({ holds: facts.failed }),
  inputMissing: ({ facts }) => ({ holds: facts.inputMissing }),
  newlyUpdated: ({ facts }) => ({ holds: facts.newlyUpdated }),
  codeUpdated: (at) => ({ holds: at.facts.isCodeUpdated ? everything(at) : [] }),
  external: (at) => ({ holds: at.facts.isExternal ? everything(at) : [] }),
  latest: ({ facts }) => ({ holds: facts.latest }),
  requested: ({ facts, world, own }) => ({ holds: facts.asset === own ? [] : world.requestedOf(facts.asset) }),
  handled: ({ facts, world }) => ({ holds: world.handledOf(facts.asset) }),
};

function visitTick(at: Visit, condition: Extract<Condition, { readonly kind: "cronTick" }>): ConditionTrace {
  const { before, now } = at.world;
  // What has never been evaluated begins now: ticks of the time before it was there are not its own.
  if (before === null) return describe(at, condition, { holds: [], detail: "it is evaluated for the first time" });
  let count = 0;
  let last = 0;
  for (const tick of createCronClock(condition.cron, condition.timeZone).listTicks(before.getTime(), now.getTime())) {
    count++;
    last = tick;
  }
  if (count === 0) return describe(at, condition, { holds: [], detail: `none since ${before.toISOString()}` });
  const others = count === 1 ? "" : `; ${count - 1} before it count with it`;
  return describe(at, condition, { holds: everything(at), detail: `at ${new Date(last).toISOString()}${others}` });
}

function visitJoin(
  at: Visit,
  condition: Extract<Condition, { readonly kind: "and" | "or" }>,
  place: string,
): ConditionTrace {
  // Every part is visited, whatever the others say: some remember what they saw.
  const parts = condition.conditions.map((part, index) => visit(at, part, `${place}.${index}`));
  const holds =
    condition.kind === "or"
      ? normalizeRanges(parts.flatMap((part) => part.holds))
      : parts.reduce<Ranges>((common, part) => intersectRanges(common, part.holds), everything(at));
  return describe(at, condition, { holds, parts });
}

function visitSince(
  at: Visit,
  condition: Extract<Condition, { readonly kind: "since" }>,
  place: string,
): ConditionTrace {
  const trigger = visit(at, condition.trigger, `${place}.0`);
  const reset = visit(at, condition.reset, `${place}.1`);
  const held = subtractRanges(at.memory[place] ?? [], reset.holds);
  const holds = intersectRanges(normalizeRanges([...held, ...trigger.holds]), everything(at));
  at.remember(place, holds);
  return describe(at, condition, { holds, parts: [trigger, reset] });
}

function visitInputs(
  at: Visit,
  condition: Extract<Condition, { readonly kind: "anyInput" | "allInputs" }>,
  place: string,
): ConditionTrace {
  const isAny = condition.kind === "anyInput";
  const parts = at.facts.inputs.map((input, index): ConditionTrace => {
    const facts = at.world.factsOf(input.asset);
    const upstream = visit({ ...at, facts }, condition.condition, `${place}.${index}`);
    // All of what is read holds where none of it does not.
    const looked = isAny ? upstream.holds : subtractRanges(everything({ facts }), upstream.holds);
    const readers = normalizeRanges(looked.flatMap((range) => input.mapping.toDownstream(range)));
    const holds = isAny ? readers : subtractRanges(everything(at), readers);
    return {
      kind: "input",
      says: `its input ${input.name}`,
      asset: at.facts.asset,
      input: index,
      holds,
      detail: null,
      parts: [upstream],
    };
  });
  const holds = isAny
    ? normalizeRanges(parts.flatMap((part) => part.holds))
    : parts.reduce<Ranges>((common, part) => intersectRanges(common, part.holds), everything(at));
  return describe(at, condition, { holds, parts });
}
