import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parseJsonc } from "./parse-jsonc.ts";

/** Names that stand for files of the project: `#imports` of package.json and `paths` of tsconfig.json. Targets are absolute, with at most one `*`. */
export interface PathMappings {
  /** By pattern, e.g. `#lib/*`. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
  /** Files that the mappings come from, absolute: the manifest depends on them. */
  readonly files: readonly string[];
}

/** Reads the mappings of the project in `root`. A file that is absent or broken gives none: tsc and Node report it better. */
export function readPathMappings(root: string): PathMappings {
  const fromPackage = readPackageImports(join(root, "package.json"));
  const fromTsconfig = readTsconfigPaths(join(root, "tsconfig.json"), new Set());
  return {
    targets: new Map([...fromTsconfig.targets, ...fromPackage.targets]),
    files: [...fromPackage.files, ...fromTsconfig.files],
  };
}

const none: PathMappings = { targets: new Map(), files: [] };

function readPackageImports(file: string): PathMappings {
  const imports = memberOf(readJson(file), "imports");
  const entries = Object.entries(isRecord(imports) ? imports : {}).flatMap(([pattern, target]) => {
    const path = pickTarget(target);
    return path === null ? [] : [[pattern, [resolve(dirname(file), path)]] as const];
  });
  return entries.length === 0 ? none : { targets: new Map(entries), files: [file] };
}

/** Conditions in the order that Node tries them. */
function pickTarget(target: unknown): string | null {
  if (typeof target === "string") return target.startsWith("./") ? target : null;
  if (!isRecord(target)) return null;
  for (const [condition, inner] of Object.entries(target)) {
    if (conditions.has(condition)) return pickTarget(inner);
  }
  return null;
}

const conditions: ReadonlySet<string> = new Set(["node", "import", "module-sync", "default"]);

/** The nearest `paths` in the chain of `extends` counts whole, as in tsc. */
function readTsconfigPaths(file: string, seen: ReadonlySet<string>): PathMappings {
  if (seen.has(file)) return none;
  const config = readJson(file);
  const options = memberOf(config, "compilerOptions");
  const paths = memberOf(options, "paths");
  if (isRecord(paths)) {
    const baseUrl = memberOf(options, "baseUrl");
    const base = resolve(dirname(file), typeof baseUrl === "string" ? baseUrl : ".");
    const targets = Object.entries(paths).map(
      ([pattern, to]) => [pattern, listTexts(to).map((path) => resolve(base, path))] as const,
    );
    return { targets: new Map(targets), files: [file] };
  }
  for (const parent of listTexts(memberOf(config, "extends")).toReversed()) {
    const found = readTsconfigPaths(locateParent(parent, file), new Set([...seen, file]));
    if (found.files.length > 0) return found;
  }
  return none;
}

/** A text or a list of texts. */
function listTexts(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === "string");
}

/** A parent from a package is not looked up: packages do not set a project's `paths`. */
function locateParent(parent: string, file: string): string {
  const path = isAbsolute(parent) ? parent : resolve(dirname(file), parent);
  return path.endsWith(".json") ? path : `${path}.json`;
}

function readJson(file: string): unknown {
  try {
    return parseJsonc(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
