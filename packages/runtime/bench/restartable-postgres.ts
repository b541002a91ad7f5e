import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { findBinaries } from "../src/ledger/embedded/binaries.ts";
import { initialiseCluster, readClusterPassword, superuser } from "../src/ledger/embedded/initialise-cluster.ts";
import { ensureServerAccount } from "../src/ledger/embedded/server-account.ts";

/** A server that can be restarted as after a crash, at the same address. */
export interface RestartablePostgres extends AsyncDisposable {
  readonly url: string;
  /** Immediate: what was under way is lost, and the server recovers from its log. Resolves when it answers again. */
  restart(): Promise<void>;
}

export async function startRestartablePostgres(): Promise<RestartablePostgres> {
  const account = await ensureServerAccount();
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-storm-"));
  await chmod(folder, 0o755);
  const dataDirectory = join(folder, "data");
  const binaries = findBinaries(account);
  await initialiseCluster(binaries, dataDirectory, account);
  const port = await findFreePort();
  const url = `postgres://${superuser}:${await readClusterPassword(dataDirectory)}@127.0.0.1:${port}/postgres`;
  const settings = { port, listen_addresses: "127.0.0.1", unix_socket_directories: "", shared_buffers: "256MB" };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const start = async (): Promise<ChildProcess> => {
    const args = ["-D", dataDirectory, ...flags];
    const server = spawn(binaries.postgres, args, { stdio: "ignore", cwd: "/", ...account });
    while (!(await answers(url))) await sleep(20);
    return server;
  };
  const end = async (server: ChildProcess, signal: "SIGQUIT" | "SIGINT"): Promise<void> => {
    server.kill(signal);
    await once(server, "exit");
  };
  let server = await start();
  return {
    url,
    async restart() {
      await end(server, "SIGQUIT");
      server = await start();
    },
    async [Symbol.asyncDispose]() {
      await end(server, "SIGINT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
