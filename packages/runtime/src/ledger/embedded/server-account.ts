import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

/** The user that the server runs as. PostgreSQL refuses to run as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** `null`: the user of this process. As root: `postgres`, made when it is missing, or `nobody` where no user can be made. */
export async function ensureServerAccount(): Promise<ServerAccount | null> {
  if (process.getuid?.() !== 0) return null;
  const existing = findAccount("postgres");
  if (existing !== undefined) return existing;
  await promisify(execFile)("useradd", ["--system", "--user-group", "--no-create-home", "postgres"]).catch(() => {});
  const account = findAccount("postgres") ?? findAccount("nobody");
  if (account === undefined) throw new Error("there is no user that the database server could run as");
  return account;
}

/** Whether the account may pass through every folder on the way to a path. Parts that do not exist yet will be made reachable. */
export function isReachable(path: string, account: ServerAccount | null): boolean {
  if (account === null) return true;
  const stats = statSync(path, { throwIfNoEntry: false });
  const isPassable = stats === undefined || !stats.isDirectory() || canEnter(stats, account);
  const parent = dirname(path);
  return isPassable && (parent === path || isReachable(parent, account));
}

function canEnter(
  stats: { readonly mode: number; readonly uid: number; readonly gid: number },
  account: ServerAccount,
): boolean {
  const shift = stats.uid === account.uid ? 6 : stats.gid === account.gid ? 3 : 0;
  return ((stats.mode >> shift) & 0b001) === 1;
}

function findAccount(name: string): ServerAccount | undefined {
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
