import { fingerprint } from "@watersmeet/core/values";
import type { ClaimedStep, StepExecutor, StepFailure, StepListener, StepOutcome } from "../../src/step/step.ts";
import type { Commit } from "../../src/stores/store.ts";

export type StepBehaviour = (
  step: ClaimedStep,
  signal: AbortSignal,
  listener: StepListener,
) => Promise<StepOutcome | undefined> | StepOutcome | undefined;

/** An executor that commits nothing anywhere; `behave` may give another outcome. */
export function createTestExecutor(behave: StepBehaviour = () => undefined): StepExecutor {
  return {
    async execute(step, listener, signal) {
      return (await behave(step, signal, listener)) ?? (signal.aborted ? { kind: "cancelled" } : committed(step));
    },
    async [Symbol.asyncDispose]() {},
  };
}

export function committed(step: ClaimedStep, version = 1): StepOutcome {
  const commitId = fingerprint([step.asset, step.partition, step.runId]);
  const commit: Commit = {
    commitId,
    asset: step.asset,
    partition: step.partition,
    version,
    rowCount: 3,
    dataDigest: fingerprint([commitId]).slice(0, 32),
    record: null,
    committedAt: new Date().toISOString(),
    isReplay: false,
  };
  return {
    kind: "committed",
    commit,
    sizeBytes: 10,
    quarantinedCount: 0,
    facts: {},
    timings: { userMs: 1, stageMs: 0, gateMs: 0, commitMs: 0 },
  };
}

export function failed(overrides: Partial<StepFailure> = {}): StepOutcome {
  return {
    kind: "failed",
    failure: {
      class: "permanent",
      code: "USER_CODE_THREW",
      message: "it threw",
      hint: null,
      stack: null,
      details: null,
      retryAfterMs: null,
      ...overrides,
    },
  };
}
