import { isWatersmeetError, type Problem, type SourceLocation } from "@watersmeet/core/errors";
import { matchDefinitions, type Manifest } from "@watersmeet/core/manifest";
import { compareStrings } from "@watersmeet/core/values";
import type { AssetSpec } from "../../project/project.ts";
import { importModule } from "../find-definition.ts";
import type { ModuleLoader } from "../module-loader.ts";
import type { ChildResult } from "../protocol.ts";
import { relativeStack } from "../relative-stack.ts";
import { describeAsset } from "./describe-asset.ts";
import { findTriggerProblems } from "./describe-trigger.ts";

/** Imports the files that the manifest names, and no others, finds every asset's object and tells what only the objects know. */
export async function describeProject(
  manifest: Manifest,
  modules: ModuleLoader,
  onFile: (file: string) => void,
): Promise<ChildResult> {
  const { loaded, problems } = await importFiles(manifest, modules, onFile);
  if (problems.length > 0) return { kind: "described", specs: [], problems };
  const matched = matchDefinitions(manifest, loaded);
  const specs: AssetSpec[] = [];
  problems.push(...matched.problems);
  for (const asset of manifest.assets) {
    const definition = matched.matches.get(asset.key);
    if (definition === undefined) continue;
    // Here the author's functions are called once more.
    if (Object.keys(definition.reducers).length > 0) onFile(asset.file);
    const described = await describeAsset(asset, definition);
    if ("spec" in described) specs.push(described.spec);
    else problems.push(...described.problems);
  }
  for (const trigger of manifest.triggers ?? []) {
    const definition = matched.triggers.get(trigger.name);
    if (definition !== undefined) problems.push(...findTriggerProblems(trigger, definition));
  }
  return { kind: "described", specs, problems };
}

interface Loading {
  readonly loaded: Map<string, Readonly<Record<string, unknown>>>;
  readonly problems: Problem[];
}

async function importFiles(
  manifest: Manifest,
  modules: ModuleLoader,
  onFile: (file: string) => void,
): Promise<Loading> {
  const exports = [...manifest.assets, ...(manifest.triggers ?? [])];
  const files = [...new Set(exports.map(({ file }) => file))].sort(compareStrings);
  const loading: Loading = { loaded: new Map(), problems: [] };
  for (const file of files) {
    onFile(file);
    try {
      loading.loaded.set(file, await importModule(file, modules));
    } catch (thrown) {
      loading.problems.push(loadProblem(file, thrown, modules.root));
    }
  }
  return loading;
}

function loadProblem(file: string, thrown: unknown, root: string): Problem {
  const at = findPlace(thrown, root) ?? { file, line: 1, column: 1 };
  if (!isWatersmeetError(thrown))
    return { code: "MODULE_LOAD_FAILED", message: `${file} cannot be imported: ${String(thrown)}`, at };
  const { code, message, hint } = thrown;
  return { code, message, ...(hint === undefined ? {} : { hint }), at };
}

/** Where the module's own error came from: the first place in the project that its stack names. Syntax errors name a line alone. */
function findPlace(thrown: unknown, root: string): SourceLocation | null {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const stack = cause instanceof Error ? relativeStack(cause.stack ?? "", root) : "";
  const [, file, line, column] = /(?:^|[\s(])([^\s(/][^\s(]*\.[cm]?[jt]s):(\d+)(?::(\d+))?/.exec(stack) ?? [];
  return file === undefined ? null : { file, line: Number(line), column: Number(column ?? 1) };
}
