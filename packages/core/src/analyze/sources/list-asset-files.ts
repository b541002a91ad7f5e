import { glob } from "node:fs/promises";
import { compareStrings } from "../../values/compare.ts";

/**
 * Files that may declare assets, relative to `root` with forward slashes, sorted. Tests (`*.test.ts`, `*.spec.ts`), declarations (`*.d.ts`) and
 * `node_modules` are left out whatever the globs say.
 */
export async function listAssetFiles(root: string, globs: readonly string[]): Promise<string[]> {
  const files = new Set<string>();
  for await (const file of glob([...globs], { cwd: root, exclude: isSkippedFolder })) {
    const path = file.replaceAll("\\", "/");
    if (/[.][cm]?tsx?$/.test(path) && !/[.](?:test|spec|d)[.][cm]?tsx?$/.test(path)) files.add(path);
  }
  return [...files].sort(compareStrings);
}

function isSkippedFolder(path: string): boolean {
  return /(?:^|[/\\])(?:node_modules|[.]git|[.]watersmeet)$/.test(path);
}
