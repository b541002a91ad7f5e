import type { Ctx } from "../dsl/context.ts";
import { collectPromise, type SourcePromise } from "../dsl/source-promise.ts";
import type { Json } from "../values/json.ts";

/** What a fake context is given; all of it may be left out. */
export interface FakeCtxOptions {
  readonly partition?: string;
  readonly window?: Ctx["window"];
  readonly attempt?: number;
  readonly signal?: AbortSignal;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly cursor?: Json;
}

/** What an asset's function told its context. */
export interface FakeCtx extends Ctx {
  readonly lines: readonly {
    readonly level: "debug" | "info" | "warn" | "error";
    readonly message: string;
    readonly fields: Readonly<Record<string, Json>>;
  }[];
  readonly facts: Readonly<Record<string, Json>>;
  readonly progressed: readonly {
    readonly done: number;
    readonly total: number | null;
    readonly message: string | null;
  }[];
  /** What it promised of rows to come; `null`: nothing. */
  readonly promise: SourcePromise | null;
}

/** A context for unit tests, which keeps what it is told: `const ctx = fakeCtx({ partition: "2001-01-31" })`. */
export function fakeCtx(options: FakeCtxOptions = {}): FakeCtx {
  const lines: FakeCtx["lines"][number][] = [];
  const progressed: FakeCtx["progressed"][number][] = [];
  const facts: Record<string, Json> = {};
  let cursor = options.cursor;
  const { watermark, finish, promised } = collectPromise();
  const setCursor = async (next: Json): Promise<void> => void (cursor = next);
  const logAt =
    (level: FakeCtx["lines"][number]["level"]) =>
    (message: string, fields: Readonly<Record<string, Json>> = {}) =>
      void lines.push({ level, message, fields });
  return {
    partition: options.partition ?? "",
    window: options.window ?? null,
    runId: "test",
    attempt: options.attempt ?? 1,
    signal: options.signal ?? new AbortController().signal,
    log: { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") },
    checkpoint: Object.assign(setCursor, { get: async () => cursor, set: setCursor }),
    progress: (done, total, message) => void progressed.push({ done, total: total ?? null, message: message ?? null }),
    report: (more) => void Object.assign(facts, more),
    watermark,
    finish,
    secret: (name) => readSecret(options.secrets ?? {}, name),
    lines,
    facts,
    progressed,
    get promise() {
      return promised();
    },
  };
}

function readSecret(secrets: Readonly<Record<string, string>>, name: string): string {
  const secret = secrets[name];
  if (secret === undefined) throw new Error(`the test gives no secret "${name}"`);
  return secret;
}
