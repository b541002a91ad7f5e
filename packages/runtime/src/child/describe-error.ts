import { inspect } from "node:util";
import { classifyError, isWatersmeetError, type ErrorCode } from "@watersmeet/core/errors";
import { plainDetails } from "./plain-details.ts";
import type { ChildFailure } from "./protocol.ts";
import { relativeStack } from "./relative-stack.ts";

const maxStackLength = 16_384;
const maxMessageLength = 4_096;

/** What user code threw, as a failure. `code` is that of errors which have none of ours. */
export function describeError(thrown: unknown, root: string, code: ErrorCode = "USER_CODE_THREW"): ChildFailure {
  const isOurs = isWatersmeetError(thrown);
  return {
    code: isOurs ? thrown.code : code,
    message: messageOf(thrown).slice(0, maxMessageLength),
    hint: isOurs ? (thrown.hint ?? null) : null,
    stack: stackOf(thrown, root),
    details: isOurs ? plainDetails(thrown.details) : detailsOf(thrown),
    ...classifyError(thrown, Date.now()),
  };
}

function messageOf(thrown: unknown): string {
  if (!isError(thrown)) return `threw ${inspect(thrown, { depth: 1, breakLength: Infinity })}, which is no Error`;
  return thrown.message === "" ? thrown.name : thrown.message;
}

/** Errors of another realm (a vm, a worker) are no `instanceof Error` here. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]";
}

function stackOf(thrown: unknown, root: string): string | null {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  for (let error = thrown; isError(error) && !seen.has(error); error = error.cause) {
    seen.add(error);
    parts.push(relativeStack(error.stack ?? `${error.name}: ${error.message}`, root));
  }
  return parts.length === 0 ? null : parts.join("\ncaused by: ").slice(0, maxStackLength);
}

/** Only what says something to a machine: the class and the code that the error's own library gave it. */
function detailsOf(thrown: unknown): ChildFailure["details"] {
  if (!isError(thrown)) return {};
  const code = "code" in thrown && typeof thrown.code === "string" ? { code: thrown.code } : {};
  return { name: thrown.name, ...code };
}
