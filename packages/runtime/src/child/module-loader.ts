import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { ProjectCode } from "./protocol.ts";

/** Imports the modules of a project, at one generation after another, in one process. */
export interface ModuleLoader {
  /** From now on modules come from this generation: what changed, and whatever imports it, is evaluated anew; the rest keeps its identity. */
  use(code: ProjectCode): void;
  /** `file` is relative to the root. @throws whatever the module throws, and {PROJECT_CHANGED} */
  importFile(file: string): Promise<Readonly<Record<string, unknown>>>;
  readonly root: string;
}

/**
 * A module keeps its plain URL until it, or something that it imports, changes; then its URL gets `?v=<generation's number>`.
 * Node never unloads a module, so the process should be replaced after some hundred generations.
 */
export function createModuleLoader(): ModuleLoader {
  let code: ProjectCode = { root: "", generation: "", files: {} };
  let root = "";
  let generationNumber = 0;
  const versions = new Map<string, number>();
  const digests = new Map<string, string>();
  const importers = new Map<string, Set<string>>();

  const pathOf = (url: string | undefined): string | null => {
    if (root === "" || url === undefined || !url.startsWith("file:")) return null;
    const path = fileURLToPath(url.split("?", 1)[0] ?? url);
    return path.startsWith(`${root}/`) && !path.includes("/node_modules/") ? path.slice(root.length + 1) : null;
  };

  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const path = pathOf(resolved.url);
      if (path === null) return resolved;
      const importer = pathOf(context.parentURL);
      if (importer !== null) ensureSet(importers, path).add(importer);
      const version = versions.get(path);
      return version === undefined ? resolved : { ...resolved, url: `${resolved.url.split("?", 1)[0]}?v=${version}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const path = pathOf(url);
      if (path === null) return loaded;
      const digest = digestOf(loaded.source ?? readFileSync(join(root, path)));
      refuseOther(path, digest, code);
      digests.set(path, digest);
      return loaded;
    },
  });

  return {
    get root() {
      return root;
    },
    use(next) {
      code = next;
      root = realpathSync(next.root);
      generationNumber += 1;
      const changed = [...digests].filter(([path, digest]) => currentDigest(root, path, next) !== digest);
      for (const path of withImporters(
        changed.map(([path]) => path),
        importers,
      )) {
        versions.set(path, generationNumber);
        digests.delete(path);
      }
    },
    async importFile(file) {
      const version = versions.get(file);
      const url = pathToFileURL(join(root, file)).href;
      return import(version === undefined ? url : `${url}?v=${version}`);
    },
  };
}

function currentDigest(root: string, path: string, code: ProjectCode): string | null {
  const known = code.files[path];
  if (known !== undefined) return known;
  try {
    return digestOf(readFileSync(join(root, path)));
  } catch {
    return null;
  }
}

function digestOf(source: string | ArrayBuffer | NodeJS.TypedArray | Buffer): string {
  const hash = createHash("sha256");
  return (source instanceof ArrayBuffer ? hash.update(new Uint8Array(source)) : hash.update(source)).digest("hex");
}

/** The code version of a step was derived from exactly these bytes; rows made by others would be recorded under a wrong name. */
function refuseOther(path: string, digest: string, code: ProjectCode): void {
  const expected = code.files[path];
  if (expected === undefined || expected === digest) return;
  throw new WatersmeetError("PROJECT_CHANGED", `${path} changed after the project was derived`, {
    hint: "Run it again: the project is derived anew when its files have come to rest.",
    details: { file: path },
  });
}

function withImporters(paths: readonly string[], importers: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set(paths);
  // A set visits members that are added while it is iterated.
  for (const path of reached) for (const importer of importers.get(path) ?? []) reached.add(importer);
  return reached;
}

function ensureSet(map: Map<string, Set<string>>, key: string): Set<string> {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = new Set<string>();
  map.set(key, made);
  return made;
}
