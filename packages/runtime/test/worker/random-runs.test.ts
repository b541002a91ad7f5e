import { createStepDependencies, listSteps, type Plan } from "@watersmeet/core/plan";
import { listOrdinals } from "@watersmeet/core/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger } from "../../src/ledger/create-ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { expectSound } from "../doctor/expect-sound.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { deedOf, outcomeOf, scenario } from "./random-graphs.ts";
import type { StepBehaviour } from "./test-executor.ts";
import { planOf } from "./test-plans.ts";
import { listStepRows, startTestWorker, submit, waitForEnd } from "./test-runs.ts";

/*
 * Two workers apply random plans whose steps succeed, fail for good, fail once, or are blocked. What the ledger says at the end is compared with a model
 * that goes through the expanded graph of the planner, step by step.
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

/** Rows of steps ahead of those that have ended; `null`: all from the start. */
const windows = fc.option(fc.integer({ min: 1, max: 12 }));

/** State by ordinal, as it must be. */
function predict(plan: Plan, seed: number): readonly string[] {
  const dependencies = createStepDependencies(plan);
  const states: string[] = [];
  const isOptional = new Map(
    plan.assets.flatMap((asset) => asset.inputs.map((input) => [`${asset.asset}/${input.position}`, input.isOptional])),
  );
  const steps = [...listSteps(plan)];
  const byPlace = new Map(steps.map((step) => [`${step.asset}@${step.partition}`, step.ordinal]));
  for (const step of steps) {
    const isLost = dependencies.inputsOf(step.ordinal).some(
      (input) =>
        isOptional.get(`${step.asset}/${input.position}`) !== true &&
        input.partitions.some((partition) => {
          const upstream = byPlace.get(`${input.asset}@${partition}`);
          return upstream !== undefined && states[upstream] !== "succeeded";
        }),
    );
    const deed = deedOf(seed, step.ordinal);
    const own = deed === "fail" ? "failed" : deed === "block" ? "blocked" : "succeeded";
    states[step.ordinal] = isLost ? "upstreamFailed" : own;
  }
  return states;
}

test("whatever the graph and whoever fails, every step ends once, as the model says, and never before its inputs", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, windows, async ({ sketches, seed }, windowSize) => {
      const plan = planOf(sketches);
      const dependencies = createStepDependencies(plan);
      const executed = new Map<number, number>();
      const ended = new Set<number>();
      const early: number[] = [];
      const behave: StepBehaviour = (step) => {
        const tries = (executed.get(step.ordinal) ?? 0) + 1;
        executed.set(step.ordinal, tries);
        const waits = dependencies.upstreamOf(step.ordinal).flatMap((range) => [...listOrdinals([range])]);
        const expected = predict(plan, seed);
        if (waits.some((ordinal) => !ended.has(ordinal) && expected[ordinal] !== "upstreamFailed"))
          early.push(step.ordinal);
        const deed = deedOf(seed, step.ordinal);
        if (deed !== "failOnce" || tries > 1) ended.add(step.ordinal);
        return outcomeOf(deed, tries);
      };
      current = behave;
      const id = await submit(ledger.db, sketches, { plan, ...(windowSize === null ? {} : { windowSize }) });
      await waitForEnd(ledger.db, id);
      const expected = predict(plan, seed);
      const rows = await listStepRows(ledger.db, id);
      expect(rows.map((row) => row.state)).toEqual(expected);
      expect(early).toEqual([]);
      for (const row of rows) {
        const tries = row.state === "upstreamFailed" ? undefined : deedOf(seed, row.ordinal) === "failOnce" ? 2 : 1;
        expect(executed.get(row.ordinal)).toBe(tries);
      }
      await expectCountersToAgree(id, expected);
    }),
    { numRuns: 24 },
  );
  await expectSound(ledger.db);
});

async function expectCountersToAgree(id: RunId, expected: readonly string[]): Promise<void> {
  const run = await createLedger(ledger.db).findRun(id);
  const count = (state: string): number => expected.filter((each) => each === state).length;
  expect(run?.steps).toEqual({
    waiting: 0,
    ready: 0,
    running: 0,
    succeeded: count("succeeded"),
    unchanged: 0,
    failed: count("failed"),
    blocked: count("blocked"),
    upstreamFailed: count("upstreamFailed"),
    cancelled: 0,
  });
  expect(run?.state).toBe(count("succeeded") === expected.length ? "succeeded" : "failed");
}
