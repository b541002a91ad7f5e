import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import type { RunDto } from "../../read/run-dto.ts";
import type { RunSummaryDto } from "../../read/run-summary.ts";
import { renderFollowedRun, renderRunSummary } from "./run-summary.ts";
import { createStyle, plainStyle } from "./style.ts";

const noSteps = {
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

const run: RunDto = {
  id: "r1",
  kind: "run",
  environment: "prod",
  state: "succeeded",
  select: "+dailyDelays",
  partitions: "2001-01-01..2001-01-31",
  requestedBy: "cli:ana@host",
  createdAt: "2001-01-01T00:00:00.000Z",
  startedAt: "2001-01-01T00:00:00.000Z",
  finishedAt: "2001-01-01T00:01:05.000Z",
  maxParallel: null,
  onDeploy: "pin",
  failure: null,
  stepCount: 63,
  skipped: { upToDate: 12 },
  steps: noSteps,
};

const summary: RunSummaryDto = {
  runId: "r1",
  state: "succeeded",
  stepCount: 63,
  skipped: { upToDate: 12 },
  assets: [
    { asset: "airports", stepCount: 1, steps: { ...noSteps, succeeded: 1 }, rowCount: 7123, wallMs: 840, busyMs: 840 },
    {
      asset: "flights",
      stepCount: 31,
      steps: { ...noSteps, succeeded: 30, unchanged: 1 },
      rowCount: 1_234_567,
      wallMs: 42_000,
      busyMs: 80_000,
    },
    {
      asset: "dailyDelays",
      stepCount: 31,
      steps: { ...noSteps, succeeded: 31 },
      rowCount: 6200,
      wallMs: 30_000,
      busyMs: 45_000,
    },
  ],
  rowCount: 1_247_890,
  wallMs: 65_000,
  busyMs: 125_840,
  parallelism: 1.936,
  failures: [],
  outliers: [],
  splits: [],
};

test("a run that succeeded is summed up by asset", async () => {
  await expect(renderFollowedRun({ run, summary }, plainStyle)).toMatchFileSnapshot("golden/summary-succeeded.txt");
});

test("failures come with their code, message, hint and rows, and with what to do next", async () => {
  const failed: RunSummaryDto = {
    ...summary,
    state: "failed",
    assets: [
      {
        asset: "flights",
        stepCount: 31,
        steps: { ...noSteps, succeeded: 24, blocked: 7 },
        rowCount: 900_000,
        wallMs: 42_000,
        busyMs: 80_000,
      },
      {
        asset: "dailyDelays",
        stepCount: 31,
        steps: { ...noSteps, succeeded: 24, upstreamFailed: 7 },
        rowCount: 4800,
        wallMs: 30_000,
        busyMs: 45_000,
      },
    ],
    failures: [
      {
        asset: "flights",
        state: "blocked",
        partitions: Array.from({ length: 7 }, (_, index) => `2001-01-0${index + 1}`),
        class: "data",
        code: "GATE_FAILED",
        message: "2 of 30,000 rows were refused:\ndistance must be at least 0",
        hint: "The previous version stays served",
        sampleRows: [{ origin: "SFO", distance: -1 }],
      },
    ],
  };
  const text = renderFollowedRun({ run: { ...run, state: "failed" }, summary: failed }, plainStyle);
  await expect(text).toMatchFileSnapshot("golden/summary-failed.txt");
});

test("a step that was set aside, and rows that are at fault, are named as such", () => {
  const failure = {
    asset: "flights",
    state: "failed" as const,
    partitions: [""],
    code: "CHILD_DIED",
    message: "flights ended its process",
    hint: null,
    sampleRows: [],
  };
  const shown = (kind: string) =>
    renderFollowedRun(
      { run, summary: { ...summary, state: "failed", failures: [{ ...failure, class: kind }] } },
      plainStyle,
    );
  expect(shown("poison")).toContain("failed flights  (poison: set aside, because it takes its process down)");
  expect(shown("data")).toContain("failed flights  (data: rows are at fault)");
  expect(shown("permanent")).toContain("failed flights\n");
});

test("a run that was cancelled says how to go on, quoted for the shell", () => {
  const cancelled = {
    run: { ...run, select: "*", partitions: null },
    summary: { ...summary, state: "cancelled" as const },
  };
  expect(renderFollowedRun(cancelled, plainStyle)).toContain("To go on: watersmeet run '*'");
});

test("nothing to do is said plainly", () => {
  const idle = { run, summary: { ...summary, stepCount: 0, assets: [] } };
  expect(renderFollowedRun(idle, plainStyle)).toBe("Nothing to do: 12 up to date");
});

test("without colours there is no escape sequence, and with them the words are the same", () => {
  const plain = renderFollowedRun({ run, summary }, plainStyle);
  const colored = renderFollowedRun({ run, summary }, createStyle({ hasColor: true, columns: 100 }));
  expect(plain).not.toContain("\u001b");
  expect(colored).toContain("\u001b");
  // oxlint-disable-next-line no-control-regex -- colours are control characters
  expect(colored.replace(/\u001b\[\d+m/g, "").replace(/ +$/gm, "")).toBe(plain);
});

test("steps unlike their siblings are named, with what is usual", () => {
  const [asset, partition] = [parseAssetKey("orders"), "2026-01-02" as PartitionKey];
  const outliers = [
    { kind: "straggler", asset, partition, elapsedMs: 754_000, medianMs: 4_000 },
    { kind: "skewed", asset, partition, rowCount: 91_000, medianRows: 1_000, tookMs: 90_000 },
  ] as const;
  const followed = renderFollowedRun({ run, summary: { ...summary, outliers } }, plainStyle);
  for (const text of [followed, renderRunSummary({ ...summary, outliers }, plainStyle)]) {
    expect(text).toContain("orders@2026-01-02 runs for 12 min 34 s; its siblings took 4.0 s");
    expect(text).toContain("orders@2026-01-02 has 91,000 rows and took 1 min 30 s; its siblings have 1,000");
  }
});
