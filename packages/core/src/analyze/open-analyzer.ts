import type { Problem } from "../errors/problem.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { compareStrings } from "../values/compare.ts";
import { analyzerVersion } from "./analyzer-version.ts";
import { openFactsStore } from "./facts/open-facts-store.ts";
import type { PackageVersion } from "./link/code-version.ts";
import { linkProject, type Linked } from "./link/link-project.ts";
import { readSources, type SourceSet } from "./sources/read-sources.ts";

export interface AnalyzeOptions {
  /** Absolute path of the project's folder. */
  readonly root: string;
  /** Globs, relative to `root`, of the files that declare assets. */
  readonly assets: readonly string[];
  /** Folder for facts between processes. Without one they live as long as the analyzer. */
  readonly cacheDirectory?: string;
  /** Version of an installed package, where reached packages shall count as code. @default packages do not count */
  readonly packageVersion?: PackageVersion;
}

/** What static derivation brings. With problems the manifest holds what could be derived all the same, and nothing may run. */
export interface Analysis {
  readonly manifest: Manifest;
  /** All of them, by file, line and column. */
  readonly problems: readonly Problem[];
}

/** Derives a project again and again, as its files change. Disposing it writes the facts to the cache. */
export interface Analyzer extends AsyncDisposable {
  /** Reads the files as they are now. Only those whose text is new are parsed. */
  analyze(): Promise<Analysis>;
}

/** Derives the manifest of a project once. */
export async function analyzeProject(options: AnalyzeOptions): Promise<Analysis> {
  await using analyzer = await openAnalyzer(options);
  return await analyzer.analyze();
}

export async function openAnalyzer(options: AnalyzeOptions): Promise<Analyzer> {
  const { root, assets, cacheDirectory, packageVersion = () => null } = options;
  const store = await openFactsStore(cacheDirectory);
  return {
    async analyze() {
      const sources = await readSources({ root, assets }, store);
      store.forgetUnused();
      const linked = linkProject(sources.files, packageVersion);
      return { manifest: buildManifest(sources, linked), problems: linked.problems };
    },
    async [Symbol.asyncDispose]() {
      await store.save();
    },
  };
}

function buildManifest({ hashes }: SourceSet, { assets, triggers }: Linked): Manifest {
  const files = Object.fromEntries([...hashes].sort(([a], [b]) => compareStrings(a, b)));
  return { formatVersion: 1, analyzer: analyzerVersion, files, assets, ...(triggers.length === 0 ? {} : { triggers }) };
}
