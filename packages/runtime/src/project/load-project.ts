import type { Analyzer } from "@watersmeet/core/analyze";
import type { Problem } from "@watersmeet/core/errors";
import { buildGraph } from "@watersmeet/core/graph";
import type { Manifest } from "@watersmeet/core/manifest";
import { compareStrings, fingerprint } from "@watersmeet/core/values";
import type { ChildPool } from "../child/child-pool.ts";
import type { ChildFailure, ProjectCode } from "../child/protocol.ts";
import { buildDescriptionKey, readDescription, writeDescription } from "./description-cache.ts";
import { findSpecProblems } from "./find-spec-problems.ts";
import { findTriggerProblems } from "./find-trigger-problems.ts";
import type { AssetSpec, Project } from "./project.ts";

export interface LoadProjectOptions {
  /** Absolute path of the project's root. */
  readonly root: string;
  /** Globs of the files that may declare assets, relative to the root. */
  readonly assets: readonly string[];
  /** Absolute; facts of unchanged files and descriptions of unchanged projects are kept here. */
  readonly cacheDirectory: string;
  readonly childPool: ChildPool;
}

export interface DeriveProjectOptions extends LoadProjectOptions {
  /** What was loaded before: it stands when no file has changed. With problems it is loaded again, since a cure may lie outside of the files. */
  readonly previous?: Project;
}

/** Time that the project's modules have to load, all of them together. */
const describeTimeoutMs = 60_000;

/** Loads a project once. For loading it again and again, see `openProject`. */
export async function loadProject(options: LoadProjectOptions): Promise<Project> {
  await using analyzer = await startAnalyzer(options);
  return await deriveProject(analyzer, options);
}

/** The analyzer brings a compiler with it: it is loaded when a project is, and never by a child. */
export async function startAnalyzer({ root, assets, cacheDirectory }: LoadProjectOptions): Promise<Analyzer> {
  const { openAnalyzer } = await import("@watersmeet/core/analyze");
  return openAnalyzer({ root, assets, cacheDirectory });
}

/**
 * Derives a project from its sources, links it, and has a child import it and tell what only the loaded objects know, unless that is known
 * from the last time. The sources are read, never executed, by this process. Problems of every stage are collected; objects are asked for
 * as long as the sources could be derived.
 */
export async function deriveProject(analyzer: Analyzer, options: DeriveProjectOptions): Promise<Project> {
  const { root, previous } = options;
  const { manifest, problems: derived } = await analyzer.analyze();
  const generation = generationOf(manifest);
  if (previous?.generation === generation && previous.problems.length === 0) return previous;
  const { graph, problems: linked } = buildGraph(manifest);
  // What could not be derived the graph cannot judge: it would report the same again, in other words and without a place.
  const found = derived.length > 0 ? derived : [...linked, ...findTriggerProblems(graph, manifest)];
  const described = found.length > 0 ? nothing : await recallOrDescribe(manifest, generation, options);
  const specs = new Map(described.specs.map((spec) => [spec.key, spec]));
  const problems = [...found, ...described.problems, ...findSpecProblems(graph, specs)];
  return { root, generation, manifest, graph, specs, problems: sortProblems(problems) };
}

interface Description {
  readonly specs: readonly AssetSpec[];
  readonly problems: readonly Problem[];
}

const nothing: Description = { specs: [], problems: [] };

/** Whatever has problems is described anew each time: their cure may lie where the key does not look. */
async function recallOrDescribe(
  manifest: Manifest,
  generation: string,
  { root, assets, cacheDirectory, childPool }: LoadProjectOptions,
): Promise<Description> {
  const key = buildDescriptionKey({ root, assets, generation, env: childPool.env });
  const known = await readDescription(cacheDirectory, key);
  if (known !== null) return { specs: known, problems: [] };
  const described = await describe(manifest, { root, generation, files: manifest.files }, childPool);
  if (described.problems.length === 0) await writeDescription(cacheDirectory, key, described.specs);
  return described;
}

async function describe(manifest: Manifest, code: ProjectCode, pool: ChildPool): Promise<Description> {
  const reached: string[] = [];
  const answer = await pool.perform(
    { kind: "describe", manifest },
    {
      subject: "loading the project",
      code,
      timeoutMs: describeTimeoutMs,
      listener: { log: () => {}, progress: (_done, _total, file) => reached.push(file ?? "") },
      signal: new AbortController().signal,
    },
  );
  if (answer.kind === "result" && answer.result.kind === "described") return answer.result;
  if (answer.kind !== "failure") return { specs: [], problems: [closing] };
  return { specs: [], problems: [toProblem(answer.failure, reached.at(-1))] };
}

const closing: Problem = {
  code: "MODULE_LOAD_FAILED",
  message: "the project was not loaded: the process is closing",
};

/** A module that takes the process down, or never ends loading, is the last that was begun. */
function toProblem({ code, message, hint }: ChildFailure, file: string | undefined): Problem {
  return {
    code,
    message: file === undefined ? message : `${message} (while ${file} was loaded)`,
    ...(hint === null ? {} : { hint }),
    ...(file === undefined ? {} : { at: { file, line: 1, column: 1 } }),
  };
}

/** Every file that was read, by its content: children load exactly these. */
function generationOf(manifest: Manifest): string {
  const files = Object.entries(manifest.files).sort(([a], [b]) => compareStrings(a, b));
  return fingerprint([manifest.analyzer, ...files.flat()]);
}

function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    (a, b) =>
      compareStrings(a.at?.file ?? "", b.at?.file ?? "") ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
      compareStrings(a.code, b.code) ||
      compareStrings(a.message, b.message),
  );
}
