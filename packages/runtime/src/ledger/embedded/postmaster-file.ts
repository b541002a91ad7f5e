import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** What a running server says of itself in its data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
}

/** The server of a data directory, if a process with its pid lives. A file that a crash left behind counts as none. */
export function findPostmaster(dataDirectory: string): Postmaster | undefined {
  const path = join(dataDirectory, "postmaster.pid");
  if (!existsSync(path)) return undefined;
  const postmaster = parsePostmasterFile(readFileSync(path, "utf8"));
  if (postmaster === undefined) return undefined;
  if (isPostgres(postmaster.pid)) return postmaster;
  // After a reboot the pid may belong to somebody else; Postgres itself would then refuse to start for ever.
  rmSync(path, { force: true });
  return undefined;
}

/** Lines: pid, data directory, start time, port, socket directory, address, shared memory, status. It is written in steps. */
export function parsePostmasterFile(text: string): Postmaster | undefined {
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number.isInteger(port) ? port : 0, isReady: lines[7]?.trim() === "ready" };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function isPostgres(pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("postgres");
  } catch {
    // No /proc on this system: trust the pid.
    return true;
  }
}
