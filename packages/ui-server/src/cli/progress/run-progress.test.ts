import type { AssetKey } from "@watersmeet/core/values";
import type { RunId, RunRecord, StepState } from "@watersmeet/runtime";
import { expect, test } from "vitest";
import { renderProgressLine, createLineReporter } from "./progress-line.ts";
import { buildRunProgress } from "./run-progress.ts";

const noSteps: Readonly<Record<StepState, number>> = {
  waiting: 0,
  ready: 0,
  running: 0,
  succeeded: 0,
  unchanged: 0,
  failed: 0,
  blocked: 0,
  upstreamFailed: 0,
  cancelled: 0,
};

const startedAt = new Date("2001-01-01T00:00:00Z");
const run: RunRecord = {
  id: "r1" as RunId,
  kind: "run",
  environment: "prod",
  state: "running",
  select: "*",
  partitions: null,
  requestedBy: "test",
  createdAt: startedAt,
  startedAt,
  finishedAt: null,
  maxParallel: null,
  onDeploy: "pin",
  failure: null,
  stepCount: 10,
  skipped: {},
  steps: noSteps,
};

function progressOf(counts: Partial<Record<StepState, number>>, seconds: number) {
  const steps = { ...noSteps, ...counts };
  const summary = {
    asset: "orders" as AssetKey,
    steps,
    firstStartedAt: startedAt,
    lastFinishedAt: null,
    busyMs: 0,
    rowCount: 0,
  };
  return buildRunProgress(run, [summary], new Date(startedAt.getTime() + seconds * 1000));
}

test("the rate is that of the whole run, and the time left follows from it", () => {
  const progress = progressOf({ succeeded: 3, failed: 1, upstreamFailed: 1, running: 2, waiting: 3 }, 10);
  expect(progress).toMatchObject({
    done: 5,
    total: 10,
    failed: 1,
    running: 2,
    stepsPerSecond: 0.5,
    remainingMs: 10_000,
  });
  expect(renderProgressLine(progress)).toBe("5 of 10 steps, 2 running, 1 failed, 0.5/s, 10.0 s left");
});

test("with nothing done there is no time left to tell", () => {
  expect(renderProgressLine(progressOf({ waiting: 10 }, 5))).toBe("0 of 10 steps");
});

test("plain lines come at most every two seconds, and the last one always", () => {
  const lines: string[] = [];
  let now = 0;
  const outlet = { write: (text: string) => void lines.push(text) };
  const reporter = createLineReporter(outlet, () => new Date(now));
  for (const seconds of [1, 2, 3, 4]) {
    now = seconds * 1000;
    reporter.update(progressOf({ succeeded: seconds, waiting: 10 - seconds }, seconds));
  }
  now = 4500;
  reporter.finish(progressOf({ succeeded: 10 }, 5));
  expect(lines).toEqual([
    "1 of 10 steps, 1.0/s, 9.0 s left\n",
    "3 of 10 steps, 1.0/s, 7.0 s left\n",
    "10 of 10 steps, 2.0/s\n",
  ]);
});
