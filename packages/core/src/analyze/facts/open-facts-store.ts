import { extname } from "node:path";
import { dataFileFacts } from "./data-file-facts.ts";
import { readFactsCache, writeFactsCache } from "./facts-cache.ts";
import type { FileFacts } from "./file-facts.ts";

/** Facts by content, in memory and, with a directory, on disk. */
export interface FactsStore {
  getFacts(path: string, contentHash: string, bytes: Buffer): Promise<FileFacts>;
  /** Forgets what was not asked for since the last call. */
  forgetUnused(): void;
  /** Writes what is known to disk, unless it is there already. */
  save(): Promise<void>;
}

/** Opens the store. The parser is loaded when the first text without facts comes, so never for a project that did not change. */
export async function openFactsStore(directory: string | undefined): Promise<FactsStore> {
  let known: ReadonlyMap<string, FileFacts> = directory === undefined ? new Map() : await readFactsCache(directory);
  let asked = new Map<string, FileFacts>();
  let savedKeys = keysOf(known);
  return {
    async getFacts(path, contentHash, bytes) {
      const key = `${contentHash}${extname(path)}`;
      const facts = known.get(key) ?? asked.get(key) ?? (await extractFacts(path, bytes.toString("utf8")));
      asked.set(key, facts);
      return facts;
    },
    forgetUnused() {
      known = asked;
      asked = new Map();
    },
    async save() {
      const keys = keysOf(known);
      if (directory === undefined || keys === savedKeys) return;
      await writeFactsCache(directory, known);
      savedKeys = keys;
    },
  };
}

function keysOf(facts: ReadonlyMap<string, FileFacts>): string {
  return [...facts.keys()].sort().join(" ");
}

async function extractFacts(path: string, text: string): Promise<FileFacts> {
  if (!/[.][cm]?[jt]sx?$/.test(path)) return dataFileFacts(text);
  const { extractFileFacts } = await import("./extract-file-facts.ts");
  return extractFileFacts(path, text);
}
