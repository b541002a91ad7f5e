import { codes, isWatersmeetError } from "@watersmeet/core/errors";
import type { ExitCode } from "../exit-codes.ts";
import type { Style } from "./style.ts";

export interface DescribedError {
  /** What `--json` prints under `error`. */
  readonly body: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly details?: unknown;
  };
  readonly exitCode: ExitCode;
}

export function describeError(error: unknown): DescribedError {
  if (isWatersmeetError(error)) {
    const { code, message, hint, details } = error;
    const hasDetails = Object.keys(details).length > 0;
    const body = { code, message, ...(hint !== undefined && { hint }), ...(hasDetails && { details }) };
    return { body, exitCode: codes[code].exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { body: { code: "INTERNAL", message }, exitCode: codes.INTERNAL.exitCode };
}

/** `CODE: what happened`, then what to do. */
export function renderError(error: unknown, options: { readonly style: Style; readonly withStack: boolean }): string {
  const { style, withStack } = options;
  const { code, message, hint } = describeError(error).body;
  const lines = [`${style.red(style.bold(code))}: ${message}`];
  if (hint !== undefined) lines.push(`  ${style.cyan("hint")}: ${hint}`);
  if (withStack) lines.push(style.dim(renderCauses(error)));
  else if (code === "INTERNAL")
    lines.push(style.dim("  This is a defect; WATERSMEET_DEBUG=1 prints where it happened."));
  return lines.join("\n");
}

function renderCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by: ${renderCauses(error.cause)}`;
}
