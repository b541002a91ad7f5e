import { execFile, spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { findOrphans } from "../../src/doctor/environment/processes.ts";
import { openEmbeddedPostgres } from "../../src/ledger/embedded/embedded-postgres.ts";
import { isAlive, parsePostmasterFile } from "../../src/ledger/embedded/postmaster-file.ts";

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeFolder(mode = 0o755): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-embedded-"));
  await chmod(folder, mode);
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with a copy of one cluster: making one takes most of a second. */
async function makeCluster(): Promise<string> {
  const folder = await makeFolder();
  await promisify(execFile)("cp", ["-a", join(original, "data"), folder]);
  return folder;
}

let original: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-embedded-"));
  await chmod(folder, 0o755);
  await (await openEmbeddedPostgres(folder))[Symbol.asyncDispose]();
  original = folder;
});
afterAll(async () => {
  await rm(original, { recursive: true, force: true });
});

const opened = z.object({
  url: z.string(),
  postmasterPid: z.number(),
  isStarted: z.boolean(),
  dataDirectory: z.string(),
});
type Opened = z.output<typeof opened>;

interface Opener {
  readonly child: ChildProcess;
  readonly server: Opened;
}

async function openInProcess(directory: string, options: SpawnOptions = {}): Promise<Opener> {
  const main = fileURLToPath(new URL("embedded-main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, directory], { ...options, stdio: ["pipe", "pipe", "inherit"] });
  cleanups.push(() => void child.kill("SIGKILL"));
  if (child.stdout === null) throw new Error("no output");
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const server = opened.parse(JSON.parse(String(line)));
  cleanups.push(() => stopServer(server.postmasterPid));
  return { child, server };
}

async function stopServer(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, "SIGINT");
  await waitForDeath(pid);
}

async function waitForDeath(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 500 && isAlive(pid); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  return !isAlive(pid);
}

async function close({ child }: Opener): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, "exit");
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

test("processes that start at once share one server, and the last one stops it", async () => {
  const folder = await makeFolder();
  const [one, two, three] = await Promise.all([openInProcess(folder), openInProcess(folder), openInProcess(folder)]);
  const pids = new Set([one, two, three].map((each) => each.server.postmasterPid));
  expect(pids.size).toBe(1);
  await close(one);
  await close(two);
  expect(await answers(three.server.url)).toBe(true);
  await close(three);
  expect(isAlive(three.server.postmasterPid)).toBe(false);
  // Whoever lost the race has left no half cluster behind.
  expect((await readdir(folder)).sort()).toEqual(["data", "data.log"]);
});

test("a server that a killed process left behind is used again, with its data, and stopped in the end", async () => {
  const folder = await makeCluster();
  const first = await openInProcess(folder);
  const client = new pg.Client({ connectionString: first.server.url });
  await client.connect();
  await client.query("create table kept as select 42 as answer");
  await client.end();
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  {
    await using again = await openEmbeddedPostgres(folder);
    expect(again.isStarted).toBe(false);
    expect(again.postmasterPid).toBe(first.server.postmasterPid);
    const reader = new pg.Client({ connectionString: again.url });
    await reader.connect();
    expect((await reader.query("select answer from kept")).rows).toEqual([{ answer: 42 }]);
    await reader.end();
  }
  expect(isAlive(first.server.postmasterPid)).toBe(false);
});

test("a pid file that a crash left behind does not keep the server from starting", async () => {
  const folder = await makeCluster();
  const first = await openInProcess(folder);
  process.kill(first.server.postmasterPid, "SIGKILL");
  first.child.kill("SIGKILL");
  await waitForDeath(first.server.postmasterPid);
  // After a reboot the number may belong to any process, this one for example.
  await writeFile(
    join(folder, "data", "postmaster.pid"),
    `${process.pid}\n${folder}/data\n1\n1\n\n127.0.0.1\n\nready\n`,
  );
  await using again = await openEmbeddedPostgres(folder);
  expect(again.isStarted).toBe(true);
  expect(await answers(again.url)).toBe(true);
});

test("Ctrl-C in the terminal does not reach the server", async () => {
  const folder = await makeCluster();
  const opener = await openInProcess(folder, { detached: true });
  const { pid } = opener.child;
  if (pid === undefined) throw new Error("not started");
  // What a terminal does: a signal to the whole process group.
  process.kill(-pid, "SIGINT");
  await once(opener.child, "exit");
  expect(await answers(opener.server.url)).toBe(true);
});

test("a server that cannot start says why, with the end of its log", async () => {
  const folder = await makeCluster();
  await writeFile(join(folder, "data", "postgresql.conf"), "no such setting\n");
  await expect(openEmbeddedPostgres(folder)).rejects.toMatchObject({
    code: "LEDGER_EMBEDDED_FAILED",
    message: expect.stringContaining("syntax error"),
    hint: expect.stringContaining("DATABASE_URL"),
  });
});

test("the password is readable by its owner alone", async () => {
  const folder = await makeCluster();
  await using server = await openEmbeddedPostgres(folder);
  const { mode } = await stat(join(server.dataDirectory, "watersmeet.password"));
  expect(mode & 0o077).toBe(0);
});

test("a pid file is read as far as it has been written", () => {
  expect(parsePostmasterFile("123\n/data\n1700000000\n5433\n\n127.0.0.1\n  1  2\nready   \n")).toEqual({
    pid: 123,
    port: 5433,
    isReady: true,
  });
  expect(parsePostmasterFile("123\n/data\n1700000000\n5433\n\n127.0.0.1\n  1  2\nstarting\n")?.isReady).toBe(false);
  expect(parsePostmasterFile("")).toBeUndefined();
});

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot)("as an ordinary user the server runs as that user", async () => {
  const folder = await makeFolder();
  const directory = join(folder, "postgres");
  await mkdir(directory);
  await chmod(directory, 0o777);
  const opener = await openInProcess(directory, { uid: 65534, gid: 65534, env: { PATH: process.env["PATH"] } });
  expect(opener.server.isStarted).toBe(true);
  expect((await stat(opener.server.dataDirectory)).uid).toBe(65534);
  await close(opener);
  expect(isAlive(opener.server.postmasterPid)).toBe(false);
});

test.skipIf(!isRoot)(
  "as root, below a private folder, the cluster lies where its user can reach it, and the folder stays private",
  async () => {
    const folder = await makeFolder(0o700);
    const opener = await openInProcess(join(folder, "postgres"));
    cleanups.push(() => rm(join(opener.server.dataDirectory, ".."), { recursive: true, force: true }));
    expect(opener.server.dataDirectory.startsWith("/var/lib/watersmeet/")).toBe(true);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await answers(opener.server.url)).toBe(true);
    // Whether the project is there is told by its folder, also before anything else stands in it.
    const isOrphan = (): boolean => findOrphans().some(({ pid }) => pid === opener.server.postmasterPid);
    expect(isOrphan()).toBe(false);
    await rm(join(folder, "postgres"), { recursive: true });
    expect(isOrphan()).toBe(true);
    await close(opener);
  },
);
