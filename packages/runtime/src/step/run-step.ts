import { rm } from "node:fs/promises";
import { isWatersmeetError, WatersmeetError } from "@watersmeet/core/errors";
import type { Commit } from "../stores/store.ts";
import { adoptCommit } from "./adopt.ts";
import { callUserCode } from "./call-user-code.ts";
import { readCommitRecord } from "./commit-record.ts";
import { commitStaged } from "./commit.ts";
import { forgetSaved } from "./files/saved-directories.ts";
import { judgeStaged } from "./gate.ts";
import { isSameCut } from "./merge/is-same-cut.ts";
import { openReadSet } from "./merge/read-set.ts";
import { requireComplete } from "./merge/require-complete.ts";
import { outcomeOfError } from "./outcome/classify-failure.ts";
import { prepareStep, type PrepareOptions } from "./prepare.ts";
import { stageOutput } from "./stage.ts";
import { nameStep, type StepExecutorDeps, type StepPhase, type StepWork } from "./step-work.ts";
import type { StepOutcome, StepTimings } from "./step.ts";

/*
 * The life of an attempt.
 *
 *   claimed ──▶ called ──▶ staged ──▶ gated ──▶ committed
 *      │          │          │          │
 *      │          └──────────┴──────────┴──▶ failed | cancelled | blocked
 *      └──▶ unchanged | adopted
 *
 * claimed    The worker holds the step. Nothing is written. When the commit id is that of the head, the attempt is `unchanged`; when the store
 *            has a commit of this id already (its process ended before the record was written), that commit is adopted and no user code runs.
 * called     The author's function has ended well. Its rows are in a sealed file of the attempt's own folder, or its SQL is in memory.
 * staged     The rows are in the store, in tables named by the attempt. Nobody sees them.
 * gated      Every check has passed on exactly the staged rows.
 * committed  Rows, ledger row and head have moved in one transaction of the store. From here on the version exists, whoever records it.
 *
 * What holds at every arrow: before `committed`, the attempt can end anywhere and nothing that anybody reads has changed; what it staged is
 * dropped, by itself or, when its process is gone, by whoever opens the store next. After `committed`, a repeated attempt finds the commit by its
 * id and changes nothing. So the process may be killed between any two of them, and the retry ends in the same rows and one version.
 */
export async function runStep(deps: StepExecutorDeps, options: PrepareOptions): Promise<StepOutcome> {
  const endOf = (error: unknown): StepOutcome =>
    options.signal.aborted ? { kind: "cancelled" } : outcomeOfError(error);
  try {
    const work = prepareStep(deps, options);
    const outcome = await perform(deps, work).catch(endOf);
    if (work.folders.mayExist) await forgetSaved(work.savedDirectory, outcome);
    return outcome;
  } catch (error) {
    return endOf(error);
  }
}

async function perform(deps: StepExecutorDeps, work: StepWork): Promise<StepOutcome> {
  const reach = async (phase: StepPhase): Promise<void> => {
    await deps.onPhase?.(phase, work.step);
    if (phase !== "committed") work.signal.throwIfAborted();
  };
  await reach("claimed");
  return (await findDone(work)) ?? (await makeVersion(work, reach));
}

/** The version may exist already: as the head, or in the store without a record. */
async function findDone(work: StepWork): Promise<StepOutcome | null> {
  const { step, commitId } = work;
  if (step.head?.commitId === commitId) return { kind: "unchanged", commitId };
  const adopted = await adoptCommit(work);
  return adopted === null ? null : adoptedOutcome(adopted);
}

async function makeVersion(work: StepWork, reach: (phase: StepPhase) => Promise<void>): Promise<StepOutcome> {
  const clock = startClock();
  let mayDiscard = true;
  let deadline: AbortSignal | null = null;
  try {
    const readSet = work.spec.merge === null ? null : await openReadSet(work);
    const called = await callUserCode(work);
    if (called.kind === "ended") return called.outcome;
    if (called.value.kind === "messageRows") work.folders.mayExist = false;
    await reach("called");
    const userMs = clock.lap();

    // The function had its timeout; what the store does with its output has as much again.
    deadline = AbortSignal.timeout(work.spec.execution.timeoutMs);
    const signal = AbortSignal.any([work.signal, deadline]);
    const stagedOutput = await stageOutput(work, called.value, signal);
    if (stagedOutput.kind === "ended") return stagedOutput.outcome;
    const staged = stagedOutput.value;
    await reach("staged");
    requireComplete(work, staged);
    if (work.step.head !== null && (await isSameCut(work, staged)))
      return { kind: "unchanged", commitId: work.step.head.commitId };
    const stageMs = clock.lap();

    const gated = await judgeStaged(work, { output: called.value, staged, signal });
    if (gated.kind === "ended") return gated.outcome;
    await reach("gated");
    const gateMs = clock.lap();

    const measurement = gated.value;
    const read = (await readSet?.revalidate()) ?? [];
    if (staged.rows !== undefined) work.listener.publishing?.();
    const { commit, facts } = await commitStaged(work, { staged, measurement, read, report: called.value.report });
    mayDiscard = false;
    await reach("committed");
    const timings: StepTimings = { userMs, stageMs, gateMs, commitMs: clock.lap() };
    const { sizeBytes } = measurement;
    return { kind: "committed", commit, sizeBytes, quarantinedCount: staged.quarantinedCount, facts, timings };
  } catch (error) {
    if (deadline?.aborted === true && !work.signal.aborted) throw timedOut(work, error);
    // What an unknown commit may still be reading is left for whoever opens the store next.
    if (isWatersmeetError(error) && error.code === "STORE_COMMIT_UNKNOWN") mayDiscard = false;
    throw error;
  } finally {
    if (work.folders.mayExist) await rm(work.stagingDirectory, { recursive: true, force: true });
    if (mayDiscard) await discard(work);
  }
}

function timedOut({ step, spec, store }: StepWork, cause: unknown): WatersmeetError {
  const { timeoutMs } = spec.execution;
  const message = `${nameStep(step)} did not end within ${timeoutMs / 1_000} s: the store ${store.name} was still at work on its rows`;
  return new WatersmeetError("STEP_TIMED_OUT", message, {
    hint: "Give it more time with the option timeout, or make the query smaller.",
    details: { timeoutMs },
    cause,
  });
}

/** What cannot be dropped now is dropped with the abandoned stagings; it must not hide how the attempt ended. */
async function discard({ store, target, listener }: StepWork): Promise<void> {
  try {
    await store.discard(target);
  } catch (error) {
    const message = `what attempt ${target.attempt} had staged could not be dropped yet: ${String(error)}`;
    listener.log({ at: new Date().toISOString(), level: "warn", message, fields: {} });
  }
}

function adoptedOutcome(commit: Commit): StepOutcome {
  const record = readCommitRecord(commit);
  return {
    kind: "committed",
    commit,
    sizeBytes: record?.sizeBytes ?? 0,
    quarantinedCount: record?.quarantinedCount ?? 0,
    facts: record?.facts ?? {},
    timings: { userMs: 0, stageMs: 0, gateMs: 0, commitMs: 0 },
  };
}

function startClock(): { lap(): number } {
  let last = performance.now();
  return {
    lap() {
      const now = performance.now();
      const elapsed = Math.round(now - last);
      last = now;
      return elapsed;
    },
  };
}
