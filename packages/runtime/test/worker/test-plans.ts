import type { ResourceUse, WaitPolicy } from "@watersmeet/core";
import { buildGraph } from "@watersmeet/core/graph";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import { buildPlan, type Plan, type StateSnapshot } from "@watersmeet/core/plan";
import { parseAssetKey, type AssetKey, type MappingSpec, type PartitionsSpec } from "@watersmeet/core/values";
import { fingerprintLayout, type AssetExecution } from "../../src/queue/asset-execution.ts";
import type { AssetCode, Code } from "../../src/queue/deploy/asset-code.ts";

/** An asset in short: what it reads, and in how many partitions it comes. */
export interface AssetSketch {
  readonly key: string;
  /** Listed partitions `p000`, `p001` …; none: not partitioned. */
  readonly partitions?: number;
  readonly inputs?: readonly (string | InputSketch)[];
  readonly resource?: string | readonly ResourceUse[];
  /** What may wait of it for the steps that read it. */
  readonly stagedBytes?: number;
  /** Makes it a merge: how it waits for its branches, which are named after their assets. */
  readonly wait?: Partial<WaitPolicy>;
}

export interface InputSketch {
  readonly from: string;
  readonly mapping?: MappingSpec;
  readonly isOptional?: boolean;
}

/** A plan that runs everything, made by the planner itself. */
export function planOf(
  sketches: readonly AssetSketch[],
  options: {
    readonly force?: boolean;
    readonly snapshot?: StateSnapshot;
    /** All assets come in so many buckets, whatever the sketches say. */
    readonly buckets?: number;
  } = {},
): Plan {
  const { graph, problems } = buildGraph({
    formatVersion: 1,
    analyzer: "test",
    files: {},
    assets: sketches.map(toManifestAsset).map((asset) => ({
      ...asset,
      partitions: options.buckets === undefined ? asset.partitions : { kind: "buckets", count: options.buckets },
    })),
  });
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join("\n"));
  const built = buildPlan({
    graph,
    snapshot: options.snapshot ?? { environment: "prod", sequence: "0", heads: new Map(), failed: new Map() },
    now: new Date("2026-01-01T00:00:00Z"),
    request: { select: "*", ...(options.force === true ? { force: true } : {}) },
  });
  if ("problems" in built) throw new Error(built.problems.map((problem) => problem.message).join("\n"));
  return built.plan;
}

export function toManifestAsset(sketch: AssetSketch): ManifestAsset {
  return {
    key: parseAssetKey(sketch.key),
    kind: "asset",
    file: "assets/all.ts",
    exportPath: [sketch.key],
    location: { file: "assets/all.ts", line: 1, column: 1 },
    doc: "",
    inputs: (sketch.inputs ?? []).map((input, index) => {
      const { from, mapping, isOptional } =
        typeof input === "string" ? { from: input, mapping: undefined, isOptional: undefined } : input;
      return {
        asset: parseAssetKey(from),
        position: String(index),
        name: from,
        mapping: mapping ?? { kind: "same" },
        isOptional: isOptional ?? false,
      };
    }),
    injections: [],
    partitions: sketch.partitions === undefined ? null : listPartitions(sketch.partitions),
    tags: [],
    group: null,
    resource: null,
    codeVersion: "c1",
    schemaVersion: "s1",
  };
}

function listPartitions(count: number): PartitionsSpec {
  return { kind: "listed", keys: Array.from({ length: count }, (_, index) => `p${String(index).padStart(4, "0")}`) };
}

/** How a plan of sketches is executed: by the default store, with the sketches' resources and terms. */
export function executionOf(sketches: readonly AssetSketch[], maxAttempts = 3): (asset: AssetKey) => AssetExecution {
  const byKey = new Map(sketches.map((sketch) => [sketch.key, sketch]));
  return (asset) => {
    const { resource, wait, stagedBytes = null } = byKey.get(asset) ?? {};
    return {
      store: "default",
      resources: typeof resource === "string" ? [{ name: resource, weight: 1 }] : (resource ?? []),
      maxAttempts,
      stagedBytes,
      ...(wait === undefined ? {} : { wait: { quorum: null, deadlineMs: null, required: [], ...wait } }),
    };
  };
}

/** The code of a worker that has these assets, in the versions of the plans, but for what is changed. */
export function codeOf(
  sketches: readonly AssetSketch[],
  changes: Readonly<Record<string, Partial<AssetCode>>> = {},
): Code {
  const execution = executionOf(sketches);
  return new Map(
    planOf(sketches).assets.map((planned): [AssetKey, AssetCode] => {
      const { asset, codeVersion, schemaVersion } = planned;
      const layout = fingerprintLayout(planned, execution(asset));
      return [asset, { codeVersion, schemaVersion, layout, ...changes[asset] }];
    }),
  );
}
