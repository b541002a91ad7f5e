import type { Problem } from "@watersmeet/core/errors";
import { compareStrings, stableJson, type AssetKey } from "@watersmeet/core/values";
import type { Project } from "@watersmeet/runtime";

/** What a save did to the graph. */
export interface ProjectDiff {
  readonly added: readonly AssetKey[];
  readonly removed: readonly AssetKey[];
  readonly changed: readonly { readonly asset: AssetKey; readonly what: readonly ChangeKind[] }[];
  /** Problems that were not there before. */
  readonly newProblems: readonly Problem[];
  readonly solvedCount: number;
}

export type ChangeKind = "code" | "schema" | "inputs" | "partitions";

export function diffProjects(before: Project, after: Project): ProjectDiff {
  const old = new Map(before.manifest.assets.map((asset) => [asset.key, asset]));
  const current = new Map(after.manifest.assets.map((asset) => [asset.key, asset]));
  const changed: { asset: AssetKey; what: readonly ChangeKind[] }[] = [];
  for (const [asset, now] of current) {
    const was = old.get(asset);
    if (was === undefined) continue;
    const what: ChangeKind[] = [];
    if (was.codeVersion !== now.codeVersion) what.push("code");
    if (was.schemaVersion !== now.schemaVersion) what.push("schema");
    if (stableJson(was.inputs) !== stableJson(now.inputs)) what.push("inputs");
    if (stableJson(was.partitions) !== stableJson(now.partitions)) what.push("partitions");
    if (what.length > 0) changed.push({ asset, what });
  }
  const oldProblems = new Set(before.problems.map(identify));
  const newProblems = after.problems.filter((problem) => !oldProblems.has(identify(problem)));
  return {
    added: [...current.keys()].filter((key) => !old.has(key)).sort(compareStrings),
    removed: [...old.keys()].filter((key) => !current.has(key)).sort(compareStrings),
    changed: changed.sort((a, b) => compareStrings(a.asset, b.asset)),
    newProblems,
    solvedCount: before.problems.length - (after.problems.length - newProblems.length),
  };
}

export function isEmptyDiff(diff: ProjectDiff): boolean {
  return (
    diff.added.length + diff.removed.length + diff.changed.length + diff.newProblems.length + diff.solvedCount === 0
  );
}

/** Without the line: a problem that moves down with the text stays the same. */
function identify(problem: Problem): string {
  return JSON.stringify([problem.code, problem.message, problem.at?.file ?? ""]);
}
