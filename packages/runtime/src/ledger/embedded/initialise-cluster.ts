import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Binaries } from "./binaries.ts";
import type { ServerAccount } from "./server-account.ts";

export const superuser = "watersmeet";

/** Kept inside the data directory, so that directory and password are made and moved as one. */
const passwordFile = "watersmeet.password";

/** Makes a cluster beside its place and moves it there: processes that start together cannot see half of one, and one of them wins. */
export async function initialiseCluster(
  binaries: Binaries,
  dataDirectory: string,
  account: ServerAccount | null,
): Promise<void> {
  const temporary = `${dataDirectory}.${process.pid}.${randomBytes(3).toString("hex")}`;
  const password = randomBytes(18).toString("base64url");
  const pwfile = `${temporary}.pw`;
  try {
    await mkdir(dirname(dataDirectory), { recursive: true });
    await mkdir(temporary, { mode: 0o700 });
    await writeFile(pwfile, `${password}\n`, { mode: 0o600 });
  } catch (cause) {
    throw buildUnwritable(dirname(dataDirectory), cause);
  }
  if (account !== null) await giveTo(account, [temporary, pwfile]);
  try {
    await runInitdb(binaries.initdb, { temporary, pwfile, account });
    await writeFile(join(temporary, passwordFile), password, { mode: 0o600 });
    await rename(temporary, dataDirectory).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(pwfile, { force: true });
    await rm(temporary, { recursive: true, force: true });
  }
}

export function buildUnwritable(folder: string, cause: unknown): WatersmeetError {
  return new WatersmeetError("LEDGER_EMBEDDED_FAILED", `${folder} cannot be written: ${String(cause)}`, {
    hint: "Give this user the right to write there, or set DATABASE_URL to use another PostgreSQL.",
    cause,
  });
}

export async function readClusterPassword(dataDirectory: string): Promise<string> {
  return readFile(join(dataDirectory, passwordFile), "utf8");
}

async function giveTo(account: ServerAccount, paths: readonly string[]): Promise<void> {
  for (const path of paths) await chown(path, account.uid, account.gid);
}

async function runInitdb(
  initdb: string,
  options: { readonly temporary: string; readonly pwfile: string; readonly account: ServerAccount | null },
): Promise<void> {
  const flags = [
    `--pgdata=${options.temporary}`,
    `--pwfile=${options.pwfile}`,
    `--username=${superuser}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    // The files are made again if the machine stops during these 0.6 s; afterwards fsync is on.
    "--no-sync",
    "--no-instructions",
  ];
  try {
    await promisify(execFile)(initdb, flags, { env: { ...process.env, LC_ALL: "C" }, cwd: "/", ...options.account });
  } catch (cause) {
    const output = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new WatersmeetError("LEDGER_EMBEDDED_FAILED", `The embedded database could not be initialised: ${output}`, {
      hint: isUnlinked(output)
        ? "The install script of its package was not run. Run it: npm rebuild, or pnpm approve-builds. Or set DATABASE_URL."
        : `Check that ${dirname(options.temporary)} is writable and has 50 MB of space, or set DATABASE_URL.`,
      cause,
    });
  }
}

/** What the loaders of Linux and macOS say. The libraries come without their links, and the install script, which makes them, may be refused. */
function isUnlinked(output: string): boolean {
  return /error while loading shared libraries|Library not loaded/.test(output);
}
