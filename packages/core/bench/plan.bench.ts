/**
 * Planning at scale: `node packages/core/bench/plan.bench.ts`. Each scene runs in a process of its own, so that its memory is its own; prints the median of several
 * runs, CPU and the largest resident set, ledger snapshot included.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { buildGraph, type Graph } from "../src/graph/index.ts";
import type { ManifestAsset } from "../src/manifest/manifest.ts";
import {
  buildPlan,
  createHeadTable,
  createStepDependencies,
  fingerprintInput,
  listSteps,
  type HeadState,
  type HeadTable,
  type Plan,
  type StateSnapshot,
} from "../src/plan/index.ts";
import { parseAssetKey, type AssetKey, type PartitionKey, type PartitionsSpec } from "../src/values/index.ts";

const now = new Date("2026-01-01T00:00:00Z");
const repeats = 5;

interface Scene {
  readonly name: string;
  readonly boundMs: number;
  readonly boundMb: number;
  readonly assets: number;
  readonly partitions: number;
  readonly isMade: boolean;
}

const scenes: readonly Scene[] = [
  {
    name: "1,000 assets x 1,000 partitions, all to run",
    boundMs: 3000,
    boundMb: 500,
    assets: 1000,
    partitions: 1000,
    isMade: false,
  },
  {
    name: "1,000 assets x 1,000 partitions, all up to date",
    boundMs: 3000,
    boundMb: 500,
    assets: 1000,
    partitions: 1000,
    isMade: true,
  },
  {
    name: "10 assets x 1,000 partitions, all up to date",
    boundMs: 300,
    boundMb: 500,
    assets: 10,
    partitions: 1000,
    isMade: true,
  },
  {
    name: "1 asset x 1,000,000 partitions, all to run",
    boundMs: 3000,
    boundMb: 500,
    assets: 1,
    partitions: 1_000_000,
    isMade: false,
  },
];

const wanted = process.argv[2];
if (wanted === undefined) {
  for (const name of scenes.keys())
    spawnSync(process.execPath, ["--expose-gc", import.meta.filename, String(name)], { stdio: "inherit" });
} else {
  const scene = scenes[Number(wanted)];
  if (scene !== undefined) measure(scene);
}

function measure(scene: Scene): void {
  const spec = describePartitions(scene.partitions);
  const { graph, problems } = buildGraph({
    formatVersion: 1,
    analyzer: "bench",
    files: {},
    assets: makeAssets(scene.assets, spec),
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems[0]));
  const baseMb = residentMb();
  const snapshot = {
    environment: "prod",
    sequence: "1",
    failed: new Map(),
    heads: scene.isMade ? makeHeads(graph) : new Map(),
  };
  const snapshotMb = residentMb();
  const times: number[] = [];
  const cpus: number[] = [];
  let plan: Plan | undefined;
  for (let run = 0; run < repeats; run++) {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    plan = planAll(graph, snapshot);
    times.push(performance.now() - startedAt);
    const { user, system } = process.cpuUsage(cpu);
    cpus.push((user + system) / 1000);
  }
  if (plan === undefined || plan.stepCount !== (scene.isMade ? 0 : scene.assets * scene.partitions))
    throw new Error(`${plan?.stepCount} steps are wrong`);
  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(scene.name);
  console.log(
    `  plan   first ${ms(times[0])}, median ${ms(median(times))} (bound ${ms(scene.boundMs)}), CPU ${ms(median(cpus))}`,
  );
  console.log(
    `  memory peak ${mb(peakMb)} (bound ${mb(scene.boundMb)}); at rest ${mb(baseMb)}, with the snapshot ${mb(snapshotMb)}`,
  );
  if (plan.stepCount > 0) measureSteps(plan);
}

function measureSteps(plan: Plan): void {
  const startedAt = performance.now();
  let steps = 0;
  for (const step of listSteps(plan)) steps += step.partition === "" ? 0 : 1;
  const listedAt = performance.now();
  const dependencies = createStepDependencies(plan);
  let ranges = 0;
  for (const { pending } of dependencies.listPending()) ranges += pending >= 0 ? 1 : 0;
  const countedAt = performance.now();
  let freed = 0;
  for (let step = 0; step < steps; step += 10) freed += dependencies.downstreamOf(step).length;
  const freedAt = performance.now();
  console.log(
    `  steps  list ${ms(listedAt - startedAt)}, counters ${ms(countedAt - listedAt)} (${ranges} ranges), ` +
      `whom a step frees ${(((freedAt - countedAt) / steps) * 10 * 1000).toFixed(2)} µs (${freed} ranges in a tenth)`,
  );
}

function planAll(graph: Graph, snapshot: StateSnapshot): Plan {
  const result = buildPlan({ graph, request: { select: "*" }, snapshot, now });
  if (!("plan" in result)) throw new Error(JSON.stringify(result.problems));
  return result.plan;
}

function describePartitions(count: number): PartitionsSpec {
  if (count > 10_000)
    return {
      kind: "time",
      grain: "hour",
      start: "1901-01-01",
      end: new Date(Date.UTC(1901, 0, 1) + count * 3_600_000).toISOString().slice(0, 16),
      timeZone: "UTC",
    };
  return {
    kind: "time",
    grain: "day",
    start: "2001-01-01",
    end: new Date(Date.UTC(2001, 0, 1 + count)).toISOString().slice(0, 10),
    timeZone: "UTC",
  };
}

/** Ten layers of up to a hundred assets; each reads two of the layer before by the same day, every fifth a week of a third. */
function makeAssets(count: number, partitions: PartitionsSpec): readonly ManifestAsset[] {
  const width = Math.max(1, count / 10);
  return Array.from({ length: count }, (_, index) => {
    const layer = Math.floor(index / width);
    const upstream = (offset: number): AssetKey => keyOf((layer - 1) * width + ((index + offset) % width));
    const inputs =
      layer === 0
        ? []
        : [
            { asset: upstream(0), mapping: { kind: "same" } as const },
            { asset: upstream(1), mapping: { kind: "same" } as const },
            ...(index % 5 === 0 ? [{ asset: upstream(2), mapping: { kind: "last", count: 7 } as const }] : []),
          ];
    return {
      key: keyOf(index),
      kind: "asset",
      file: "bench.ts",
      exportPath: [keyOf(index)],
      location: { file: "bench.ts", line: 1, column: 1 },
      doc: "",
      inputs: inputs.map((input, position) => ({
        ...input,
        position: String(position),
        name: input.asset,
        isOptional: false,
      })),
      injections: [],
      partitions,
      tags: [],
      group: null,
      resource: null,
      codeVersion: digest(`code ${index}`),
      schemaVersion: digest(`schema ${index}`),
    };
  });
}

function keyOf(index: number): AssetKey {
  return parseAssetKey(`asset${String(index).padStart(4, "0")}`);
}

/** Heads as a ledger loads them. */
function makeHeads(graph: Graph): ReadonlyMap<AssetKey, ReadonlyMap<PartitionKey, HeadState>> {
  const plan = planAll(graph, { environment: "prod", sequence: "0", heads: new Map(), failed: new Map() });
  const heads = new Map<AssetKey, HeadTable>();
  const dependencies = createStepDependencies(plan);
  for (const step of listSteps(plan)) {
    const asset = graph.assets.get(step.asset);
    if (asset === undefined) continue;
    const own = heads.get(step.asset) ?? createHeadTable();
    heads.set(step.asset, own);
    const read = asset.inputs.length === 0 ? [] : dependencies.inputsOf(step.ordinal);
    const inputs = Object.fromEntries(
      read.map(({ position, asset: from, partitions }) => [
        position,
        fingerprintInput(
          partitions.map((partition) => ({ partition, dataDigest: heads.get(from)?.get(partition)?.dataDigest ?? "" })),
        ),
      ]),
    );
    own.set(step.partition, {
      commitId: digest(`commit ${step.ordinal}`),
      dataDigest: digest(`data ${step.ordinal}`),
      codeVersion: asset.codeVersion,
      schemaVersion: asset.schemaVersion,
      inputs,
    });
  }
  return heads;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function residentMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function ms(milliseconds = Number.NaN): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

function mb(megabytes: number): string {
  return `${megabytes.toFixed(0)} MB`;
}
