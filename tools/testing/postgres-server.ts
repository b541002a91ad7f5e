import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser's URL of the server that this run of the tests uses. Make a database of your own on it: see `test-database.ts`. */
    postgresUrl: string;
  }
}

/** One PostgreSQL server for the whole run: that of DATABASE_URL, or an embedded one in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["DATABASE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("postgresUrl", given);
    return async () => {};
  }
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-test-pg-"));
  // As root, the server runs as another user, who must reach the folder.
  await chmod(folder, 0o755);
  // A process of plain Node: vitest's own loader cannot resolve the server's binaries.
  const server = fork(join(import.meta.dirname, "postgres-process.ts"), [folder]);
  const [url] = await Promise.race([once(server, "message"), failOnExit(server)]);
  project.provide("postgresUrl", String(url));
  return async () => {
    const ended = once(server, "exit");
    server.disconnect();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
}

async function failOnExit(server: ReturnType<typeof fork>): Promise<never> {
  const [code] = await once(server, "exit");
  throw new Error(`the tests' PostgreSQL server ended with ${code} before it was ready`);
}
