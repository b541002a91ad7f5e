import type { FixtureProject } from "./fixture-project.ts";
import type { CliResult } from "./run-cli.ts";
import { runInProcess } from "./run-in-process.ts";

/** Command lines in a project of a test, without a process of their own. */
export interface ProjectCli {
  (...args: readonly string[]): Promise<CliResult>;
  /** What it prints under `--json`, which it is given. */
  json(...args: readonly string[]): Promise<unknown>;
}

export function createProjectCli(project: Pick<FixtureProject, "directory" | "env">): ProjectCli {
  const cli = (...args: readonly string[]): Promise<CliResult> =>
    runInProcess(args, { cwd: project.directory, env: project.env });
  return Object.assign(cli, {
    async json(...args: readonly string[]): Promise<unknown> {
      const { stdout, stderr } = await cli(...args, "--json");
      try {
        return JSON.parse(stdout);
      } catch {
        throw new Error(`no JSON on stdout: ${stdout}\n${stderr}`);
      }
    },
  });
}
