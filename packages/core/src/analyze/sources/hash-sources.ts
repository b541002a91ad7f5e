import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../manifest/manifest.ts";
import { listAssetFiles } from "./list-asset-files.ts";
import type { SourceRequest } from "./read-sources.ts";

/**
 * SHA-256 of the files that a manifest was derived from and of those that the globs name now, as `findStaleFiles` compares them. A file that is
 * gone has none. Parses nothing.
 */
export async function hashSources({ root, assets }: SourceRequest, { files }: Manifest): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const path of new Set([...Object.keys(files), ...(await listAssetFiles(root, assets))])) {
    const content = readIfPresent(join(root, path));
    if (content !== undefined) hashes.set(path, hash("sha256", content));
  }
  return hashes;
}

function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
