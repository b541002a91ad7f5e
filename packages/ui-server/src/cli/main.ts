import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import { CommanderError } from "commander";
import { pickEntries } from "./command-table.ts";
import type { CommandDeps, Environment, OpenOptions } from "./deps.ts";
import { buildProgram, type GlobalOptions, type Invocation } from "./program.ts";
import { describeError, renderError } from "./render/error.ts";
import { listenForInterrupts } from "./terminal/interrupts.ts";
import { createTerminalLogger } from "./terminal/terminal-logger.ts";
import { createTerminal, type OutputStream, type Terminal } from "./terminal/terminal.ts";

/** The `watersmeet` command in a process of its own. Returns the exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that went away (`| head`) is no failure.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
  using interrupts = listenForInterrupts(process, () => process.exit(130));
  const { env, stdout, stderr } = process;
  return await runCommandLine(argv, { env, directory: process.cwd(), stdout, stderr, interrupted: interrupts.signal });
}

/** What a command line touches of the world. */
export interface CommandHost {
  readonly env: Environment;
  readonly directory: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly interrupted: AbortSignal;
}

/** Reads a command line, does what it says, writes the result or the error, and returns the exit code. */
export async function runCommandLine(argv: readonly string[], host: CommandHost): Promise<number> {
  const invocation = await parse(argv, createTerminal(host, host.env));
  return typeof invocation === "number" ? invocation : await invoke(invocation, host);
}

/** What to do, or the exit code when help was asked for or the command line is at fault. */
async function parse(argv: readonly string[], terminal: Terminal): Promise<Invocation | number> {
  const commands = await Promise.all(pickEntries(argv).map((entry) => entry.load()));
  let invocation: Invocation | undefined;
  const program = buildProgram({
    commands,
    version: readVersion(),
    columns: terminal.out.style.columns,
    writeOut: (text) => terminal.out.write(text),
    writeErr: (text) => terminal.err.write(text),
    onInvoke: (invoked) => (invocation = invoked),
  });
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, "");
    if (argv.includes("--json")) writeJson(terminal, { error: { code: "USAGE_INVALID", message } });
    return 2;
  }
  // No command at all: commander has printed the help.
  return invocation ?? 2;
}

async function invoke({ command, input, globals }: Invocation, host: CommandHost): Promise<number> {
  const deps = createDeps(globals, host);
  const { terminal } = deps;
  try {
    const work = command.execute(input, deps);
    const outcome = command.handlesInterrupt ? await work : await Promise.race([work, rejectOnInterrupt(deps)]);
    const text = deps.isJson ? "" : outcome.text(terminal.out.style);
    if (deps.isJson) writeJson(terminal, outcome.json());
    else if (text !== "") terminal.out.write(`${text}\n`);
    return outcome.exitCode;
  } catch (error) {
    const described = describeError(error);
    if (deps.isJson) writeJson(terminal, { error: described.body });
    const withStack = (host.env["WATERSMEET_DEBUG"] ?? "") !== "";
    terminal.err.write(`${renderError(error, { style: terminal.err.style, withStack })}\n`);
    return described.exitCode;
  }
}

function rejectOnInterrupt({ interrupted }: CommandDeps): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(new WatersmeetError("INTERRUPTED", "Interrupted"));
    if (interrupted.aborted) giveUp();
    else interrupted.addEventListener("abort", giveUp, { once: true });
  });
}

function writeJson(terminal: Terminal, value: unknown): void {
  terminal.out.write(`${JSON.stringify(value, null, 2)}\n`);
}

function createDeps(globals: GlobalOptions, host: CommandHost): CommandDeps {
  const env = globals.color === false ? { ...host.env, NO_COLOR: "1" } : host.env;
  const terminal = createTerminal(host, env);
  const directory = resolve(host.directory, globals.project ?? ".");
  return {
    directory,
    env,
    terminal,
    isJson: globals.json === true,
    interrupted: host.interrupted,
    requestedBy: `cli:${readUserName()}@${hostname()}`,
    version: readVersion(),
    now: () => new Date(),
    async loadConfig(options: OpenOptions = {}) {
      const { loadConfig } = await import("@watersmeet/runtime");
      return loadConfig({ directory, flags: { ...options }, env });
    },
    async loadProject() {
      const { deriveProject } = await import("@watersmeet/runtime");
      return deriveProject({ directory, env });
    },
    async openProject({ startsWorker = false, ...flags } = {}) {
      const { openWatersmeet } = await import("@watersmeet/runtime");
      return openWatersmeet({ directory, flags, env, startsWorker, logger: createTerminalLogger(terminal.err) });
    },
  };
}

/** From package.json beside `src` or `dist`. */
export function readVersion(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}

function readUserName(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers run under ids without a name.
    return String(process.getuid?.() ?? "unknown");
  }
}
