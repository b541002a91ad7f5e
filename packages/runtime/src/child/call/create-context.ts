import { collectPromise, type Ctx } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Json } from "@watersmeet/core/values";
import type { Reporter } from "../channel.ts";
import type { AttemptFacts, AttemptReport } from "../protocol.ts";
import { findSecret } from "./find-secret.ts";

/** The `ctx` of one attempt, and what it was told. */
export interface AttemptContext {
  readonly ctx: Ctx;
  report(): AttemptReport;
}

export interface ContextOptions {
  readonly attempt: AttemptFacts;
  readonly reporter: Reporter;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export function createContext({ attempt, reporter, env, signal }: ContextOptions): AttemptContext {
  const facts: Record<string, Json> = {};
  let cursor: { readonly value: Json } | null = null;
  const { watermark, finish, promised } = collectPromise();
  const ctx: Ctx = {
    partition: attempt.partition,
    window: attempt.window,
    runId: attempt.runId,
    attempt: attempt.attempt,
    signal,
    log: {
      debug: (message, fields = {}) => reporter.log("debug", message, fields),
      info: (message, fields = {}) => reporter.log("info", message, fields),
      warn: (message, fields = {}) => reporter.log("warn", message, fields),
      error: (message, fields = {}) => reporter.log("error", message, fields),
    },
    checkpoint: {
      get: async () => (cursor === null ? attempt.checkpoint : cursor.value),
      set: async (value) => {
        cursor = { value: asJson(value, "ctx.checkpoint.set") };
      },
    },
    progress: (done, total, message) => reporter.progress(done, total ?? null, message ?? null),
    report: (more) => {
      for (const [name, value] of Object.entries(more)) facts[name] = asJson(value, "ctx.report");
    },
    watermark,
    finish,
    secret: (name) => findSecret(name, env),
  };
  const report = (): AttemptReport => ({
    facts,
    ...(cursor === null ? {} : { checkpoint: cursor.value }),
    promise: promised(),
  });
  return { ctx, report };
}

/** A copy that JSON can carry: what is recorded must not change after it was given. */
function asJson(value: Json, given: string): Json {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (cause) {
    throw new WatersmeetError("OUTPUT_INVALID", `${given} was given a value that JSON cannot carry`, {
      hint: "Give text, numbers, booleans, null, and arrays and objects of these.",
      cause,
    });
  }
}
