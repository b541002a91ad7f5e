import type { Duration, Size } from "@watersmeet/core";
import type { BreakerProbe, BreakerSettings, RetryBudget, RetryLimits } from "./failure-terms.ts";

/** A store as written in watersmeet.config.ts; made by `duckdb` or `postgres`. */
export type StoreDefinition =
  | {
      readonly kind: "duckdb";
      readonly path: string;
      readonly memoryLimit?: string | null | undefined;
      readonly threads?: number | null | undefined;
    }
  | { readonly kind: "postgres"; readonly url: string; readonly schema?: string | undefined };

/** What a project may configure. Everything has a default; `docs/reference/config.md` lists them. */
export interface UserConfig {
  /** Globs of the files that may declare assets, relative to this file. @default "assets/**\/*.ts" */
  readonly assets?: string | readonly string[];
  /** Set of heads that runs move and reads see. @default "prod" */
  readonly environment?: string;
  /** Postgres for the ledger. @default an embedded one under .watersmeet/ */
  readonly databaseUrl?: string;
  /** Short for `stores: { default: … }`. */
  readonly store?: StoreDefinition;
  /** By name; assets without a `store` use `default`. @default DuckDB at .watersmeet/data.duckdb */
  readonly stores?: Readonly<Record<string, StoreDefinition>>;
  /** Outside systems, with what all workers together may ask of each. */
  readonly resources?: Readonly<Record<string, ResourceOptions>>;
  /** How much may wait between two assets of a run. */
  readonly budgets?: {
    /** Of each asset, made and not yet read: beyond it, no more of the asset is begun. Assets may say otherwise. @default any number */
    readonly stagedBytes?: Size;
  };
  readonly worker?: {
    /** Steps at the same time in one worker. @default the number of processors, at least 2 */
    readonly concurrency?: number;
    /** Largest heap of a child process. @default 512 */
    readonly childMemoryMb?: number;
    /** Steps after which a child process is replaced. @default 500 */
    readonly stepsPerChild?: number;
  };
  readonly retries?: {
    /** Attempts in all, for assets that do not say. @default 3 */
    readonly maxAttempts?: number;
    /** @default 500 */
    readonly minDelayMs?: number;
    /** @default 60000 */
    readonly maxDelayMs?: number;
    /** Attempts in all, by the cause of a failure: `{ timedOut: 2 }`. See `docs/concepts/retries-and-breakers.md`. */
    readonly limits?: RetryLimits;
  };
  readonly http?: {
    /** @default "127.0.0.1" */
    readonly host?: string;
    /** @default 4321 */
    readonly port?: number;
  };
}

/** What all workers together may ask of an outside system. */
export interface ResourceOptions extends BreakerOptions {
  /** Units in use at the same time; a step takes one, unless its asset says `weight`. `"auto"`: as many as it answers well to. @default any number */
  readonly concurrency?: number | "auto";
  /** Bounds of `"auto"`. @default 1 */
  readonly min?: number;
  /** @default 64 */
  readonly max?: number;
  /** Starts per span of time: `{ count: 100, per: "1m" }`. `burst`: how many may be saved up. @default what comes in within 100 ms, at least 1 */
  readonly rate?: { readonly count: number; readonly per: Duration; readonly burst?: number };
}

/** How a resource is left alone when it fails. */
export interface BreakerOptions {
  /**
   * When the circuit breaker opens, and how it closes; `false`: there is none. `probe`: asked whether the resource is back, before a step is tried:
   * `probe: (signal) => fetch("https://crm.example/health", { signal })`.
   */
  readonly breaker?: false | (Partial<Omit<BreakerSettings, "hasProbe">> & { readonly probe?: BreakerProbe });
  /** How many failures may be tried again, within ten minutes; `false`: any number. */
  readonly retryBudget?: false | Partial<RetryBudget>;
}

/** Gives the types of the configuration; returns what it gets. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}

/** Rows in a DuckDB file, relative to the project's root. One process owns the file. */
export function duckdb(options: {
  readonly path: string;
  /** As DuckDB writes it, e.g. `"4GB"`. @default DuckDB's own: 80 % of the memory */
  readonly memoryLimit?: string;
  /** @default DuckDB's own: the number of processors */
  readonly threads?: number;
}): StoreDefinition {
  return {
    kind: "duckdb",
    path: options.path,
    memoryLimit: options.memoryLimit ?? null,
    threads: options.threads ?? null,
  };
}

/** Rows in a Postgres database, for any number of hosts. */
export function postgres(options: {
  readonly url: string;
  /** Schema of the served tables. @default "public" */
  readonly schema?: string;
}): StoreDefinition {
  return { kind: "postgres", url: options.url, schema: options.schema ?? "public" };
}
