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
  /** From now on `ctx.checkpoint(cursor)` keeps what was yielded. Before, it is refused. */
  keepWith(keep: (cursor: Json) => Promise<void>): void;
}

export interface ContextOptions {
  readonly attempt: AttemptFacts;
  readonly reporter: Reporter;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** What an earlier attempt of the same work has reached. @default nothing */
  readonly saved?: { readonly cursor: Json } | null;
}

export function createContext({ attempt, reporter, env, signal, saved = null }: ContextOptions): AttemptContext {
  const facts: Record<string, Json> = {};
  let cursor = saved === null ? null : { value: saved.cursor };
  let keep: ((cursor: Json) => Promise<void>) | null = null;
  const reach = async (value: Json): Promise<void> => {
    if (keep === null) throw notInGenerator();
    cursor = { value: asJson(value, "ctx.checkpoint") };
    await keep(cursor.value);
  };
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
    checkpoint: Object.assign(reach, {
      get: async () => (cursor === null ? attempt.checkpoint : cursor.value),
      set: async (value: Json) => {
        cursor = { value: asJson(value, "ctx.checkpoint.set") };
      },
    }),
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
  return {
    ctx,
    report,
    keepWith(given) {
      keep = given;
    },
  };
}

function notInGenerator(): WatersmeetError {
  return new WatersmeetError(
    "OUTPUT_INVALID",
    "ctx.checkpoint was called where no rows had been yielded by a generator",
    {
      hint: "Write async function* and yield the rows before they are kept, or use ctx.checkpoint.set for the version's cursor.",
    },
  );
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
