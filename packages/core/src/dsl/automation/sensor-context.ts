import type { Json } from "../../values/json.ts";
import type { Log } from "../context.ts";

/** What a sensor's function may know and tell. */
export interface SensorContext {
  /** What the call before returned as `cursor`; `undefined` when there was none. */
  readonly cursor: Json | undefined;
  /** When the call before was, as ISO-8601 UTC; `null` for the first. */
  readonly lastCalledAt: string | null;
  /** Now, as ISO-8601 UTC. */
  readonly now: string;
  /** Aborted when the call is out of time: pass it to `fetch` and friends. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** The value of a secret by name. It is masked in logs. @throws {CONFIG_INVALID} when there is none */
  secret(name: string): string;
}

/** A run that a sensor asks for. */
export interface SensorRun {
  /** Names what the run is for, e.g. a file. A second run with the same key is not started, and the sensor's history says so. @default every run is another one */
  readonly key?: string;
  /** In the selection grammar. @default the sensor's own `select` */
  readonly select?: string;
  /** A partition expression. @default all that are missing or stale */
  readonly partitions?: string;
  /** Whether even what is up to date is made again. @default false */
  readonly force?: boolean;
}

/** What a sensor's function returns. Runs and cursor are recorded together, or not at all. */
export interface SensorAnswer {
  readonly runs?: readonly SensorRun[];
  /** Where the next call is to go on. @default it stays as it is */
  readonly cursor?: Json;
  /** Why there is nothing to run; shown, not kept. */
  readonly skip?: string;
}
