import { spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const workspace = resolve(import.meta.dirname, "../../..");
const binary = join(workspace, "packages/ui-server/bin/watersmeet.js");

export interface ProjectCopy extends AsyncDisposable {
  readonly directory: string;
}

/** A copy of an example that nothing was ever run in. */
export async function copyProject(example: string): Promise<ProjectCopy> {
  const directory = await mkdtemp(join(tmpdir(), `watersmeet-bench-${example}-`));
  const source = join(workspace, "examples", example);
  const isOwn = (path: string): boolean => !/[\\/](?:node_modules|[.]watersmeet)$/.test(path);
  await cp(source, directory, { recursive: true, filter: isOwn });
  await symlink(join(source, "node_modules"), join(directory, "node_modules"));
  return {
    directory,
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Starts the `watersmeet` command, with a Postgres of the project's own. `settings` replace what the shell says. */
export function startCommand(
  directory: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): ChildProcess {
  const { DATABASE_URL: _, ...env } = process.env;
  const stdio = ["ignore", "pipe", "pipe"] as const;
  return spawn(process.execPath, [binary, ...args], {
    cwd: directory,
    env: { ...env, ...settings },
    stdio: [...stdio],
  });
}

export interface Spent {
  readonly wallMs: number;
  /** Of the command and of the children that it waited for. A database server that it starts is not among them. */
  readonly cpuMs: number;
  readonly output: string;
}

/** Runs a command to its end. */
export async function runCommand(directory: string, args: readonly string[]): Promise<Spent> {
  const startedAt = performance.now();
  const before = await readEndedChildrenMs();
  const command = startCommand(directory, args);
  let output = "";
  for (const stream of [command.stdout, command.stderr])
    stream?.on("data", (bytes: Buffer) => (output += String(bytes)));
  const code = await new Promise((done) => command.once("close", done));
  const wallMs = performance.now() - startedAt;
  if (code !== 0) throw new Error(`watersmeet ${args.join(" ")} ended with ${String(code)}:\n${output}`);
  return { wallMs, cpuMs: (await readEndedChildrenMs()) - before, output: output.trim() };
}

/** Linux adds an ended process and those it waited for to its parent's account, in hundredths of a second. */
async function readEndedChildrenMs(): Promise<number> {
  const stat = await readFile("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
