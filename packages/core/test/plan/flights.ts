import { buildGraph, type Graph } from "../../src/graph/index.ts";
import type { ManifestAsset } from "../../src/manifest/manifest.ts";
import { buildPlan, type Plan, type PlanRequest, type StateSnapshot } from "../../src/plan/index.ts";
import { fingerprint, type PartitionsSpec } from "../../src/values/index.ts";
import { applyPlan } from "./apply-plan.ts";
import { makeAsset, makeInput, makeManifest } from "./random-projects.ts";

/** A project like examples/flights, small enough to reason about: ten days of January 2001. */
export const daily: PartitionsSpec = {
  kind: "time",
  grain: "day",
  start: "2001-01-01",
  end: "2001-01-11",
  timeZone: "UTC",
};
const monthly: PartitionsSpec = { kind: "time", grain: "month", start: "2001-01", end: "2001-02-01", timeZone: "UTC" };

export const flightAssets: readonly ManifestAsset[] = [
  makeAsset("faa", { kind: "source" }),
  makeAsset("openFlights", { kind: "source" }),
  makeAsset("airports", { kind: "merge", inputs: [makeInput("faa", 0), makeInput("openFlights", 1)] }),
  makeAsset("flights", { kind: "source", partitions: daily }),
  makeAsset("dailyDelays", {
    kind: "query",
    partitions: daily,
    inputs: [makeInput("flights", 0), makeInput("airports", 1)],
  }),
  makeAsset("badDays", {
    partitions: daily,
    inputs: [makeInput("dailyDelays", 0, { mapping: { kind: "last", count: 3 } })],
  }),
  makeAsset("monthlyDelays", { partitions: monthly, inputs: [makeInput("dailyDelays", 0)] }),
  makeAsset("streaks", {
    partitions: daily,
    inputs: [makeInput("badDays", 0)],
    injections: [{ kind: "self", position: "1" }],
  }),
  makeAsset("scorecard", {
    inputs: [
      makeInput("monthlyDelays", 0, { mapping: { kind: "all" } }),
      makeInput("streaks", 1, { mapping: { kind: "latest" } }),
    ],
  }),
];

export const planNow = new Date("2001-02-03T04:05:06Z");
export const nothingMade: StateSnapshot = { environment: "prod", sequence: "41", heads: new Map(), failed: new Map() };

export function linkFlights(assets: readonly ManifestAsset[] = flightAssets): Graph {
  const { graph, problems } = buildGraph(makeManifest(assets));
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return graph;
}

/** The project with some members of one asset replaced. */
export function withAsset(key: string, overrides: Partial<ManifestAsset>): readonly ManifestAsset[] {
  return flightAssets.map((asset) => (asset.key === key ? { ...asset, ...overrides } : asset));
}

export function planFlights(
  request: PlanRequest,
  { graph = linkFlights(), snapshot = nothingMade }: { readonly graph?: Graph; readonly snapshot?: StateSnapshot } = {},
): Plan {
  const result = buildPlan({ graph, request, snapshot, now: planNow });
  if (!("plan" in result)) throw new Error(JSON.stringify(result.problems));
  return result.plan;
}

/** Runs a plan; content follows from asset, partition, `salt` and what was read. */
export function run(plan: Plan, snapshot: StateSnapshot = nothingMade, salt = ""): StateSnapshot {
  return applyPlan({
    plan,
    snapshot,
    digestOf: (step, read) => fingerprint([step.asset, step.partition, salt, ...read]),
    pick: () => 0,
    salt: `run${salt}`,
  }).snapshot;
}

/** Everything made, nothing to do. */
export function runAll(graph: Graph = linkFlights()): StateSnapshot {
  return run(planFlights({ select: "*" }, { graph }));
}

/** What runs and what is skipped, e.g. `flights run missing 2001-01-01..2001-01-02`. */
export function outline(plan: Plan): readonly string[] {
  return plan.assets.flatMap((asset) => {
    const line = (
      verb: string,
      {
        reason,
        partitions,
      }: {
        readonly reason: { readonly kind: string; readonly inputs?: readonly string[] };
        readonly partitions: readonly (readonly [number, number])[];
      },
    ): string =>
      [
        asset.asset,
        verb,
        reason.kind,
        ...(reason.inputs ?? []).map((input) => `(${input})`),
        ...partitions.map(([from, to]) => `${from}-${to - 1}`),
      ].join(" ");
    return [...asset.run.map((group) => line("run", group)), ...asset.skip.map((group) => line("skip", group))];
  });
}
