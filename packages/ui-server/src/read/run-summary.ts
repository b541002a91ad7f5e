import type { Json } from "@watersmeet/core/values";
import type { Ledger, Outlier, RunRecord, StepRecord, StepState } from "@watersmeet/runtime";
import { labelPartition } from "./label-partition.ts";
import { readFailure, type FailureDto } from "./run-dto.ts";
import type { SplitDto } from "./split-dto.ts";

export type StepSummary = Awaited<ReturnType<Ledger["summarizeSteps"]>>[number];

/** What a run did to one asset. */
export interface AssetSummaryDto {
  readonly asset: string;
  readonly stepCount: number;
  readonly steps: Readonly<Record<StepState, number>>;
  readonly rowCount: number;
  /** From the first start to the last end, in ms. */
  readonly wallMs: number;
  /** Time that its steps ran, added up, in ms. */
  readonly busyMs: number;
}

/** Steps of one asset that failed in the same way. */
export interface FailureGroupDto {
  readonly asset: string;
  readonly state: "failed" | "blocked";
  readonly partitions: readonly string[];
  /** `transient`, `permanent`, `data` (rows are at fault) or `poison` (it takes its process down). */
  readonly class: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** Up to five rows at fault, when rows are. */
  readonly sampleRows: readonly Readonly<Record<string, Json>>[];
}

export interface RunSummaryDto {
  readonly runId: string;
  readonly state: RunRecord["state"];
  readonly stepCount: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly assets: readonly AssetSummaryDto[];
  readonly rowCount: number;
  readonly wallMs: number;
  readonly busyMs: number;
  /** Steps that ran at the same time, on average: busy time ÷ wall time. */
  readonly parallelism: number;
  readonly failures: readonly FailureGroupDto[];
  /** Steps unlike the others of their asset: those that run far longer, and those with far more rows. */
  readonly outliers: readonly Outlier[];
  /** Partitions that were made in slices of their input's rows. */
  readonly splits: readonly SplitDto[];
}

export function buildRunSummary(
  run: RunRecord,
  steps: readonly StepSummary[],
  found: {
    readonly failed: readonly StepRecord[];
    readonly outliers: readonly Outlier[];
    readonly splits: readonly SplitDto[];
  },
): RunSummaryDto {
  const assets = steps.map(toAssetSummary);
  const wallMs = elapsedMs(run.startedAt, run.finishedAt);
  const busyMs = assets.reduce((total, { busyMs }) => total + busyMs, 0);
  return {
    runId: run.id,
    state: run.state,
    stepCount: run.stepCount,
    skipped: { ...run.skipped },
    assets,
    rowCount: assets.reduce((total, { rowCount }) => total + rowCount, 0),
    wallMs,
    busyMs,
    parallelism: wallMs === 0 ? 0 : busyMs / wallMs,
    failures: groupFailures(found.failed),
    outliers: found.outliers,
    splits: found.splits,
  };
}

/** Steps of one asset that failed in the same way become one entry, with the message of the first, in the order of their first step. */
export function groupFailures(steps: readonly StepRecord[]): readonly FailureGroupDto[] {
  const groups = new Map<string, FailureGroupDto & { readonly partitions: string[] }>();
  for (const step of steps) {
    if (step.state !== "failed" && step.state !== "blocked") continue;
    const failure = readFailure(step.failure);
    const code = failure?.code ?? "INTERNAL";
    const message = failure?.message ?? "The step left no reason";
    const kind = failure?.class ?? "permanent";
    const id = JSON.stringify([step.asset, step.state, kind, code, describeKind(step, failure)]);
    const group = groups.get(id);
    if (group !== undefined) {
      group.partitions.push(step.partition);
      continue;
    }
    const { asset, state, partition } = step;
    const sampleRows = readSampleRows(failure?.details ?? null);
    const hint = failure?.hint ?? null;
    groups.set(id, { asset, state, partitions: [partition], class: kind, code, message, hint, sampleRows });
  }
  return [...groups.values()];
}

function toAssetSummary(summary: StepSummary): AssetSummaryDto {
  const { asset, steps, rowCount, busyMs } = summary;
  const stepCount = Object.values(steps).reduce((total, count) => total + count, 0);
  return {
    asset,
    stepCount,
    steps,
    rowCount,
    wallMs: elapsedMs(summary.firstStartedAt, summary.lastFinishedAt),
    busyMs,
  };
}

/** What is the same in every partition that failed in the same way: the checks of a gate, else the message without the partition. */
function describeKind(step: StepRecord, failure: FailureDto | null): Json {
  const checks = listFailedChecks(failure?.details ?? null).map((check) => readMember(check, "id"));
  if (checks.length > 0) return checks;
  return (failure?.message ?? "").replaceAll(labelPartition(step.asset, step.partition), step.asset);
}

/** Gates leave `details.failures`, each with its `id` and `sample`. */
function listFailedChecks(details: Json): readonly Json[] {
  const failures = readMember(details, "failures");
  return Array.isArray(failures) ? failures : [];
}

function readSampleRows(details: Json): readonly Readonly<Record<string, Json>>[] {
  const samples = listFailedChecks(details).map((check) => readMember(check, "sample"));
  return samples.flatMap((sample) => (Array.isArray(sample) ? sample.filter(isRow) : [])).slice(0, 5);
}

function readMember(value: Json, name: string): Json {
  return isRow(value) ? (value[name] ?? null) : null;
}

function isRow(value: Json): value is { readonly [column: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function elapsedMs(from: Date | null, to: Date | null): number {
  return from === null || to === null ? 0 : Math.max(0, to.getTime() - from.getTime());
}
