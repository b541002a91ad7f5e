import { hash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { analyzerVersion } from "../analyzer-version.ts";
import type { FileFacts } from "./file-facts.ts";

/** Facts by the SHA-256 of the text they were taken from. */
export type FactsByHash = ReadonlyMap<string, FileFacts>;

const fileName = "facts.json";

/**
 * Reads what {@link writeFactsCache} wrote. A cache is only ever a shortcut: one that is absent, torn, or of another analyzer is empty.
 */
export async function readFactsCache(directory: string): Promise<FactsByHash> {
  const bytes = await readFile(join(directory, fileName)).catch(() => null);
  if (bytes === null) return new Map();
  const end = bytes.indexOf("\n");
  const body = bytes.subarray(end + 1);
  if (end === -1 || bytes.toString("utf8", 0, end) !== headerOf(body)) return new Map();
  // The header vouches for the body: this analyzer wrote these very bytes.
  return new Map(JSON.parse(body.toString("utf8")) as readonly (readonly [string, FileFacts])[]);
}

/** Replaces the cache in one move, so that a reader sees the old one or the new one, whole. */
export async function writeFactsCache(directory: string, facts: FactsByHash): Promise<void> {
  await mkdir(directory, { recursive: true });
  const scratch = await mkdtemp(join(directory, "facts-"));
  try {
    const body = JSON.stringify([...facts]);
    await writeFile(join(scratch, fileName), `${headerOf(body)}\n${body}`);
    await rename(join(scratch, fileName), join(directory, fileName));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function headerOf(body: string | Buffer): string {
  return `${analyzerVersion} ${hash("sha256", body)}`;
}
