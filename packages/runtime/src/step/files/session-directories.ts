import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Folders of one process below the state directory: for files of attempts, and for files of input rows. */
export interface SessionDirectories {
  readonly staging: string;
  readonly exchange: string;
}

const kinds = ["staging", "exchange"] as const;

/** A session is named after its process, so that what a dead process left can be told from what a living one uses. */
export function nameSession(stateDirectory: string): SessionDirectories {
  const session = `${process.pid}-${randomBytes(4).toString("hex")}`;
  return { staging: join(stateDirectory, "staging", session), exchange: join(stateDirectory, "exchange", session) };
}

/** Removes what processes left that are gone. */
export async function sweepDeadSessions(stateDirectory: string): Promise<void> {
  for (const kind of kinds) {
    const directory = join(stateDirectory, kind);
    for (const session of await list(directory)) {
      if (!isAlive(Number.parseInt(session, 10))) await rm(join(directory, session), { recursive: true, force: true });
    }
  }
}

export async function removeSession({ staging, exchange }: SessionDirectories): Promise<void> {
  await rm(staging, { recursive: true, force: true });
  await rm(exchange, { recursive: true, force: true });
}

async function list(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is one, of another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
