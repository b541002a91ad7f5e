import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { PathMappings } from "./read-path-mappings.ts";

/** What a specifier stands for: a file of the project (absolute), a package, or nothing. `tried` are the files that were looked for. */
export type ModuleTarget =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "package"; readonly name: string }
  | { readonly kind: "missing"; readonly tried: readonly string[] };

/** Resolves as tsc does with `nodenext` or `bundler`: `.js` may mean `.ts`, and the longest pattern of a mapping wins. */
export function resolveModule(specifier: string, fromFile: string, mappings: PathMappings): ModuleTarget {
  if (/^[.]{0,2}\//.test(specifier) || specifier === "." || specifier === "..") {
    return findFirst([resolve(dirname(fromFile), specifier)]);
  }
  const mapped = applyMappings(specifier, mappings);
  if (mapped !== null) {
    const target = findFirst(mapped);
    // `paths` may hold `*`, which is no promise about a package's name.
    if (target.kind === "file" || specifier.startsWith("#")) return target;
  }
  if (specifier.startsWith("#")) return { kind: "missing", tried: [] };
  return { kind: "package", name: packageName(specifier) };
}

/** `@scope/name/sub/path` → `@scope/name`; `node:fs` stays. */
function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function applyMappings(specifier: string, { targets }: PathMappings): readonly string[] | null {
  const exact = targets.get(specifier);
  if (exact !== undefined) return exact;
  let best: { readonly length: number; readonly paths: readonly string[] } | null = null;
  for (const [pattern, paths] of targets) {
    const [before, after] = pattern.split("*", 2);
    if (before === undefined || after === undefined || specifier.length < before.length + after.length) continue;
    if (!specifier.startsWith(before) || !specifier.endsWith(after)) continue;
    if (best !== null && best.length >= before.length) continue;
    const matched = specifier.slice(before.length, specifier.length - after.length);
    best = { length: before.length, paths: paths.map((path) => path.replace("*", () => matched)) };
  }
  return best?.paths ?? null;
}

function findFirst(paths: readonly string[]): ModuleTarget {
  const tried = paths.flatMap(listCandidates);
  const found = tried.find(isFile);
  return found === undefined ? { kind: "missing", tried } : { kind: "file", path: found };
}

/** What a JavaScript name may stand for. */
const sourcesOf: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx", ".d.ts"],
  ".mjs": [".mts", ".d.mts"],
  ".cjs": [".cts", ".d.cts"],
  ".jsx": [".tsx"],
};
const guesses = [".ts", ".tsx", ".mts", ".js", ".d.ts", "/index.ts", "/index.tsx", "/index.js"];

function listCandidates(path: string): string[] {
  const extension = /[.][cm]?[jt]sx?$/.exec(path)?.[0];
  if (extension === undefined) return [path, ...guesses.map((guess) => `${path}${guess}`)];
  const stem = path.slice(0, -extension.length);
  return [path, ...(sourcesOf[extension] ?? []).map((source) => `${stem}${source}`)];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
