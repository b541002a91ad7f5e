import type { WaitPolicy } from "@watersmeet/core";
import type { MappingSpec } from "@watersmeet/core/values";
import fc from "fast-check";
import { failed, type StepBehaviour } from "./test-executor.ts";
import type { AssetSketch, InputSketch } from "./test-plans.ts";

/** What a step does when it is executed. */
export type Deed = "succeed" | "fail" | "failOnce" | "block";

/** A random graph, with what its steps do. */
export interface Scenario {
  readonly sketches: readonly AssetSketch[];
  readonly seed: number;
}

const mappingChoice = fc.constantFrom<MappingSpec>({ kind: "same" }, { kind: "all" }, { kind: "latest" });

const draft = fc.record({
  isPartitioned: fc.boolean(),
  inputs: fc.array(
    fc.record({ back: fc.integer({ min: 1, max: 3 }), mapping: mappingChoice, isOptional: fc.boolean() }),
    { maxLength: 3 },
  ),
});

type Draft = typeof draft extends fc.Arbitrary<infer D> ? D : never;

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(1_000_000),
  sketches: fc
    .array(draft, { minLength: 2, maxLength: 7 })
    .map((drafts) => drafts.map((_, index) => sketch(drafts, index))),
});

/** Some of the assets are merges that wait by terms. `prefix` names the assets. */
export function scenarioWithWaits(options: {
  readonly prefix: string;
  readonly deadlineMs: fc.Arbitrary<number | null>;
}): fc.Arbitrary<Scenario> {
  const terms = fc.record({
    isMerge: fc.boolean(),
    quorum: fc.option(fc.integer({ min: 1, max: 3 })),
    deadlineMs: options.deadlineMs,
    isFirstRequired: fc.boolean(),
  });
  return fc.record({
    seed: fc.nat(1_000_000),
    sketches: fc.array(fc.tuple(draft, terms), { minLength: 3, maxLength: 8 }).map((drafts) =>
      drafts.map(([, { isMerge, isFirstRequired, ...given }], index): AssetSketch => {
        const one = sketch(
          drafts.map(([each]) => each),
          index,
          options.prefix,
        );
        const [first] = one.inputs ?? [];
        if (!isMerge || first === undefined) return one;
        const branch = typeof first === "string" ? first : first.from;
        const wait: WaitPolicy = { ...given, required: isFirstRequired ? [branch] : [] };
        return { ...one, wait };
      }),
    ),
  });
}

function sketch(drafts: readonly Draft[], index: number, prefix = "a"): AssetSketch {
  const { inputs = [], isPartitioned = false } = drafts[index] ?? {};
  const reads = inputs.flatMap(({ back, mapping, isOptional }): InputSketch[] => {
    const from = index - back;
    const upstream = drafts[from];
    if (upstream === undefined) return [];
    const fits = upstream.isPartitioned === isPartitioned || !upstream.isPartitioned;
    const fitting: MappingSpec = mapping.kind === "same" && !fits ? { kind: "all" } : mapping;
    return [{ from: `${prefix}${from}`, mapping: fitting, isOptional }];
  });
  return { key: `${prefix}${index}`, inputs: reads, ...(isPartitioned ? { partitions: 8 } : {}) };
}

export function deedOf(seed: number, ordinal: number): Deed {
  const roll = (seed * 31 + ordinal * 7919) % 17;
  if (roll === 0) return "fail";
  if (roll === 1) return "block";
  return roll === 2 ? "failOnce" : "succeed";
}

/** What a deed comes to; `tries` counts from 1. */
export function outcomeOf(deed: Deed, tries: number): ReturnType<StepBehaviour> {
  if (deed === "failOnce" && tries === 1) return failed({ class: "transient" });
  if (deed === "fail") return failed();
  if (deed !== "block") return undefined;
  const outcome = failed({ code: "GATE_FAILED", class: "data" });
  return outcome.kind === "failed" ? { kind: "blocked", failure: outcome.failure } : outcome;
}
