import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pg from "pg";
import { createTestDatabase } from "./test-database.ts";

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of an example that a test may run, edit and break, with a ledger of its own. */
export interface ExampleCopy extends AsyncDisposable {
  readonly directory: string;
  /** Calls the `watersmeet` command in the copy. */
  watersmeet(...args: readonly string[]): Promise<CommandResult>;
  watersmeetJson(...args: readonly string[]): Promise<unknown>;
  /** Starts the command and leaves it running. */
  start(args: readonly string[]): RunningCommand;
  edit(file: string, change: (text: string) => string): Promise<void>;
  /** Asks the ledger's database. */
  query<Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]>;
}

export interface RunningCommand {
  readonly finished: Promise<CommandResult>;
  output(): string;
  /** To the process and everything that it started. */
  kill(signal: NodeJS.Signals): void;
}

const root = resolve(import.meta.dirname, "../..");
const binary = join(root, "packages/ui-server/bin/watersmeet.js");

export async function copyExample(name: string, env: Readonly<Record<string, string>> = {}): Promise<ExampleCopy> {
  const directory = await mkdtemp(join(tmpdir(), `watersmeet-${name}-`));
  await cp(join(root, "examples", name), directory, {
    recursive: true,
    filter: (source) => !/[\\/](node_modules|[.]watersmeet)$/.test(source),
  });
  await symlink(join(root, "examples", name, "node_modules"), join(directory, "node_modules"));
  const database = await createTestDatabase();
  const start = (args: readonly string[]): RunningCommand =>
    startCommand(args, directory, { DATABASE_URL: database.url, ...env });
  return {
    directory,
    start,
    watersmeet: (...args) => start(args).finished,
    async watersmeetJson(...args) {
      const { stdout, stderr } = await start([...args, "--json"]).finished;
      if (stdout.trim() === "") throw new Error(`no JSON on stdout:\n${stderr}`);
      return JSON.parse(stdout);
    },
    async edit(file, change) {
      const path = join(directory, file);
      const before = await readFile(path, "utf8");
      const after = change(before);
      if (after === before) throw new Error(`the edit of ${file} changes nothing`);
      await writeFile(path, after);
    },
    async query(sql) {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function startCommand(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): RunningCommand {
  const child = spawn(process.execPath, [binary, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return {
    finished: new Promise((done) => child.once("close", (exitCode) => done({ exitCode, stdout, stderr }))),
    output: () => stderr + stdout,
    kill: (signal) => {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    },
  };
}
