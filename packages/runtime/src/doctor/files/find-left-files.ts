import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../../ledger/embedded/postmaster-file.ts";
import { violation, type Violation } from "../violations.ts";

/** Folders of the state directory in which each process has one of its own, named `<pid>-<random>`. */
const sessionKinds = ["staging", "exchange"] as const;

/** I8: what processes left behind that are gone. */
export async function findLeftStaging(stateDirectory: string): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const kind of sessionKinds) {
    const folder = join(stateDirectory, kind);
    for (const session of await list(folder)) {
      const pid = Number.parseInt(session, 10);
      if (Number.isSafeInteger(pid) && pid > 0 && isAlive(pid)) continue;
      const file = join(folder, session);
      found.push(violation("STAGING_LEFT", { file }, `process ${session.split("-")[0]} is gone and has left ${file}`));
    }
  }
  return found;
}

/** I12: files with a password that others than their owner may read. */
export async function findReadableSecrets(files: readonly string[]): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const file of files) {
    const facts = await stat(file).catch(() => null);
    if (facts === null || process.platform === "win32" || (facts.mode & 0o077) === 0) continue;
    const mode = (facts.mode & 0o777).toString(8);
    found.push(violation("SECRET_READABLE", { file }, `${file} holds a password and has mode ${mode}`));
  }
  return found;
}

async function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
