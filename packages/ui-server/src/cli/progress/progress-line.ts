import { countOf, formatCount, formatDuration } from "../render/quantities.ts";
import type { Outlet } from "../terminal/terminal.ts";
import type { ProgressReporter } from "./progress-reporter.ts";
import type { RunProgress } from "./run-progress.ts";

const minGapMs = 2000;

/** For logs and pipes: a plain line when something moved, at most every two seconds. */
export function createLineReporter(outlet: Pick<Outlet, "write">, now: () => Date): ProgressReporter {
  let shownAt = Number.NEGATIVE_INFINITY;
  let shown = "";
  const show = (progress: RunProgress): void => {
    const line = renderProgressLine(progress);
    if (line !== shown) outlet.write(`${line}\n`);
    shown = line;
  };
  return {
    update(progress) {
      if (now().getTime() - shownAt < minGapMs) return;
      shownAt = now().getTime();
      show(progress);
    },
    finish: show,
  };
}

/** `12 of 300 steps, 4 running, 1 failed, 35.2/s, 8.2 s left` */
export function renderProgressLine(progress: RunProgress): string {
  const parts = [`${formatCount(progress.done)} of ${countOf(progress.total, "step")}`];
  if (progress.running > 0) parts.push(`${formatCount(progress.running)} running`);
  if (progress.failed > 0) parts.push(`${formatCount(progress.failed)} failed`);
  if (progress.stepsPerSecond > 0) parts.push(`${progress.stepsPerSecond.toFixed(1)}/s`);
  if (progress.remainingMs !== null) parts.push(`${formatDuration(progress.remainingMs)} left`);
  return parts.join(", ");
}
