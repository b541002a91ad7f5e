import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allInputs,
  and,
  anyInput,
  codeUpdated,
  cronTick,
  external,
  failed,
  handled,
  inProgress,
  inputMissing,
  latest,
  missing,
  newlyTrue,
  newlyUpdated,
  not,
  or,
  requested,
  since,
  stale,
} from "../../src/automation/condition/condition.ts";
import { eager, onCron, onMissing } from "../../src/automation/condition/presets.ts";
import { namePartitions, type Condition } from "../../src/automation/index.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { buildPlan } from "../../src/plan/index.ts";
import {
  createPartitionSpace,
  findTerm,
  normalizeRanges,
  type AssetKey,
  type OrdinalRange,
} from "../../src/values/index.ts";
import { manifests, now, specs, withNewCode } from "../plan/random-projects.ts";
import {
  begin,
  end,
  Evaluator,
  make,
  nameRequests,
  planningOf,
  startRequests,
  startWorld,
  type AutomatedWorld,
} from "./automated-world.ts";

const facts = [
  missing,
  stale,
  inProgress,
  failed,
  inputMissing,
  newlyUpdated,
  codeUpdated,
  external,
  latest,
  requested,
  handled,
];
const cron = fc.constantFrom("*/30 * * * *", "0 3 * * *", "15 */2 * * *");

const { condition: anyCondition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(...facts).map((make) => make()),
    cron.map((text) => cronTick(text)),
    fc.tuple(tie("condition"), tie("condition")).map(([a, b]) => and(a, b)),
    fc.tuple(tie("condition"), tie("condition")).map(([a, b]) => or(a, b)),
    fc.tuple(tie("condition"), tie("condition")).map(([a, b]) => since(a, b)),
    tie("condition").map((a) => not(a)),
    tie("condition").map((a) => newlyTrue(a)),
    tie("condition").map((a) => anyInput(a)),
    tie("condition").map((a) => allInputs(a)),
  ),
}));
const preset = fc.oneof(
  fc.constant(eager()),
  fc.constant(onMissing()),
  cron.map((text) => onCron(text)),
);

type Deed =
  | {
      readonly kind: "make";
      readonly asset: number;
      readonly partitions: string;
      readonly force: boolean;
      readonly content: string;
    }
  | { readonly kind: "begin"; readonly asset: number; readonly partition: number }
  | { readonly kind: "end"; readonly asset: number; readonly how: "failed" | "cancelled" }
  | { readonly kind: "code"; readonly asset: number }
  | { readonly kind: "wait"; readonly minutes: number }
  | { readonly kind: "nothing" };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    kind: fc.constant("make" as const),
    asset: fc.nat(6),
    partitions: fc.constantFrom("all", "latest", "missing", "stale"),
    force: fc.boolean(),
    content: fc.constantFrom("", "a", "b"),
  }),
  fc.record({ kind: fc.constant("begin" as const), asset: fc.nat(6), partition: fc.nat(40) }),
  fc.record({
    kind: fc.constant("end" as const),
    asset: fc.nat(6),
    how: fc.constantFrom("failed" as const, "cancelled" as const),
  }),
  fc.record({ kind: fc.constant("code" as const), asset: fc.nat(6) }),
  fc.record({ kind: fc.constant("wait" as const), minutes: fc.constantFrom(1, 20, 90, 60 * 26, -45) }),
  fc.constant({ kind: "nothing" as const }),
);

function assetOf({ manifest }: AutomatedWorld, index: number): AssetKey | undefined {
  return manifest.assets[index % manifest.assets.length]?.key;
}

function perform(world: AutomatedWorld, done: Deed, index: number): void {
  if (done.kind === "wait") world.now = new Date(world.now.getTime() + done.minutes * 60_000);
  if (done.kind === "wait" || done.kind === "nothing") return;
  const asset = assetOf(world, done.asset);
  if (asset === undefined) return;
  if (done.kind === "make")
    make(world, { select: asset, partitions: done.partitions, force: done.force, content: done.content });
  else if (done.kind === "end") end(world, asset, done.how);
  else if (done.kind === "code") world.manifest = withNewCode(world.manifest, new Set([asset]), `${index + 2}`);
  else {
    const { keys } = planningOf(world).stateOf(asset);
    const partition = keys[done.partition % Math.max(1, keys.length)];
    if (partition !== undefined) begin(world, asset, [partition]);
  }
}

function assign(manifest: Manifest, wanted: readonly (Condition | null)[]): ReadonlyMap<AssetKey, Condition> {
  return new Map(
    manifest.assets.flatMap(({ key }, index) => {
      const condition = wanted[index] ?? null;
      return condition === null ? [] : [[key, condition] as const];
    }),
  );
}

const conditionsOf = (condition: fc.Arbitrary<Condition>): fc.Arbitrary<readonly (Condition | null)[]> =>
  fc.array(fc.option(condition, { freq: 4 }), { minLength: 7, maxLength: 7 });

describe("the evaluation of any conditions", () => {
  it("of those that are due alone comes to the same as the evaluation of all", () => {
    let [all, due] = [0, 0];
    fc.assert(
      fc.property(
        manifests,
        conditionsOf(fc.oneof(anyCondition, preset)),
        fc.array(deed, { maxLength: 14 }),
        fc.boolean(),
        (manifest, wanted, deeds, starts) => {
          const world = startWorld(manifest, now);
          const conditions = assign(manifest, wanted);
          const whole = new Evaluator(conditions);
          const incremental = new Evaluator(conditions, "due");
          for (const [index, done] of deeds.entries()) {
            perform(world, done, index);
            const evaluated = whole.evaluate(world);
            expect(nameRequests(world, incremental.evaluate(world))).toEqual(nameRequests(world, evaluated));
            for (const asset of conditions.keys()) {
              const [a, b] = [whole.stateOf(asset), incremental.stateOf(asset)];
              expect([b?.memory, b?.requested]).toEqual([a?.memory, a?.requested]);
            }
            if (starts) startRequests(world, evaluated);
          }
          all += whole.evaluatedCount;
          due += incremental.evaluatedCount;
        },
      ),
      { numRuns: 130, seed: 211 },
    );
    // Not because nothing was left out.
    expect(due).toBeLessThan(all * 0.9);
  });

  it("requests nothing and remembers the same once it has come to rest", () => {
    fc.assert(
      fc.property(
        manifests,
        conditionsOf(anyCondition),
        fc.array(deed, { maxLength: 8 }),
        (manifest, wanted, deeds) => {
          const world = startWorld(manifest, now);
          const evaluator = new Evaluator(assign(manifest, wanted));
          for (const [index, done] of deeds.entries()) {
            perform(world, done, index);
            startRequests(world, evaluator.evaluate(world));
          }
          for (const asset of manifest.assets.map(({ key }) => key)) {
            const before = evaluator.stateOf(asset);
            if (before?.isSettled !== true) continue;
            evaluator.evaluate(world);
            expect(evaluator.stateOf(asset)).toEqual(before);
          }
        },
      ),
      { numRuns: 40, seed: 12 },
    );
  });
});

describe("eager(), onMissing() and onCron()", () => {
  it("request nothing new when they are evaluated again without a change", () => {
    fc.assert(
      fc.property(manifests, conditionsOf(preset), fc.array(deed, { maxLength: 10 }), (manifest, wanted, deeds) => {
        const world = startWorld(manifest, now);
        const evaluator = new Evaluator(assign(manifest, wanted));
        for (const [index, done] of deeds.entries()) {
          perform(world, done, index);
          startRequests(world, evaluator.evaluate(world));
          expect(nameRequests(world, evaluator.evaluate(world))).toEqual([]);
        }
      }),
      { numRuns: 60, seed: 13 },
    );
  });

  it("bring every partition that can be made up to date, and then come to rest", () => {
    fc.assert(
      fc.property(manifests, fc.array(deed, { maxLength: 6 }), (manifest, deeds) => {
        const world = startWorld(manifest, now);
        const everywhere = assign(
          manifest,
          manifest.assets.map(() => eager()),
        );
        const evaluator = new Evaluator(everywhere);
        // What failed waits for news, and is no part of this.
        for (const [index, done] of deeds.entries())
          perform(world, done.kind === "end" ? { ...done, how: "cancelled" } : done, index);
        for (const { key } of manifest.assets) end(world, key, "cancelled");
        for (let round = 0, resting = 0; resting < 2 && round < 60; round++) {
          const requests = nameRequests(world, evaluator.evaluate(world));
          resting = requests.length === 0 ? resting + 1 : 0;
          for (const request of requests) {
            const [select = "", partitions] = request.split("@");
            make(world, { select, ...(partitions === undefined ? {} : { partitions }) });
          }
        }
        // Whoever looks for the first time finds nothing to do, and neither does the planner.
        expect(nameRequests(world, new Evaluator(everywhere).evaluate(world))).toEqual([]);
        const { graph, snapshot } = planningOf(world);
        expect(buildPlan({ graph, snapshot, now: world.now, request: { select: "*" } })).toMatchObject({
          plan: { stepCount: 0 },
        });
      }),
      { numRuns: 40, seed: 14 },
    );
  });
});

it("a set of partitions is read back as it was named, in every space", () => {
  const ranges = fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.nat(specs.length - 1), ranges, (index, wanted) => {
      const space = createPartitionSpace(specs[index] ?? null, now);
      if (space.size === 0) return;
      const set = normalizeRanges(
        wanted.map(([from, length]): OrdinalRange => [
          from % space.size,
          Math.min(space.size, (from % space.size) + length + 1),
        ]),
      );
      const named = namePartitions(space, set);
      if (space.spec === null) {
        expect(named).toBeNull();
        return;
      }
      const read = (named ?? "").split(",").flatMap((term) => {
        const meaning = findTerm(term, space);
        return meaning.kind === "found" && !meaning.isCut ? meaning.ranges : [];
      });
      expect(normalizeRanges(read)).toEqual(set);
    }),
    { numRuns: 400, seed: 15 },
  );
});
