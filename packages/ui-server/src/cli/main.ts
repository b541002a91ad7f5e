import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import { CommanderError } from "commander";
import { pickEntries } from "./command-table.ts";
import type { CommandDeps, Environment, OpenOptions } from "./deps.ts";
import { listenForInterrupts } from "./interrupts.ts";
import { buildProgram, type GlobalOptions, type Invocation } from "./program.ts";
import { describeError, renderError } from "./render/error.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** The `watersmeet` command. Returns the exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  const env = process.env;
  // A reader that went away (`| head`) is no failure.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => (error.code === "EPIPE" ? process.exit(0) : process.exit(1)));
  }
  const terminal = createTerminal(process, env);
  const invocation = await parse(argv, terminal);
  return typeof invocation === "number" ? invocation : invoke(invocation, env);
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

async function invoke({ command, input, globals }: Invocation, env: Environment): Promise<number> {
  const terminal = createTerminal(process, globals.color === false ? { ...env, NO_COLOR: "1" } : env);
  using interrupts = listenForInterrupts(process, () => process.exit(130));
  const deps = createDeps({ globals, env, terminal, interrupted: interrupts.signal });
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
    const withStack = (env["WATERSMEET_DEBUG"] ?? "") !== "";
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

interface DepsSources {
  readonly globals: GlobalOptions;
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly interrupted: AbortSignal;
}

function createDeps({ globals, env, terminal, interrupted }: DepsSources): CommandDeps {
  const directory = resolve(globals.project ?? ".");
  return {
    directory,
    env,
    terminal,
    isJson: globals.json === true,
    interrupted,
    requestedBy: `cli:${readUserName()}@${hostname()}`,
    version: readVersion(),
    now: () => new Date(),
    async loadConfig(options: OpenOptions = {}) {
      const { loadConfig } = await import("@watersmeet/runtime");
      return loadConfig({ directory, flags: { ...options }, env });
    },
    async loadProject() {
      const { deriveProject, loadConfig } = await import("@watersmeet/runtime");
      return deriveProject(await loadConfig({ directory, env }), env);
    },
    async openProject(options: OpenOptions = {}) {
      const { openWatersmeet } = await import("@watersmeet/runtime");
      return openWatersmeet({ directory, flags: { ...options }, env });
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
