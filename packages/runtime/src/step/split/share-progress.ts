import type { StepListener } from "../step.ts";

/** A listener for each of several slices: what they say of their progress adds up to that of the step. */
export function shareProgress(listener: StepListener, count: number): readonly StepListener[] {
  const shares = Array.from({ length: count }, (): { done: number; total: number | null } => ({
    done: 0,
    total: null,
  }));
  const tell = (message: string | null): void => {
    let done = 0;
    // Slices that have not said anything yet may have any number to do.
    let total: number | null = 0;
    for (const share of shares) {
      done += share.done;
      total = total === null || share.total === null ? null : total + share.total;
    }
    listener.progress(done, total, message);
  };
  return shares.map((share) => ({
    log: (line) => listener.log(line),
    progress(done, total, message) {
      share.done = done;
      share.total = total;
      tell(message);
    },
  }));
}
