import { hash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { compareStrings, fingerprint } from "@watersmeet/core/values";
import { fingerprintPackages } from "./fingerprint-packages.ts";
import type { AssetSpec } from "./project.ts";

/** What a description depends on: the same values, the same description. */
export interface DescriptionSource {
  /** Absolute path of the project's root. */
  readonly root: string;
  /** Globs of the files that may declare assets. */
  readonly assets: readonly string[];
  /** Of the sources. */
  readonly generation: string;
  /** What user code sees when it is imported: an asset's store may come from there. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Raise it when what a child tells of an asset changes its form, should the package's version not say so. */
const format = "watersmeet-description/4";

/** Branches and terminals that take turns find theirs again. */
const keptCount = 16;

/** Differ from one shell to the next, or from one folder to the next, and say nothing to a program. */
const shellVariables: ReadonlySet<string> = new Set(["_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL"]);

/**
 * The name under which a description is kept. What it cannot know are files that the project's modules read by themselves while they are
 * imported, and the time of day: a schema that is made of those is made anew after `.watersmeet/cache` is removed.
 */
export function buildDescriptionKey({ root, assets, generation, env }: DescriptionSource): string {
  const variables = Object.entries(env)
    .filter(([name]) => !shellVariables.has(name))
    .sort(([a], [b]) => compareStrings(a, b));
  const parts = [format, process.version, process.arch, generation, fingerprintPackages(root)];
  return fingerprint([...parts, JSON.stringify(assets), JSON.stringify(variables)]);
}

/** `null` when it is not kept. A cache is only ever a shortcut: a file that is torn, or that something else wrote, is none. */
export async function readDescription(directory: string, key: string): Promise<readonly AssetSpec[] | null> {
  const bytes = await readFile(pathOf(directory, key)).catch(() => null);
  const end = bytes?.indexOf("\n") ?? -1;
  if (bytes === null || end === -1) return null;
  const body = bytes.subarray(end + 1);
  if (bytes.toString("utf8", 0, end) !== headerOf(body)) return null;
  // The header vouches for the body: this version wrote these very bytes.
  const specs: readonly AssetSpec[] = deserialize(body);
  return specs;
}

/** Keeps a description, in one move, and forgets those that were written longest ago. A folder that cannot be written to keeps nothing. */
export async function writeDescription(directory: string, key: string, specs: readonly AssetSpec[]): Promise<void> {
  try {
    await mkdir(folderOf(directory), { recursive: true });
    const scratch = await mkdtemp(join(directory, "description-"));
    try {
      // As it came from the child.
      const body = serialize(specs);
      await writeFile(join(scratch, key), Buffer.concat([Buffer.from(`${headerOf(body)}\n`), body]));
      await rename(join(scratch, key), pathOf(directory, key));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    await forgetOldest(folderOf(directory));
  } catch {
    // The next process asks a child again.
  }
}

async function forgetOldest(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= keptCount) return;
  const kept = names.map(async (name) => ({ name, writtenAt: (await stat(join(folder, name))).mtimeMs }));
  const byAge = (await Promise.all(kept)).sort((a, b) => b.writtenAt - a.writtenAt);
  for (const { name } of byAge.slice(keptCount)) await rm(join(folder, name), { force: true });
}

function folderOf(directory: string): string {
  return join(directory, "descriptions");
}

function pathOf(directory: string, key: string): string {
  return join(folderOf(directory), key);
}

function headerOf(body: Buffer): string {
  return `${format} ${hash("sha256", body)}`;
}
