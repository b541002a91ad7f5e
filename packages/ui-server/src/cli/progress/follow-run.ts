import type { RunId, RunRecord, Watersmeet } from "@watersmeet/runtime";
import { findRunSummary, getRun } from "../../read/list-runs.ts";
import { toRunDto, type RunDto } from "../../read/run-dto.ts";
import type { RunSummaryDto } from "../../read/run-summary.ts";
import { tell, type CommandDeps } from "../deps.ts";
import type { ExitCode } from "../exit-codes.ts";
import { countOf } from "../render/quantities.ts";
import { createLineReporter } from "./progress-line.ts";
import type { ProgressReporter } from "./progress-reporter.ts";
import { buildRunProgress, type RunProgress } from "./run-progress.ts";
import { tellOpenBreakers } from "./tell-breakers.ts";

/** What `--json` prints of a run that was followed to its end. */
export interface FollowedRun {
  readonly run: RunDto;
  readonly summary: RunSummaryDto;
}

/** How often to look whether the worker that does our run is still there. */
const workerCheckMs = 5000;

/**
 * Follows a run to its end and shows its progress. Steps are done by the worker that is there, or else by one in this process.
 * Ctrl-C cancels the run, waits for running steps to stop, and leaves what is finished.
 */
export async function followRun(watersmeet: Watersmeet, started: RunRecord, deps: CommandDeps): Promise<FollowedRun> {
  if (!isOver(started)) await followToEnd(watersmeet, started, deps);
  const run = await getRun(watersmeet.ledger, started.id);
  return { run: toRunDto(run), summary: await findRunSummary(watersmeet, run.id) };
}

/** What the exit codes of a command mean that follows a run. */
export const followedExitCodes = {
  1: "a step failed or was blocked by a gate, or a deployment cancelled the run",
  3: "the project's sources have problems",
  130: "cancelled",
} as const satisfies Partial<Record<ExitCode, string>>;

export function exitCodeOf({ run }: FollowedRun): ExitCode {
  if (run.state === "succeeded") return 0;
  if (run.failure !== null) return 1;
  return run.state === "cancelled" ? 130 : 1;
}

async function followToEnd(watersmeet: Watersmeet, started: RunRecord, deps: CommandDeps): Promise<void> {
  await using _worker = await ensureWorker(watersmeet, deps);
  using _cancelling = cancelOnInterrupt(watersmeet, started.id, deps);
  tell(deps, `Run ${started.id}: ${countOf(started.stepCount, "step")}`);
  const reporter = await createReporter(deps);
  let progress: RunProgress | undefined;
  const isStill = (): boolean => progress !== undefined && progress.running === 0 && progress.done < progress.total;
  await using _telling = tellOpenBreakers(watersmeet, { isStill, deps });
  try {
    for await (const run of watersmeet.followRun(started.id)) {
      progress = buildRunProgress(run, await watersmeet.ledger.summarizeSteps(started.id), deps.now());
      reporter.update(progress);
    }
  } finally {
    if (progress !== undefined) reporter.finish(progress);
  }
}

function isOver(run: RunRecord): boolean {
  return run.state === "succeeded" || run.state === "failed" || run.state === "cancelled";
}

/** A worker for as long as the run is followed: that which is there, and one in this process as soon as there is none. */
async function ensureWorker(watersmeet: Watersmeet, deps: CommandDeps): Promise<AsyncDisposable> {
  if (!(await watersmeet.hasLiveWorker())) return watersmeet.startWorker();
  tell(deps, "A worker is running already: it does the work, and this command follows");
  let own: AsyncDisposable | undefined;
  let checking: Promise<void> | undefined;
  const check = async (): Promise<void> => {
    if (own !== undefined || (await watersmeet.hasLiveWorker())) return;
    tell(deps, "The worker has gone: this command goes on with the work");
    own = await watersmeet.startWorker();
  };
  const timer = setInterval(() => {
    checking ??= check()
      .catch((error: unknown) => tell(deps, `Could not look after the worker: ${String(error)}`))
      .finally(() => (checking = undefined));
  }, workerCheckMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await checking;
      await own?.[Symbol.asyncDispose]();
    },
  };
}

function cancelOnInterrupt(watersmeet: Watersmeet, id: RunId, deps: CommandDeps): Disposable {
  const cancel = (): void => {
    tell(deps, "\nCancelling: running steps are being stopped, finished ones stay. Ctrl-C again ends this at once.");
    watersmeet
      .cancelRun(id, deps.requestedBy)
      .catch((error: unknown) => tell(deps, `The run could not be cancelled: ${String(error)}`));
  };
  if (deps.interrupted.aborted) cancel();
  else deps.interrupted.addEventListener("abort", cancel, { once: true });
  return { [Symbol.dispose]: () => deps.interrupted.removeEventListener("abort", cancel) };
}

async function createReporter({ terminal, now }: CommandDeps): Promise<ProgressReporter> {
  if (!terminal.err.isTerminal) return createLineReporter(terminal.err, now);
  const { createBarReporter } = await import("./progress-bars.ts");
  return createBarReporter({ stream: process.stderr, rows: process.stderr.rows ?? 24, style: terminal.err.style });
}
