import { WatersmeetError } from "@watersmeet/core/errors";
import type { Config, Project, Watersmeet } from "@watersmeet/runtime";
import type { Terminal } from "./terminal/terminal.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that a command may touch. Made once, in `main.ts`. */
export interface CommandDeps {
  /** Where the project is looked for: here and upwards. Absolute. */
  readonly directory: string;
  readonly env: Environment;
  readonly terminal: Terminal;
  /** Whether stdout carries JSON. */
  readonly isJson: boolean;
  /** Ends with the first Ctrl-C or SIGTERM. */
  readonly interrupted: AbortSignal;
  /** `cli:ana@host` */
  readonly requestedBy: string;
  /** Of the `watersmeet` package. */
  readonly version: string;
  readonly now: () => Date;
  /** The project's configuration; no database is touched. */
  readonly loadConfig: (options?: OpenOptions) => Promise<Config>;
  /** The project with all its problems; no database is touched. */
  readonly loadProject: () => Promise<Project>;
  /** Opens the project; whoever opens it closes it. Loads the runtime, which commands that need no project never do. */
  readonly openProject: (options?: OpenOptions & { readonly startsWorker?: boolean }) => Promise<Watersmeet>;
}

export interface OpenOptions {
  /** Flags, stronger than the environment and the configuration file. */
  readonly port?: number;
  readonly host?: string;
  readonly concurrency?: number;
}

/** @throws {INTERRUPTED} after Ctrl-C: for commands that would begin something */
export function refuseWhenInterrupted({ interrupted }: CommandDeps): void {
  if (interrupted.aborted) throw new WatersmeetError("INTERRUPTED", "Interrupted before anything was started");
}

/** A line for people, on stderr: stdout is for data. */
export function tell(deps: CommandDeps, line: string): void {
  deps.terminal.err.write(`${line}\n`);
}
