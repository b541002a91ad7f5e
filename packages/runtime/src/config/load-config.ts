import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseDuration, parseSize } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import { z } from "zod";
import type { Config } from "./config.ts";
import { breakerTerms, retryLimits } from "./failure-schema.ts";
import { findProject, type ProjectLocation } from "./find-project.ts";

/** What a face may set for one call; stronger than everything else. */
export interface ConfigFlags {
  readonly databaseUrl?: string | undefined;
  readonly environment?: string | undefined;
  readonly concurrency?: number | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

export interface ConfigSources {
  /** Where to look for the project: here and upwards. */
  readonly directory: string;
  readonly flags?: ConfigFlags;
  /** @default {} */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * The configuration of the project around a folder. Precedence: flags > environment > watersmeet.config.ts > default.
 *
 * @throws {CONFIG_NOT_FOUND}
 * @throws {CONFIG_INVALID} with every problem in `details.problems`, not the first
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const project = findProject(sources.directory);
  const problems: ConfigProblem[] = [];
  const file = parsePart(fileSchema, await importConfig(project), { source: "watersmeet.config.ts", problems });
  const env = parsePart(envSchema, pickEnvironment(sources.env ?? {}), { source: "environment", problems });
  const flags = parsePart(flagsSchema, dropUndefined({ ...sources.flags }), { source: "flags", problems });
  if (problems.length > 0 || file === undefined || env === undefined || flags === undefined) refuse(problems);
  return buildConfig(project, file, { ...env, ...flags });
}

interface ConfigProblem {
  readonly source: string;
  /** Dotted; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_/-]*$/, "must be letters, digits, _, - and /, starting with a letter");
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, "must be a URL that begins with postgres://");
const port = z.number().int().min(0).max(65_535);
const count = z.number().int().min(1);

const storeSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("duckdb"),
    path: z.string().min(1),
    memoryLimit: z.string().min(1).nullable().default(null),
    threads: count.nullable().default(null),
  }),
  z.strictObject({
    kind: z.literal("postgres"),
    url: postgresUrl,
    schema: z.string().min(1).max(63).default("public"),
  }),
]);

const durationMs = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue("must be a length of time: 500ms, 30s, 15m, 2h, 7d");
    return z.NEVER;
  }
});

const sizeBytes = z.union([z.number(), z.string()]).transform((size, context) => {
  try {
    return parseSize(size);
  } catch {
    context.addIssue("must be a size: bytes as a whole number, or 512 KiB, 64 MiB, 2 GiB");
    return z.NEVER;
  }
});

/** What may be saved up of a rate, unless it says: what comes in within so many ms. */
const savedMs = 100;

const rateSchema = z
  .strictObject({ count, per: durationMs, burst: count.optional() })
  .transform(({ count: each, per, burst }) => ({
    count: each,
    perMs: per,
    burst: burst ?? Math.max(1, Math.ceil((each * savedMs) / per)),
  }));

const resourceSchema = z
  .strictObject({
    concurrency: z
      .union([count, z.literal("auto")], "must be a whole number of at least 1, or auto")
      .nullable()
      .default(null),
    min: count.default(1),
    max: count.default(64),
    rate: rateSchema.nullable().default(null),
    ...breakerTerms,
  })
  .refine(({ min, max }) => min <= max, { path: ["max"], message: "must not be less than min" });

const fileSchema = z
  .strictObject({
    assets: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
    environment: name.optional(),
    databaseUrl: postgresUrl.optional(),
    store: storeSchema.optional(),
    stores: z.record(name, storeSchema).default({}),
    resources: z.record(name, resourceSchema).default({}),
    budgets: z.strictObject({ stagedBytes: sizeBytes.nullable().default(null) }).prefault({}),
    worker: z
      .strictObject({
        concurrency: count.optional(),
        childMemoryMb: z.number().int().min(32).default(512),
        stepsPerChild: count.default(500),
      })
      .prefault({}),
    retries: z
      .strictObject({
        maxAttempts: count.max(100).default(3),
        minDelayMs: count.default(500),
        maxDelayMs: count.default(60_000),
        limits: retryLimits,
      })
      .prefault({}),
    http: z.strictObject({ host: z.string().min(1).optional(), port: port.optional() }).prefault({}),
  })
  .refine((config) => config.store === undefined || config.stores["default"] === undefined, {
    path: ["store"],
    message: "is short for stores.default, which is also given: keep one of them",
  });

const flagsSchema = z.strictObject({
  databaseUrl: postgresUrl.optional(),
  environment: name.optional(),
  concurrency: count.optional(),
  host: z.string().min(1).optional(),
  port: port.optional(),
});

const envSchema = z.object({
  databaseUrl: postgresUrl.optional(),
  environment: name.optional(),
  concurrency: z.coerce.number().pipe(count).optional(),
  host: z.string().min(1).optional(),
  port: z.coerce.number().pipe(port).optional(),
  shadow: z.enum(["all"], "must be all, or not be set").optional(),
});

/** Empty values count as absent: CI systems set variables to nothing. */
function pickEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return dropUndefined({
    databaseUrl: env["DATABASE_URL"] || undefined,
    environment: env["WATERSMEET_ENVIRONMENT"] || undefined,
    concurrency: env["WATERSMEET_CONCURRENCY"] || undefined,
    host: env["WATERSMEET_HOST"] || undefined,
    port: env["WATERSMEET_PORT"] || undefined,
    shadow: env["WATERSMEET_SHADOW"] || undefined,
  });
}

function dropUndefined<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const present: Record<string, T> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) present[key] = value;
  return present;
}

async function importConfig(project: ProjectLocation): Promise<unknown> {
  if (project.configFile === null) return {};
  const url = pathToFileURL(project.configFile);
  // A saved file is another module: `dev` loads it again.
  url.searchParams.set("saved", String(statSync(project.configFile).mtimeMs));
  try {
    const module: { readonly default?: unknown } = await import(url.href);
    return module.default ?? missingDefault;
  } catch (cause) {
    throw new WatersmeetError("CONFIG_INVALID", `${project.configFile} cannot be loaded: ${String(cause)}`, {
      hint: "It is plain TypeScript that Node runs as it is: erasable syntax only, imports with their .ts.",
      cause,
    });
  }
}

const missingDefault = "no default export";

function parsePart<S extends z.ZodType>(
  schema: S,
  value: unknown,
  { source, problems }: { readonly source: string; readonly problems: ConfigProblem[] },
): z.output<S> | undefined {
  if (value === missingDefault) {
    problems.push({ source, path: "", message: "has no default export; write `export default defineConfig({ … })`" });
    return undefined;
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues.flatMap((issue) => listMeant(issue)))
    problems.push({ source, path: path.join("."), message });
  return undefined;
}

type Issue = Pick<z.core.$ZodIssue, "path" | "message">;

/** Of a setting with several forms, what is wrong with the one that was meant: that whose mistakes lie deepest. */
function listMeant(issue: z.core.$ZodIssue): readonly Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const forms = issue.errors.map((form) => form.flatMap((each) => listMeant(each)));
  const depthOf = (form: readonly Issue[]): number => Math.max(0, ...form.map(({ path }) => path.length));
  const [meant] = forms.toSorted((a, b) => depthOf(b) - depthOf(a));
  if (meant === undefined || depthOf(meant) === 0) return [issue];
  return meant.map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
}

function refuse(problems: readonly ConfigProblem[]): never {
  const lines = problems.map(({ source, path, message }) => `${source}: ${path === "" ? "" : `${path} `}${message}`);
  throw new WatersmeetError("CONFIG_INVALID", `The configuration is not valid:\n  ${lines.join("\n  ")}`, {
    hint: "docs/reference/config.md lists every setting with its default.",
    details: { problems },
  });
}

function buildConfig(
  project: ProjectLocation,
  file: z.output<typeof fileSchema>,
  chosen: z.output<typeof flagsSchema> & Pick<z.output<typeof envSchema>, "shadow">,
): Config {
  const stateDirectory = join(project.root, ".watersmeet");
  const databaseUrl = chosen.databaseUrl ?? file.databaseUrl;
  const assets = file.assets ?? "assets/**/*.ts";
  return Object.freeze<Config>({
    root: project.root,
    assets: typeof assets === "string" ? [assets] : assets,
    environment: chosen.environment ?? file.environment ?? "prod",
    ledger:
      databaseUrl === undefined
        ? { kind: "embedded", dataDirectory: join(stateDirectory, "postgres") }
        : { kind: "url", url: databaseUrl },
    stores: {
      default: file.store ?? { kind: "duckdb", path: ".watersmeet/data.duckdb", memoryLimit: null, threads: null },
      ...file.stores,
    },
    resources: file.resources,
    budgets: file.budgets,
    worker: {
      concurrency: chosen.concurrency ?? file.worker.concurrency ?? Math.max(2, availableParallelism()),
      childMemoryMb: file.worker.childMemoryMb,
      stepsPerChild: file.worker.stepsPerChild,
    },
    merges: { shadowPerMille: chosen.shadow === "all" ? 1_000 : 5 },
    retries: file.retries,
    http: { host: chosen.host ?? file.http.host ?? "127.0.0.1", port: chosen.port ?? file.http.port ?? 4321 },
    stateDirectory: resolve(stateDirectory),
  });
}
