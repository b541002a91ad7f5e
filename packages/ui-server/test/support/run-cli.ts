import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `watersmeet` process. Disposing it kills it, if it still runs. */
export interface CliProcess extends AsyncDisposable {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  kill(signal: NodeJS.Signals): void;
  /** To the whole process group, as a terminal does on Ctrl-C. */
  killGroup(signal: NodeJS.Signals): void;
  /** Resolves once stderr matches; rejects when the process ends before. */
  waitForStderr(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly finished: Promise<CliResult>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

const binary = fileURLToPath(new URL("../../bin/watersmeet.js", import.meta.url));

export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  await using cli = startCli(args, options);
  return await cli.finished;
}

export function startCli(args: readonly string[], options: CliOptions): CliProcess {
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: options.cwd,
    // None of the test runner's own variables: they say things about colours and databases.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const check of waiting) check();
    });
  }
  const finished = new Promise<CliResult>((resolve) => {
    child.once("close", (exitCode) => resolve({ exitCode, ...output }));
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    kill: (signal) => void child.kill(signal),
    killGroup: (signal) => void process.kill(-(child.pid ?? 0), signal),
    waitForStderr: (pattern) => waitForMatch({ pattern, read: () => output.stderr, waiting, finished }),
    finished,
    async [Symbol.asyncDispose]() {
      if (isRunning(child)) child.kill("SIGKILL");
      await finished;
    },
  };
}

interface Wait {
  readonly pattern: RegExp;
  readonly read: () => string;
  readonly waiting: Set<() => void>;
  readonly finished: Promise<CliResult>;
}

function waitForMatch({ pattern, read, waiting, finished }: Wait): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      const match = read().match(pattern);
      if (match === null) return;
      waiting.delete(check);
      resolve(match);
    };
    waiting.add(check);
    check();
    const giveUp = async (): Promise<void> => {
      const { exitCode, stderr, stdout } = await finished;
      reject(new Error(`ended with ${exitCode} before ${pattern}:\n${stderr}\n${stdout}`));
    };
    void giveUp();
  });
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
