import { setTimeout as sleep } from "node:timers/promises";
import type { CutDecision } from "@watersmeet/core/merge";
import { createStepDependencies, listSteps, type Plan } from "@watersmeet/core/plan";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import type { ClaimedStep } from "../../src/step/step.ts";
import { expectSound } from "../doctor/expect-sound.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { deedOf, outcomeOf, scenarioWithWaits, type Scenario } from "./random-graphs.ts";
import type { StepBehaviour } from "./test-executor.ts";
import { executionOf, planOf } from "./test-plans.ts";
import { startTestWorker, submit, waitForEnd } from "./test-runs.ts";

/*
 * Two workers apply random plans in which some assets are merges with terms. Without deadlines the end of every step, and what every merge went on without, is
 * compared with a model that knows the rules and nothing of schedules. With deadlines, which depend on time, every decision is held to what it must be.
 */
let ledger: TestLedger;
let current: StepBehaviour = () => undefined;
const open = new AsyncDisposableStack();
beforeAll(async () => {
  ledger = open.use(await createTestLedger());
  const other = open.use(await openLedger(ledger.url));
  for (const connections of [ledger.connections, other]) {
    open.use(await startTestWorker(connections, (step, signal, listener) => current(step, signal, listener)));
  }
});
afterAll(() => open.disposeAsync());

interface StepEnd {
  readonly state: string;
  readonly missing: readonly string[] | null;
}

/** Branches of a step: what it reads of each, as ordinals of the run. */
interface Branch {
  readonly name: string;
  readonly isOptional: boolean;
  readonly steps: readonly { readonly ordinal: number; readonly place: string }[];
}

function createBranches(plan: Plan): (ordinal: number) => readonly Branch[] {
  const dependencies = createStepDependencies(plan);
  const ordinals = new Map([...listSteps(plan)].map((step) => [`${step.asset}@${step.partition}`, step.ordinal]));
  const assets = new Map(plan.assets.map((asset) => [asset.asset, asset]));
  const assetOf = [...listSteps(plan)].map((step) => assets.get(step.asset));
  return (ordinal) =>
    dependencies.inputsOf(ordinal).flatMap((input): readonly Branch[] => {
      const planned = assetOf[ordinal]?.inputs.find((each) => each.position === input.position);
      if (planned === undefined) return [];
      const steps = input.partitions.flatMap((partition) => {
        const place = `${input.asset}@${partition}`;
        const made = ordinals.get(place);
        return made === undefined ? [] : [{ ordinal: made, place }];
      });
      return [{ name: planned.name, isOptional: planned.isOptional, steps }];
    });
}

/** Ends by ordinal; `heads` are the places that had a version before. */
function predict(plan: Plan, { sketches, seed }: Scenario, heads: ReadonlySet<string>): readonly StepEnd[] {
  const branchesOf = createBranches(plan);
  const waitOf = executionOf(sketches);
  const ends: StepEnd[] = [];
  for (const step of listSteps(plan)) {
    const branches = branchesOf(step.ordinal);
    const isLost = (branch: Branch): boolean =>
      branch.steps.some(({ ordinal }) => ends[ordinal]?.state !== "succeeded");
    const lost = branches.filter(isLost);
    const deed = deedOf(seed, step.ordinal);
    const own = deed === "fail" ? "failed" : deed === "block" ? "blocked" : "succeeded";
    const { wait } = waitOf(step.asset);
    if (wait === undefined || wait.quorum === null) {
      const isOver = lost.some((branch) => !branch.isOptional);
      ends.push({ state: isOver ? "upstreamFailed" : own, missing: null });
      continue;
    }
    const cannot = lost.some(
      (branch) =>
        wait.required.includes(branch.name) ||
        (!branch.isOptional &&
          branch.steps.some(({ ordinal, place }) => ends[ordinal]?.state !== "succeeded" && !heads.has(place))),
    );
    const isTooFew = branches.length - lost.length < wait.quorum;
    if (lost.length > 0 && (cannot || isTooFew)) ends.push({ state: "failed", missing: null });
    else ends.push({ state: own, missing: lost.length === 0 ? null : lost.map((branch) => branch.name) });
  }
  return ends;
}

async function readHeads(): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ place: string }>`select asset || '@' || partition as place from watersmeet.head`.execute(
    ledger.db,
  );
  return new Set(rows.map((row) => row.place));
}

interface EndRow {
  readonly state: string;
  readonly decision: CutDecision | null;
  readonly code: string | null;
  readonly attempt: number;
}

async function readEnds(id: RunId): Promise<readonly EndRow[]> {
  const { rows } = await sql<EndRow>`
    select state, decision, failure ->> 'code' as code, attempt from watersmeet.step where run_id = ${id} order by ordinal`.execute(
    ledger.db,
  );
  return rows;
}

test("without deadlines every step ends as the rules say, and every merge names what it went on without", async () => {
  const scenarios = scenarioWithWaits({ prefix: "q", deadlineMs: fc.constant(null) });
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const plan = planOf(scenario.sketches);
      const expected = predict(plan, scenario, await readHeads());
      const tries = new Map<number, number>();
      current = ({ ordinal }) => {
        tries.set(ordinal, (tries.get(ordinal) ?? 0) + 1);
        return outcomeOf(deedOf(scenario.seed, ordinal), tries.get(ordinal) ?? 1);
      };
      const id = await submit(ledger.db, scenario.sketches, { plan });
      await waitForEnd(ledger.db, id);
      const ends = (await readEnds(id)).map(({ state, decision }): StepEnd => ({
        state,
        missing: decision === null || decision.kind === "complete" ? null : decision.missing,
      }));
      expect(ends).toEqual(expected);
    }),
    { numRuns: 15 },
  );
  await expectSound(ledger.db);
});

test("with deadlines every run ends, no cycle of waiting forms, and no merge leaves out what was there", async () => {
  const scenarios = scenarioWithWaits({ prefix: "d", deadlineMs: fc.option(fc.integer({ min: 1, max: 30 })) });
  await fc.assert(
    fc.asyncProperty(scenarios, fc.option(fc.integer({ min: 1, max: 3 })), async (scenario, maxParallel) => {
      const plan = planOf(scenario.sketches);
      const branchesOf = createBranches(plan);
      const wrong: string[] = [];
      const ended = new Map<number, string>();
      const tries = new Map<number, number>();
      current = async (step) => {
        const { ordinal } = step;
        tries.set(ordinal, (tries.get(ordinal) ?? 0) + 1);
        wrong.push(...findWrongReads(step, branchesOf(ordinal), ended));
        await sleep((scenario.seed + ordinal * 13) % 16);
        const outcome = await outcomeOf(deedOf(scenario.seed, ordinal), tries.get(ordinal) ?? 1);
        ended.set(ordinal, outcome?.kind ?? "committed");
        return outcome;
      };
      const id = await submit(ledger.db, scenario.sketches, { plan, maxParallel });
      await waitForEnd(ledger.db, id);
      const ends = await readEnds(id);
      for (const [ordinal, { code, attempt }] of ends.entries()) {
        const legs = branchesOf(ordinal);
        if (code !== "MERGE_LEGS_MISSING") continue;
        if (attempt > 0 || legs.length === 0)
          wrong.push(`step ${ordinal} gave up after it was executed, or without branches`);
      }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 8 },
  );
  await expectSound(ledger.db);
});

/** Who reads without a decision reads all that the run makes; who has one reads everything that it does not name. */
function findWrongReads(
  step: ClaimedStep,
  branches: readonly Branch[],
  ended: ReadonlyMap<number, string>,
): readonly string[] {
  const missing = step.decision === undefined || step.decision.kind === "complete" ? [] : step.decision.missing;
  return branches.flatMap((branch) => {
    const isThere = branch.steps.every(({ ordinal }) => ended.get(ordinal) === "committed");
    if (isThere || missing.includes(branch.name) || branch.isOptional) return [];
    return [`${step.asset} ${step.partition} reads ${branch.name}, which is not there, without a decision`];
  });
}
