import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { FileFacts } from "../facts/file-facts.ts";
import type { FactsStore } from "../facts/open-facts-store.ts";
import { listAssetFiles } from "./list-asset-files.ts";
import { readPathMappings, type PathMappings } from "./read-path-mappings.ts";
import { resolveModule, type ModuleTarget } from "./resolve-module.ts";

/** One file that was read. Paths in targets are relative to the root, like the file's own. */
export interface SourceFile {
  readonly path: string;
  readonly facts: FileFacts;
  readonly targets: ReadonlyMap<string, ModuleTarget>;
  /** Whether the project's globs name it; the others are reached by imports. */
  readonly isAssetFile: boolean;
}

/** All that linking works on. */
export interface SourceSet {
  /** By path, sorted within each wave of imports. */
  readonly files: ReadonlyMap<string, SourceFile>;
  /** SHA-256 of everything that was read, by path. */
  readonly hashes: ReadonlyMap<string, string>;
}

export interface SourceRequest {
  readonly root: string;
  readonly assets: readonly string[];
}

/** Reads the files that the globs name, and from them along every import within the project, whatever it imports: values or types. */
export async function readSources({ root, assets }: SourceRequest, store: FactsStore): Promise<SourceSet> {
  const assetFiles = new Set(await listAssetFiles(root, assets));
  const reading: Reading = { root, store, mappings: readPathMappings(root), files: new Map(), hashes: new Map() };
  for (const file of reading.mappings.files) {
    const path = toRelative(root, file);
    reading.hashes.set(path, hash("sha256", readFileSync(file)));
  }
  let wave: ReadonlySet<string> = assetFiles;
  while (wave.size > 0) {
    const next = new Set<string>();
    for (const path of wave) {
      const file = await readSource(path, assetFiles.has(path), reading);
      for (const target of file.targets.values())
        if (target.kind === "file" && !reading.files.has(target.path)) next.add(target.path);
    }
    wave = new Set([...next].filter((path) => !reading.files.has(path)));
  }
  return { files: reading.files, hashes: reading.hashes };
}

interface Reading {
  readonly root: string;
  readonly store: FactsStore;
  readonly mappings: PathMappings;
  readonly files: Map<string, SourceFile>;
  readonly hashes: Map<string, string>;
}

async function readSource(path: string, isAssetFile: boolean, reading: Reading): Promise<SourceFile> {
  const { root, mappings } = reading;
  const absolute = resolve(root, path);
  const bytes = readBytes(absolute);
  const contentHash = hash("sha256", bytes);
  const facts = await reading.store.getFacts(path, contentHash, bytes);
  const targets = new Map<string, ModuleTarget>();
  for (const specifier of Object.keys(facts.specifiers)) {
    targets.set(specifier, toRelativeTarget(root, resolveModule(specifier, absolute, mappings)));
  }
  const file = { path, facts, targets, isAssetFile };
  reading.files.set(path, file);
  reading.hashes.set(path, contentHash);
  return file;
}

/** A file that went away since it was listed says nothing; the next look at the project tells the rest. */
function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function toRelativeTarget(root: string, target: ModuleTarget): ModuleTarget {
  if (target.kind === "package") return target;
  if (target.kind === "missing") return { kind: "missing", tried: target.tried.map((path) => toRelative(root, path)) };
  const path = toRelative(root, target.path);
  // A link into node_modules, by whatever path it was written.
  const inPackage = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  return inPackage?.[1] === undefined ? { kind: "file", path } : { kind: "package", name: inPackage[1] };
}

function toRelative(root: string, path: string): string {
  return relative(root, path).replaceAll("\\", "/");
}
