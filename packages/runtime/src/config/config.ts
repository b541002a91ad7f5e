import type { BreakerSettings, RetryBudget, RetryLimits } from "./failure-terms.ts";

/** Where rows are kept. */
export type StoreConfig =
  | {
      readonly kind: "duckdb";
      /** Path of the file, relative to the project's root. */ readonly path: string;
      readonly memoryLimit: string | null;
      readonly threads: number | null;
    }
  | {
      readonly kind: "postgres";
      readonly url: string;
      /** Schema of the served tables. @default "public" */ readonly schema: string;
    };

export interface ResourceConfig {
  /** Units in use at the same time, over all workers; `auto`: as many as it answers well to; `null`: any number. */
  readonly concurrency: number | "auto" | null;
  /** Bounds of `auto`. */
  readonly min: number;
  readonly max: number;
  /** Starts per span of time, over all workers; `null`: any number. */
  readonly rate: { readonly count: number; readonly perMs: number; readonly burst: number } | null;
  /** When its circuit breaker opens; `null`: it has none. */
  readonly breaker: BreakerSettings | null;
  /** How many failures may be tried again; `null`: any number. */
  readonly retryBudget: RetryBudget | null;
}

/** The whole configuration: frozen, complete, validated. Precedence: flags > environment > watersmeet.config.ts > default. */
export interface Config {
  /** Absolute path of the project's root: the folder of watersmeet.config.ts. */
  readonly root: string;
  /** Globs of the files that may declare assets, relative to the root. @default ["assets/**\/*.ts"] */
  readonly assets: readonly string[];
  readonly environment: string;
  readonly ledger:
    | {
        readonly kind: "embedded";
        /** Absolute. @default <root>/.watersmeet/postgres */ readonly dataDirectory: string;
      }
    | { readonly kind: "url"; readonly url: string };
  /** By name; there is always `default`. @default DuckDB at .watersmeet/data.duckdb */
  readonly stores: Readonly<Record<string, StoreConfig>>;
  readonly resources: Readonly<Record<string, ResourceConfig>>;
  readonly budgets: {
    /** Bytes of an asset that may wait in a run for the steps that read them, before no more is made; `null`: any number. */
    readonly stagedBytes: number | null;
  };
  readonly worker: {
    /** Steps at the same time in one worker. @default the number of processors, at least 2 */
    readonly concurrency: number;
    /** Largest heap of a child, in MB. */
    readonly childMemoryMb: number;
    /** Steps after which a child is replaced. */
    readonly stepsPerChild: number;
  };
  readonly merges: {
    /** Keys of a merge, of 1,000, that are folded a second time, in full, before a version is published; all with WATERSMEET_SHADOW=all. @default 5 */
    readonly shadowPerMille: number;
  };
  readonly retries: {
    readonly maxAttempts: number;
    readonly minDelayMs: number;
    readonly maxDelayMs: number;
    /** Attempts in all, by the cause of a failure. */ readonly limits: RetryLimits;
  };
  readonly http: { readonly host: string; readonly port: number };
  /** Absolute; everything that Watersmeet itself writes: `.watersmeet`. */
  readonly stateDirectory: string;
}
