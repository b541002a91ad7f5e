import { availableParallelism, loadavg } from "node:os";
import { performance } from "node:perf_hooks";

/**
 * How busy this worker and its machine are, in [0, 1]: the larger of the share of time that the event loop has worked since the last look, and the runnable
 * processes of the last minute by processors. What a limit that adapts must not add to.
 */
export function createLoadMeter(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return Math.min(1, Math.max(utilization, (loadavg()[0] ?? 0) / availableParallelism()));
  };
}
