import type { RunRecord, StepState } from "@watersmeet/runtime";
import type { StepSummary } from "../../read/run-summary.ts";

/** How far a run is, for bars and lines. */
export interface RunProgress {
  readonly assets: readonly AssetProgress[];
  readonly done: number;
  readonly total: number;
  /** Failed or blocked. */
  readonly failed: number;
  readonly running: number;
  readonly elapsedMs: number;
  readonly stepsPerSecond: number;
  /** `null` while nothing is done, or nothing is left. */
  readonly remainingMs: number | null;
}

export interface AssetProgress {
  readonly asset: string;
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  readonly rowCount: number;
}

const terminalStates = [
  "succeeded",
  "unchanged",
  "failed",
  "blocked",
  "upstreamFailed",
  "cancelled",
] as const satisfies readonly StepState[];

export function buildRunProgress(run: RunRecord, steps: readonly StepSummary[], now: Date): RunProgress {
  const assets = steps.map(toAssetProgress);
  const done = sum(assets.map((asset) => asset.done));
  const total = sum(assets.map((asset) => asset.total));
  const elapsedMs =
    run.startedAt === null ? 0 : Math.max(0, (run.finishedAt ?? now).getTime() - run.startedAt.getTime());
  const stepsPerSecond = elapsedMs === 0 ? 0 : (done * 1000) / elapsedMs;
  return {
    assets,
    done,
    total,
    failed: sum(assets.map((asset) => asset.failed)),
    running: sum(steps.map((summary) => summary.steps.running)),
    elapsedMs,
    stepsPerSecond,
    remainingMs: stepsPerSecond === 0 || done === total ? null : ((total - done) * 1000) / stepsPerSecond,
  };
}

function toAssetProgress({ asset, steps, rowCount }: StepSummary): AssetProgress {
  return {
    asset,
    done: sum(terminalStates.map((state) => steps[state])),
    total: sum(Object.values(steps)),
    failed: steps.failed + steps.blocked,
    rowCount,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
