import type { RunProgress } from "./run-progress.ts";

/** Shows how far a run is, on stderr. */
export interface ProgressReporter {
  update(progress: RunProgress): void;
  /** The last state; nothing is shown after it. */
  finish(progress: RunProgress): void;
}
