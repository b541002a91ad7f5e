import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A part of the processor, for a command and everything that it starts. */
export interface ProcessorShare extends AsyncDisposable {
  /** What to put before the command. */
  readonly command: readonly string[];
}

const groups = "/sys/fs/cgroup/cpu";
/** The longest that the kernel takes. What has used up its share stands still until the period ends: up to a second at a time. */
const periodUs = 1_000_000;

/** A control group of the kernel, which costs others nothing; where none may be made, one core that busy loops want too. */
export function openShare(cores: number): ProcessorShare {
  const group = `${groups}/watersmeet-slow-${process.pid}`;
  try {
    mkdirSync(group);
    writeFileSync(`${group}/cpu.cfs_period_us`, String(periodUs));
    writeFileSync(`${group}/cpu.cfs_quota_us`, String(Math.round(cores * periodUs)));
  } catch {
    return shareOneCore(cores);
  }
  return {
    command: ["sh", "-c", 'echo $$ > "$0" && exec "$@"', `${group}/cgroup.procs`],
    [Symbol.asyncDispose]: () => removeGroup(group),
  };
}

function shareOneCore(cores: number): ProcessorShare {
  const loops = Array.from({ length: Math.max(1, Math.round(1 / cores) - 1) }, () =>
    spawn("taskset", ["-c", "0", process.execPath, "-e", "for (;;);"], { stdio: "ignore" }),
  );
  return {
    command: ["taskset", "-c", "0"],
    async [Symbol.asyncDispose]() {
      const ended = loops.map((loop) => once(loop, "exit"));
      for (const loop of loops) loop.kill("SIGKILL");
      await Promise.all(ended);
    },
  };
}

/** Once its processes are gone, which the kernel may notice late. */
async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return rmdirSync(group);
    } catch {
      await delay(100);
    }
  }
  process.stderr.write(`${group} has processes that the tests left behind\n`);
}
