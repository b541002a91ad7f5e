import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PostgreSQL server for tests. */
export interface PostgresServer {
  /** A superuser's. */
  readonly url: string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The server of DATABASE_URL, which is left running, or an embedded one in a temporary folder. */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env["DATABASE_URL"];
  if (given !== undefined && given !== "") return { url: given, stop: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-test-pg-"));
  // As root, the server runs as another user, who must reach the folder.
  await chmod(folder, 0o755);
  // A process of plain Node: vitest's own loader cannot resolve the server's binaries.
  const server = fork(join(import.meta.dirname, "postgres-process.ts"), [folder]);
  const [url] = await Promise.race([once(server, "message"), failOnExit(server)]);
  return {
    url: String(url),
    async stop() {
      const ended = once(server, "exit");
      server.disconnect();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function failOnExit(server: ReturnType<typeof fork>): Promise<never> {
  const [code] = await once(server, "exit");
  throw new Error(`the tests' PostgreSQL server ended with ${code} before it was ready`);
}
