import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { isWatchdogData, memoryMark, peakPageBytes } from "./watchdog-data.ts";

/*
 * A thread beside user code, so that a loop without `await` cannot stop it. It ends the process when its parent is gone, and when the
 * memory outside of V8's heap (buffers, native code) grows over the limit, which V8 does not watch.
 */
const data: unknown = workerData;
if (isWatchdogData(data)) {
  const { parentPid, maxRssBytes } = data;
  const peak = new Int32Array(data.peak);
  setInterval(() => {
    if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
    const rss = process.memoryUsage.rss();
    peak[0] = Math.max(peak[0] ?? 0, Math.ceil(rss / peakPageBytes));
    if (rss <= maxRssBytes) return;
    writeSync(2, `\n${memoryMark}${rss}\n`);
    process.kill(process.pid, "SIGKILL");
  }, 200);
}
