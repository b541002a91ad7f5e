import { runCommandLine } from "../../src/cli/main.ts";
import type { CliOptions, CliResult } from "./run-cli.ts";

/** A command line without a process of its own: everything but the process is real. For tests whose matter is not the process. `listen` hears all that stderr says so far. */
export async function runInProcess(
  args: readonly string[],
  options: CliOptions,
  listen: (stderr: string) => void = () => {},
): Promise<CliResult> {
  const output = { stdout: "", stderr: "" };
  const exitCode = await runCommandLine(args, {
    env: { ...options.env },
    directory: options.cwd,
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => listen((output.stderr += text)) },
    interrupted: new AbortController().signal,
  });
  return { exitCode, ...output };
}
