import { createStyle, type Style } from "../render/style.ts";

/** One of the two ways out of the process. */
export interface Outlet {
  readonly isTerminal: boolean;
  readonly style: Style;
  write(text: string): void;
}

/** Data goes to `out`; progress, warnings and logs go to `err`. */
export interface Terminal {
  readonly out: Outlet;
  readonly err: Outlet;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The part of process.stdout and process.stderr that matters here. The first two are absent when it is no terminal. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function createTerminal(
  streams: { readonly stdout: OutputStream; readonly stderr: OutputStream },
  env: Environment,
): Terminal {
  return { out: createOutlet(streams.stdout, env), err: createOutlet(streams.stderr, env) };
}

/**
 * Whether to colour. `NO_COLOR` (any value but empty) and `--no-color` win, then `FORCE_COLOR`, then whether it is a terminal.
 * Source: https://no-color.org
 */
export function wantsColor(isTerminal: boolean, env: Environment): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0";
  return isTerminal && env["TERM"] !== "dumb";
}

function createOutlet(stream: OutputStream, env: Environment): Outlet {
  const isTerminal = stream.isTTY ?? false;
  return {
    isTerminal,
    style: createStyle({ hasColor: wantsColor(isTerminal, env), columns: stream.columns ?? 100 }),
    write(text) {
      stream.write(text);
    },
  };
}
