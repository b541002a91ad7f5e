import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
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

const packageSchema = z.object({ imports: z.record(z.string(), z.unknown()).optional() });

function readPackageImports(file: string): PathMappings {
  const parsed = packageSchema.safeParse(readJson(file));
  const entries = Object.entries(parsed.data?.imports ?? {}).flatMap(([pattern, target]) => {
    const path = pickTarget(target);
    return path === null ? [] : [[pattern, [resolve(dirname(file), path)]] as const];
  });
  return entries.length === 0 ? none : { targets: new Map(entries), files: [file] };
}

/** Conditions in the order that Node tries them. */
function pickTarget(target: unknown): string | null {
  if (typeof target === "string") return target.startsWith("./") ? target : null;
  if (target === null || typeof target !== "object") return null;
  for (const [condition, inner] of Object.entries(target)) {
    if (conditions.has(condition)) return pickTarget(inner);
  }
  return null;
}

const conditions: ReadonlySet<string> = new Set(["node", "import", "module-sync", "default"]);

const tsconfigSchema = z.object({
  extends: z.union([z.string(), z.array(z.string())]).optional(),
  compilerOptions: z
    .object({ baseUrl: z.string().optional(), paths: z.record(z.string(), z.array(z.string())).optional() })
    .optional(),
});

/** The nearest `paths` in the chain of `extends` counts whole, as in tsc. */
function readTsconfigPaths(file: string, seen: ReadonlySet<string>): PathMappings {
  const parsed = tsconfigSchema.safeParse(readJson(file));
  if (!parsed.success || seen.has(file)) return none;
  const { compilerOptions, extends: parents = [] } = parsed.data;
  if (compilerOptions?.paths !== undefined) {
    const base = resolve(dirname(file), compilerOptions.baseUrl ?? ".");
    const entries = Object.entries(compilerOptions.paths);
    return {
      targets: new Map(entries.map(([pattern, to]) => [pattern, to.map((path) => resolve(base, path))])),
      files: [file],
    };
  }
  for (const parent of [parents].flat().toReversed()) {
    const found = readTsconfigPaths(locateParent(parent, file), new Set([...seen, file]));
    if (found.files.length > 0) return found;
  }
  return none;
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
