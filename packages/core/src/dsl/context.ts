import type { Json } from "../values/json.ts";

/** What a step may know and tell while it runs. An asset that wants it takes a parameter of this type. */
export interface Ctx {
  /** Key of the partition being made, e.g. `2001-01-31`; empty for an asset without partitions. */
  readonly partition: string;
  /** The window of a time partition as ISO-8601 UTC instants, the end exclusive; `null` for other partitions. */
  readonly window: { readonly start: string; readonly end: string } | null;
  readonly runId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Aborted when the step is cancelled or out of time: pass it to `fetch` and friends. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly checkpoint: Checkpoint;
  /** Tells how far the step is. `total` may be left out when it is not known. */
  progress(done: number, total?: number, message?: string): void;
  /** Facts that are recorded and shown with the version. Later calls add to earlier ones. */
  report(facts: Readonly<Record<string, Json>>): void;
  /**
   * Promises that rows of an earlier time come no more, neither with this version nor with a later one: an instant, `2001-01-31T05:00:00Z`, or a day, `2001-01-31`. Merges
   * that read the asset count such rows as late. Of several calls the latest time stands.
   * @throws {OUTPUT_INVALID} when it is neither
   */
  watermark(time: string): void;
  /** Declares that the asset has delivered all that it ever will: no merge waits for more of it. A later version that does not say so begins again. */
  finish(): void;
  /** The value of a secret by name. It is masked in logs. @throws {CONFIG_INVALID} when there is none */
  secret(name: string): string;
}

/** Structured log lines of a step. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, Json>>;

/** Where an asset has got to: within a step, for its next attempt, and from one version to the next. */
export interface Checkpoint {
  /**
   * In a generator: all that was yielded so far is kept, and another attempt of this step begins with it and finds the cursor with `get`. So yield the rows of a
   * page first, and then call this with where the next page begins. Called often, it keeps something now and then. It is also the version's cursor, as with
   * `set`. Kept on the worker's disk: on another host the step begins from the start, and `get` says so.
   * @throws {OUTPUT_INVALID} outside of a generator, where the rows are not known yet
   */
  (cursor: Json): Promise<void>;
  /** The cursor given last: in this attempt, by an earlier attempt whose rows were kept, or with the version before. */
  get(): Promise<Json | undefined>;
  /** The cursor of the version: the next version finds it, once this one is committed. An attempt that fails leaves nothing of it. */
  set(cursor: Json): Promise<void>;
}
