import { join } from "node:path";
import { buildGraph } from "@watersmeet/core/graph";
import type { Manifest } from "@watersmeet/core/manifest";
import type { RowSchema } from "@watersmeet/core/schema";
import type { ChildPool } from "../src/child/child-pool.ts";
import type { ChildResult, ChildWork } from "../src/child/protocol.ts";
import type { AssetSpec, Project } from "../src/project/project.ts";
import { createStepExecutor } from "../src/step/step-executor.ts";
import { storedAsset } from "../src/step/step-work.ts";
import type { StepExecutor } from "../src/step/step.ts";
import type { Store } from "../src/stores/store.ts";
import { toManifestAsset, type AssetSketch } from "../test/worker/test-plans.ts";

const schema: RowSchema = {
  columns: [
    { name: "asset", type: { kind: "text" }, isNullable: false, nullAs: "null" },
    { name: "partition", type: { kind: "text" }, isNullable: false, nullAs: "null" },
    { name: "at", type: { kind: "timestamp" }, isNullable: false, nullAs: "null" },
  ],
};

/**
 * The executor of attempts as workers use it, over a real store: prepare, look for an earlier commit, stage, gate, commit. Only the author's function is none:
 * in the place of child processes stands a function that answers one row. What the sketches read orders them, and is not read.
 */
export async function createRowsExecutor(options: {
  readonly sketches: readonly AssetSketch[];
  readonly store: Store;
  readonly folder: string;
}): Promise<StepExecutor> {
  const project = projectOf(options.sketches);
  for (const asset of project.graph.assets.values()) {
    const spec = project.specs.get(asset.key);
    if (spec !== undefined) await options.store.ensureAsset(storedAsset(asset, spec));
  }
  return createStepExecutor({
    project: () => project,
    stores: new Map([["default", options.store]]),
    children: childrenInProcess,
    stateDirectory: join(options.folder, "state"),
    shadowPerMille: 0,
  });
}

function projectOf(sketches: readonly AssetSketch[]): Project {
  const assets = sketches.map((sketch) => toManifestAsset({ ...sketch, inputs: [] }));
  const manifest: Manifest = { formatVersion: 1, analyzer: "bench", files: {}, assets };
  const specs = assets.map(({ key }): AssetSpec => ({
    key,
    schema,
    checks: [],
    hasRowSideChecks: false,
    policy: null,
    execution: { timeoutMs: 60_000, maxAttempts: 3, resources: [], stagedBytes: null },
    store: "default",
    emits: "state",
    merge: null,
  }));
  const { graph, problems } = buildGraph(manifest);
  return {
    root: "/",
    generation: "bench",
    manifest,
    graph,
    specs: new Map(specs.map((spec) => [spec.key, spec])),
    problems,
  };
}

const childrenInProcess: ChildPool = {
  env: {},
  size: 1,
  warm() {},
  async perform(work) {
    return { kind: "result", result: run(work) };
  },
  async [Symbol.asyncDispose]() {},
};

function run(work: ChildWork): ChildResult {
  if (work.kind !== "run") throw new TypeError(`${work.kind} is not asked of these children`);
  const { asset, partition } = work.attempt;
  const report = { facts: {}, promise: null };
  const rows = [{ asset, partition, at: new Date().toISOString() }];
  return { kind: "messageRows", rows, report };
}
