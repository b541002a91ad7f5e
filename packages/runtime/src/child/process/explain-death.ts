import type { ChildFailure, ChildMessage } from "../protocol.ts";
import { memoryMark } from "../watchdog-data.ts";

/** How a child ended. */
export interface Death {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderrTail: string;
  /** What it said itself before the end. */
  readonly lastWords: Extract<ChildMessage, { readonly kind: "dying" }> | null;
  readonly memoryMb: number;
}

export type DeathCause =
  | "heapLimit"
  | "memoryLimit"
  | "abort"
  | "exit"
  | "nativeCrash"
  | "signal"
  | "unhandledRejection"
  | "uncaughtException";

/** The failure of a piece of work whose process ended before it answered. */
export function explainDeath(subject: string, death: Death): ChildFailure {
  const cause = causeOf(death);
  const { what, hint } = words[cause](death);
  return {
    code: "CHILD_DIED",
    message: `${subject} ended its process: ${what}`,
    hint,
    stack: death.lastWords?.failure.stack ?? null,
    details: { cause, exitCode: death.exitCode, signal: death.signal },
    cause: death.lastWords?.failure.cause ?? "unknown",
    // Who was killed from outside did nothing: somebody did it, or the system when memory was short. What it does to itself is tried no more.
    wishes: death.lastWords?.failure.wishes ?? (cause === "signal" ? "transient" : null),
    retryAfterMs: death.lastWords?.failure.retryAfterMs ?? null,
    resource: death.lastWords?.failure.resource ?? null,
  };
}

function causeOf(death: Death): DeathCause {
  if (death.lastWords !== null) return death.lastWords.cause;
  if (death.stderrTail.includes(memoryMark)) return "memoryLimit";
  if (/heap out of memory|Reached heap limit|Fatal JavaScript out of memory/.test(death.stderrTail)) return "heapLimit";
  if (death.signal === "SIGABRT" || death.exitCode === 134) return "abort";
  if (death.signal === null) return "exit";
  return crashSignals.includes(death.signal) ? "nativeCrash" : "signal";
}

/** Signals by which the system ends a process that did something it cannot do; JavaScript alone never does. */
const crashSignals: readonly NodeJS.Signals[] = ["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"];

const words: Readonly<Record<DeathCause, (death: Death) => { readonly what: string; readonly hint: string }>> = {
  heapLimit: ({ memoryMb }) => ({
    what: `it ran out of memory (the heap may grow to ${memoryMb} MB)`,
    hint: "Yield rows one by one instead of collecting them, read inputs with for await, or raise worker.childMemoryMb.",
  }),
  memoryLimit: ({ stderrTail, memoryMb }) => ({
    what: `it used ${usedMb(stderrTail)} of memory outside of the heap (childMemoryMb is ${memoryMb})`,
    hint: "Release buffers, stream files instead of reading them whole, or raise worker.childMemoryMb.",
  }),
  abort: () => ({
    what: "it was aborted (SIGABRT)",
    hint: "process.abort(), or a crash in native code: the lines that it printed last are in the step's log.",
  }),
  exit: ({ exitCode }) => ({
    what: `process.exit(${exitCode ?? ""}) was called`,
    hint: "Return or throw instead: an asset's function does not own its process.",
  }),
  nativeCrash: ({ signal }) => ({
    what: `native code crashed (${signal ?? ""})`,
    hint: "A module with native code is at fault, or what it was given: the lines that it printed last are in the step's log.",
  }),
  signal: ({ signal }) => ({
    what: `it was killed by ${signal}`,
    hint: "Something outside of Watersmeet sent the signal; the system's out-of-memory killer sends SIGKILL.",
  }),
  unhandledRejection: ({ lastWords }) => ({
    what: `a promise was rejected and nobody awaited it: ${lastWords?.failure.message ?? ""}`,
    hint: "Await every promise that the function starts.",
  }),
  uncaughtException: ({ lastWords }) => ({
    what: `an error was thrown outside of the function: ${lastWords?.failure.message ?? ""}`,
    hint: "Errors in timers and event handlers end the process; catch them where they happen.",
  }),
};

function usedMb(stderrTail: string): string {
  const bytes = Number(new RegExp(`${memoryMark}(\\d+)`).exec(stderrTail)?.[1] ?? Number.NaN);
  return Number.isNaN(bytes) ? "too much" : `${Math.round(bytes / 1_048_576)} MB`;
}
