import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildGraph, type Graph } from "../../src/graph/index.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import {
  assessAsset,
  buildPlan,
  createPlanningState,
  createStepDependencies,
  listSteps,
  renderPlanJson,
  type Plan,
  type PlanRequest,
  type PlanStep,
  type StateSnapshot,
} from "../../src/plan/index.ts";
import { countRanges, fingerprint, normalizeRanges, type AssetKey } from "../../src/values/index.ts";
import { applyPlan } from "./apply-plan.ts";
import { manifests, now, withNewCode } from "./random-projects.ts";

const nothingMade: StateSnapshot = { environment: "prod", sequence: "0", heads: new Map(), failed: new Map() };

/** Content that follows from what was read. */
const honest = (step: PlanStep, read: readonly string[]): string => fingerprint([step.asset, step.partition, ...read]);

interface Scene {
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly snapshot: StateSnapshot;
}

interface Deed {
  readonly assets: readonly number[];
  readonly partitions: string;
  readonly force: boolean;
  readonly newCode: readonly number[];
}

const words = ["all", "latest", "missing", "stale", "failed", "missing,latest"];
const deeds = fc.array(
  fc.record({
    assets: fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }),
    partitions: fc.constantFrom(...words),
    force: fc.boolean(),
    newCode: fc.array(fc.nat(6), { maxLength: 1 }),
  }),
  { maxLength: 4 },
);

/** A project with a past: some of it was run, some of it changed since. */
const scenes: fc.Arbitrary<Scene> = fc.tuple(manifests, deeds).map(([first, past]) => {
  let manifest = first;
  let snapshot = nothingMade;
  for (const [index, deed] of past.entries()) {
    const { graph } = buildGraph(manifest);
    const plan = planOf(
      { graph, snapshot },
      { select: nameAssets(manifest, deed), partitions: deed.partitions, force: deed.force },
    );
    if (plan !== undefined)
      snapshot = applyPlan({ plan, snapshot, digestOf: honest, pick: () => 0, salt: `run${index}` }).snapshot;
    const changed = new Set<AssetKey>(
      deed.newCode.flatMap((one) => manifest.assets[one % manifest.assets.length]?.key ?? []),
    );
    manifest = withNewCode(manifest, changed, String(index + 2));
  }
  return { manifest, graph: buildGraph(manifest).graph, snapshot: failSome(manifest, snapshot) };
});

function nameAssets(manifest: Manifest, { assets }: Deed): string {
  return assets.map((one) => manifest.assets[one % manifest.assets.length]?.key).join(" ");
}

/** The newest existing partition of every other asset has failed. */
function failSome(manifest: Manifest, snapshot: StateSnapshot): StateSnapshot {
  const failed = new Map(
    manifest.assets.flatMap(({ key }, index) => {
      const last = [...(snapshot.heads.get(key)?.keys() ?? [])].at(-1);
      return last === undefined || index % 2 === 1 ? [] : [[key, new Set([last])] as const];
    }),
  );
  return { ...snapshot, failed };
}

/** `undefined` when the request names partitions that no asset has. */
function planOf(
  { graph, snapshot }: { readonly graph: Graph; readonly snapshot: StateSnapshot },
  request: PlanRequest,
): Plan | undefined {
  const result = buildPlan({ graph, request, snapshot, now });
  return "plan" in result ? result.plan : undefined;
}

const requests: fc.Arbitrary<PlanRequest> = fc.record({
  select: fc.constantFrom("*", "a0+", "+a1", "a0", "a1+1", "*,kind:asset"),
  partitions: fc.constantFrom(...words, "2024-03", "2024-03-28..2024-04-02", "eu"),
  force: fc.boolean(),
  missingOnly: fc.boolean(),
});

describe("a plan", () => {
  it("has the same bytes in whatever order its inputs come", () => {
    fc.assert(
      fc.property(
        scenes,
        requests,
        fc.infiniteStream(fc.nat(1000)),
        ({ manifest, snapshot, graph }, request, random) => {
          const plan = planOf({ graph, snapshot }, request);
          const other = planOf(
            {
              graph: buildGraph({ ...manifest, assets: shuffle(manifest.assets, random) }).graph,
              snapshot: shuffleSnapshot(snapshot, random),
            },
            request,
          );
          expect(other === undefined ? undefined : renderPlanJson(other)).toBe(
            plan === undefined ? undefined : renderPlanJson(plan),
          );
        },
      ),
      { numRuns: 80 },
    );
  });

  it("leaves nothing to do once it has been applied", () => {
    fc.assert(
      fc.property(scenes, fc.infiniteStream(fc.nat(1000)), ({ graph, snapshot }, random) => {
        const plan = planOf({ graph, snapshot }, { select: "*" });
        if (plan === undefined) return;
        const after = applyPlan({ plan, snapshot, digestOf: honest, pick: picker(random) }).snapshot;
        expect(planOf({ graph, snapshot: after }, { select: "*" })?.stepCount).toBe(0);
      }),
      { numRuns: 80 },
    );
  });

  it("is applied to the end in any order of completion, no step before what it reads", () => {
    fc.assert(
      fc.property(scenes, requests, fc.infiniteStream(fc.nat(1000)), ({ graph, snapshot }, request, random) => {
        const plan = planOf({ graph, snapshot }, request);
        if (plan === undefined) return;
        const { order } = applyPlan({ plan, snapshot, digestOf: honest, pick: picker(random) });
        expect(order.length).toBe(plan.stepCount);
      }),
      { numRuns: 100 },
    );
  });

  it("numbers its steps so that what a step waits for comes first, and both directions agree", () => {
    fc.assert(
      fc.property(scenes, requests, ({ graph, snapshot }, request) => {
        const plan = planOf({ graph, snapshot }, request);
        if (plan === undefined) return;
        const dependencies = createStepDependencies(plan);
        const waits: string[] = [];
        const frees: string[] = [];
        const pending = [...dependencies.listPending()].flatMap(({ from, to, pending: count }) =>
          Array<number>(to - from).fill(count),
        );
        for (const { ordinal } of listSteps(plan)) {
          const upstream = dependencies.upstreamOf(ordinal).flatMap(([from, to]) => range(from, to));
          expect(upstream.every((other) => other < ordinal)).toBe(true);
          expect(pending[ordinal]).toBe(upstream.length);
          waits.push(...upstream.map((other) => `${other}>${ordinal}`));
          frees.push(
            ...dependencies
              .downstreamOf(ordinal)
              .flatMap(([from, to]) => range(from, to).map((other) => `${ordinal}>${other}`)),
          );
        }
        expect(pending.length).toBe(plan.stepCount);
        expect(frees.sort()).toEqual(waits.sort());
      }),
      { numRuns: 80 },
    );
  });

  it("puts each partition that was asked for into exactly one group", () => {
    fc.assert(
      fc.property(scenes, requests, ({ graph, snapshot }, request) => {
        const plan = planOf({ graph, snapshot }, request);
        if (plan === undefined) return;
        for (const { run, skip, partitionCount } of plan.assets) {
          const groups = [...run, ...skip].flatMap((group) => group.partitions);
          expect(countRanges(normalizeRanges(groups))).toBe(countRanges(groups));
          if (request.partitions === "all") expect(countRanges(groups)).toBe(partitionCount);
        }
        expect(
          plan.assets.reduce((sum, { run }) => sum + countRanges(run.flatMap((group) => group.partitions)), 0),
        ).toBe(plan.stepCount);
      }),
      { numRuns: 80 },
    );
  });

  it("agrees with the assessment of each asset about what runs without a planned input", () => {
    fc.assert(
      fc.property(scenes, ({ graph, snapshot }) => {
        const state = createPlanningState({ graph, snapshot, now });
        for (const key of graph.order) {
          const plan = planOf({ graph, snapshot }, { select: key });
          const current = assessAsset(state, key)
            .groups.filter((group) => group.freshness.kind === "upToDate")
            .flatMap((group) => group.partitions);
          const planned = plan?.assets[0];
          const skipped =
            planned?.skip.filter((group) => group.reason.kind === "upToDate").flatMap((group) => group.partitions) ??
            [];
          const conditional =
            planned?.run.filter((group) => group.reason.kind === "inputPlanned").flatMap((group) => group.partitions) ??
            [];
          expect(normalizeRanges([...skipped, ...conditional])).toEqual(normalizeRanges(current));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("equal content upstream", () => {
  it("makes nothing downstream stale, and the planned steps downstream have nothing to commit", () => {
    fc.assert(
      fc.property(scenes, fc.nat(6), (scene, which) => {
        const settled = settle(scene);
        const { graph } = scene;
        const key = graph.order[which % graph.order.length];
        if (key === undefined) return;
        const forced = planOf({ graph, snapshot: settled }, { select: key, force: true });
        if (forced === undefined) return;
        const after = applyPlan({ plan: forced, snapshot: settled, digestOf: honest, pick: () => 0, salt: "again" });
        expect(after.committed.length).toBe(forced.stepCount);
        expect(planOf({ graph, snapshot: after.snapshot }, { select: "*" })?.stepCount).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("ends new code that gives the same rows at the first asset", () => {
    fc.assert(
      fc.property(scenes, fc.nat(6), (scene, which) => {
        const snapshot = settle(scene);
        const key = scene.graph.order[which % scene.graph.order.length];
        if (key === undefined) return;
        const { graph } = buildGraph(withNewCode(scene.manifest, new Set([key]), "new"));
        const plan = planOf({ graph, snapshot }, { select: "*" });
        if (plan === undefined) return;
        const { committed } = applyPlan({ plan, snapshot, digestOf: honest, pick: () => 0 });
        expect(new Set(committed.map((step) => step.asset)).size).toBeLessThanOrEqual(1);
        expect(committed.every((step) => step.asset === key)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

function settle({ graph, snapshot }: Scene): StateSnapshot {
  const plan = planOf({ graph, snapshot }, { select: "*" });
  return plan === undefined ? snapshot : applyPlan({ plan, snapshot, digestOf: honest, pick: () => 0 }).snapshot;
}

function picker(random: Iterator<number>): (count: number) => number {
  return (count) => Number(random.next().value ?? 0) % count;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function shuffle<T>(items: readonly T[], random: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, at: Number(random.next().value ?? 0) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function shuffleSnapshot(snapshot: StateSnapshot, random: Iterator<number>): StateSnapshot {
  const heads = shuffle([...snapshot.heads], random).map(
    ([key, partitions]) => [key, new Map(shuffle([...partitions], random))] as const,
  );
  return { ...snapshot, heads: new Map(heads), failed: new Map(shuffle([...snapshot.failed], random)) };
}
