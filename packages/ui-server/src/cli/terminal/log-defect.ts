import { tell, type CommandDeps } from "../deps.ts";
import { renderError } from "../render/error.ts";

/** Errors that nobody foresaw go to the server's own terminal, with their stack; clients learn only that there was one. */
export function logDefect(deps: CommandDeps): (error: unknown) => void {
  return (error) => tell(deps, renderError(error, { style: deps.terminal.err.style, withStack: true }));
}
