import { readdir, readFile } from "node:fs/promises";

export interface CpuMeter {
  /** Microseconds of CPU since the processes began: of this process with its threads, and of the server with all its sessions, living and ended. */
  read(): Promise<{ readonly nodeUs: number; readonly postgresUs: number }>;
}

/** Linux counts in hundredths of a second. */
const tickUs = 10_000;

export function startCpuMeter(postmasterPid: number): CpuMeter {
  return {
    async read() {
      const { user, system } = process.cpuUsage();
      return { nodeUs: user + system, postgresUs: await readServer(postmasterPid) };
    },
  };
}

async function readServer(postmasterPid: number): Promise<number> {
  let ticks = 0;
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => undefined);
    if (stat === undefined) continue;
    // After the name in parentheses: state, ppid, … utime 14th, stime 15th, of ended children 16th and 17th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const isPostmaster = Number(entry) === postmasterPid;
    if (!isPostmaster && Number(fields[1]) !== postmasterPid) continue;
    ticks += Number(fields[11]) + Number(fields[12]) + (isPostmaster ? Number(fields[13]) + Number(fields[14]) : 0);
  }
  return ticks * tickUs;
}
