import type { Definition } from "@watersmeet/core";
import type { Problem } from "@watersmeet/core/errors";
import { deriveChecks } from "@watersmeet/core/gate";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import { rowRules } from "@watersmeet/core/merge";
import { readRowSchema } from "@watersmeet/core/schema";
import { stableJson, type Json } from "@watersmeet/core/values";
import type { AssetSpec } from "../../project/project.ts";
import { describeMerge } from "./describe-merge.ts";

const defaultStore = "default";

/** What only the loaded object tells of an asset, or why it cannot be run. */
export async function describeAsset(
  asset: ManifestAsset,
  definition: Definition,
): Promise<{ readonly spec: AssetSpec } | { readonly problems: readonly Problem[] }> {
  const reading = readRowSchema(definition.schema);
  const problems = [...reading.problems, ...findDifferences(asset, definition)];
  if (reading.schema === null || problems.length > 0)
    return { problems: problems.map((problem) => locate(problem, asset)) };
  const merge = await describeMerge(asset, definition, reading.schema);
  if (merge.problems.length > 0) return { problems: merge.problems.map((problem) => locate(problem, asset)) };
  const { checks, hasRowSideChecks } = deriveChecks(definition.schema, uniqueKeyOf(definition));
  const spec: AssetSpec = {
    key: asset.key,
    schema: reading.schema,
    checks,
    hasRowSideChecks,
    policy: definition.policy,
    execution: definition.execution,
    store: definition.store ?? defaultStore,
    emits: definition.emits,
    everyMs: definition.everyMs,
    merge: merge.terms,
  };
  return { spec };
}

/** Columns that have to identify a row: a merge may keep several rows of one key. */
function uniqueKeyOf({ key, policy }: Definition): readonly string[] {
  return policy === null || rowRules[policy.rows].isKeyUnique ? key : [];
}

/** What the planner counts on must be what the object says: where it is not, a value was computed that static derivation took for another. */
function findDifferences(
  { key, partitions, automation, splittable }: ManifestAsset,
  definition: Definition,
): readonly Problem[] {
  const compared = [
    ["partitions", partitions, definition.partitions],
    ["automation", automation ?? null, definition.automation],
    ["slices", pickSplit(splittable), pickSplit(definition.splittable)],
  ] as const;
  return compared.flatMap(([option, derived, loaded]): readonly Problem[] => {
    if (stableJson(derived) === stableJson(loaded)) return [];
    return [
      {
        code: "MANIFEST_MISMATCH",
        message: `the ${option} of "${key}" are ${stableJson(loaded)} at run time, but its source says ${stableJson(derived)}`,
        hint: "Write them as literals: what the environment or a computation decides cannot be seen in the source.",
      },
    ];
  });
}

/** The object does not know the name of its only input. */
function pickSplit(split: ManifestAsset["splittable"] | Definition["splittable"]): Json {
  return split == null ? null : { by: split.by, parts: split.parts };
}

function locate(problem: Problem, asset: ManifestAsset): Problem {
  return { ...problem, message: `${asset.key}: ${problem.message}`, at: problem.at ?? asset.location };
}
