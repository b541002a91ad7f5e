import { compareStrings } from "../values/compare.ts";
import type { Manifest } from "./manifest.ts";

export interface StaleFile {
  /** Relative to the project's root. */
  readonly path: string;
  readonly change: "changed" | "removed" | "added";
}

/**
 * Files whose content differs from what the manifest was derived from, by path. `hashes` are SHA-256 of the files as they are now: of those that
 * the manifest names, and of whatever else the project's globs name today.
 */
export function findStaleFiles({ files }: Manifest, hashes: ReadonlyMap<string, string>): readonly StaleFile[] {
  const known = Object.entries(files).flatMap(([path, hash]): StaleFile[] => {
    const current = hashes.get(path);
    if (current === hash) return [];
    return [{ path, change: current === undefined ? "removed" : "changed" }];
  });
  const added = [...hashes.keys()].filter((path) => !Object.hasOwn(files, path));
  return [...known, ...added.map((path): StaleFile => ({ path, change: "added" }))].sort((a, b) =>
    compareStrings(a.path, b.path),
  );
}
