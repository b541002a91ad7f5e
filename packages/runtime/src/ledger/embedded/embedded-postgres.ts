import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WatersmeetError } from "@watersmeet/core/errors";
import { fingerprint } from "@watersmeet/core/values";
import pg from "pg";
import { findBinaries, sharedDirectory, type Binaries } from "./binaries.ts";
import { buildUnwritable, initialiseCluster, readClusterPassword, superuser } from "./initialise-cluster.ts";
import { findPostmaster, isAlive, type Postmaster } from "./postmaster-file.ts";
import { ensureServerAccount, isReachable, type ServerAccount } from "./server-account.ts";

/** A PostgreSQL server of the project's own, shared by its processes. */
export interface EmbeddedPostgres extends AsyncDisposable {
  readonly url: string;
  /** Where the cluster lies: not below the project when the server's account cannot reach that. */
  readonly dataDirectory: string;
  readonly postmasterPid: number;
  /** Whether this call started the server, or found one running (another process's, or one that a crash left behind). */
  readonly isStarted: boolean;
}

/**
 * Starts the server of a project, or attaches to the one that runs. Safe for any number of processes at once, without a lock file:
 * the cluster is made aside and renamed, and PostgreSQL lets one server into a data directory.
 *
 * Each process holds a session with a shared advisory lock. Who leaves and gets the lock alone stops the server; a process that
 * dies gives its lock back by dying. The server has a process group of its own, so Ctrl-C reaches it only through us.
 *
 * @throws {LEDGER_EMBEDDED_FAILED} with the end of the server's log
 */
export async function openEmbeddedPostgres(wantedDirectory: string): Promise<EmbeddedPostgres> {
  const account = await ensureServerAccount();
  const dataDirectory = chooseDataDirectory(wantedDirectory, account);
  const binaries = findBinaries(account);
  if (!existsSync(join(dataDirectory, "PG_VERSION"))) {
    await initialiseCluster(binaries, dataDirectory, account);
    // Outside of the project nothing else tells whose it is.
    if (dirname(dataDirectory) !== wantedDirectory)
      await writeFile(join(dirname(dataDirectory), "project"), wantedDirectory);
  }
  // A folder that is not there tells everybody that the project is gone, and that nobody needs its server.
  await mkdir(wantedDirectory, { recursive: true }).catch((cause: unknown) => {
    throw buildUnwritable(wantedDirectory, cause);
  });
  const password = await readClusterPassword(dataDirectory);
  const cluster: Cluster = { binaries, dataDirectory, account, password, logPath: `${dataDirectory}.log` };
  const deadline = Date.now() + startTimeoutMs;
  let isStarted = false;
  while (Date.now() < deadline) {
    const postmaster = findPostmaster(dataDirectory);
    if (postmaster === undefined) isStarted = (await startServer(cluster)) || isStarted;
    else if (postmaster.isReady) {
      const holder = await tryHold(cluster, postmaster);
      if (holder !== undefined) return buildHandle({ cluster, postmaster, holder, isStarted });
    }
    await sleep(20);
  }
  throw buildStartFailure(cluster, `did not become ready within ${startTimeoutMs / 1000} s`);
}

const startTimeoutMs = 20_000;
const databaseName = "postgres";
const holdLock = "hashtextextended('watersmeet.embedded', 0)";

interface Cluster {
  readonly binaries: Binaries;
  readonly dataDirectory: string;
  readonly account: ServerAccount | null;
  readonly password: string;
  readonly logPath: string;
}

function chooseDataDirectory(wanted: string, account: ServerAccount | null): string {
  const inside = join(wanted, "data");
  if (isReachable(inside, account)) return inside;
  return join(sharedDirectory, `project-${fingerprint([wanted]).slice(0, 16)}`, "data");
}

/** False when another process was first. */
async function startServer(cluster: Cluster): Promise<boolean> {
  const port = await findFreePort();
  const log = openSync(cluster.logPath, "w", 0o600);
  const flags = Object.entries({ ...serverSettings, port }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn(cluster.binaries.postgres, ["-D", cluster.dataDirectory, ...flags], {
    detached: true,
    stdio: ["ignore", log, log],
    cwd: "/",
    env: { ...process.env, LC_ALL: "C" },
    ...cluster.account,
  });
  closeSync(log);
  const ended = new Promise<string | undefined>((resolve) => {
    server.once("error", (error) => resolve(String(error)));
    server.once("exit", (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`));
  });
  server.unref();
  for (;;) {
    const end = await Promise.race([ended, sleep(15)]);
    const running = findPostmaster(cluster.dataDirectory);
    if (end === undefined && running?.pid === server.pid && running?.isReady === true) return true;
    if (end !== undefined && running !== undefined && running.pid !== server.pid) return false;
    if (end !== undefined) throw buildStartFailure(cluster, end);
  }
}

/** Durable, quiet, small, and reachable from this machine only. */
const serverSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: 200,
  shared_buffers: "128MB",
  max_wal_size: "1GB",
  wal_compression: "on",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_min_messages: "warning",
  log_checkpoints: "off",
  autovacuum_naptime: "15s",
};

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("no free port"));
      });
    });
  });
}

/** Undefined when the server is on its way down, or turns out not to be ours. */
async function tryHold(cluster: Cluster, postmaster: Postmaster): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    connectionString: buildUrl(cluster, postmaster),
    application_name: "watersmeet-holder",
    connectionTimeoutMillis: 5000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(`select pg_advisory_lock_shared(${holdLock})`);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    if (error instanceof pg.DatabaseError && error.code === "28P01") {
      throw buildStartFailure(
        cluster,
        `on port ${postmaster.port} refuses the password that ${cluster.dataDirectory} holds`,
      );
    }
    return undefined;
  }
}

function buildUrl(cluster: Cluster, postmaster: Postmaster): string {
  return `postgres://${superuser}:${cluster.password}@127.0.0.1:${postmaster.port}/${databaseName}`;
}

function buildHandle(parts: {
  readonly cluster: Cluster;
  readonly postmaster: Postmaster;
  readonly holder: pg.Client;
  readonly isStarted: boolean;
}): EmbeddedPostgres {
  const { cluster, postmaster, holder, isStarted } = parts;
  return {
    url: buildUrl(cluster, postmaster),
    dataDirectory: cluster.dataDirectory,
    postmasterPid: postmaster.pid,
    isStarted,
    async [Symbol.asyncDispose]() {
      if (await isAlone(holder)) await stopServer(postmaster.pid);
      await holder.end().catch(() => {});
    },
  };
}

/** While the lock is held alone, a process that attaches waits for it, is turned away by the shutdown, and starts the server again. */
async function isAlone(holder: pg.Client): Promise<boolean> {
  try {
    await holder.query(`select pg_advisory_unlock_shared(${holdLock})`);
    const { rows } = await holder.query<{ alone: boolean }>(`select pg_try_advisory_lock(${holdLock}) as alone`);
    return rows[0]?.alone === true;
  } catch {
    // The server is gone already.
    return false;
  }
}

/** Fast shutdown: sessions are ended, what is committed is on disk. */
async function stopServer(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGINT");
  } catch {
    return;
  }
  const deadline = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < deadline) await sleep(10);
  if (isAlive(pid)) process.kill(pid, "SIGQUIT");
}

function buildStartFailure(cluster: Cluster, what: string): WatersmeetError {
  const tail = existsSync(cluster.logPath) ? readFileSync(cluster.logPath, "utf8").trim().split("\n").slice(-15) : [];
  return new WatersmeetError(
    "LEDGER_EMBEDDED_FAILED",
    [`The embedded database ${what}`, ...tail.map((line) => `  ${line}`)].join("\n"),
    {
      hint: `Its log is ${cluster.logPath}. Set DATABASE_URL to use another PostgreSQL.`,
      details: { dataDirectory: cluster.dataDirectory, folder: dirname(cluster.dataDirectory) },
    },
  );
}
