import { z } from "zod";
import type { Condition } from "../automation/condition/condition.ts";
import type { Problem } from "../errors/problem.ts";
import { isAssetKey, type AssetKey } from "../values/asset-key.ts";
import type { Manifest } from "./manifest.ts";

/** A manifest from its JSON text, or what is wrong with it. */
export type ManifestReading =
  | { readonly manifest: Manifest; readonly problems: readonly [] }
  | { readonly manifest: null; readonly problems: readonly Problem[] };

/** Reads what `stableJson(manifest)` wrote. Fields of later versions are let through, so that an older program reads a newer manifest. */
export function readManifest(json: string): ManifestReading {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { manifest: null, problems: [invalid("it is not JSON", error instanceof Error ? error.message : "")] };
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return { manifest: parsed.data, problems: [] };
  return { manifest: null, problems: parsed.error.issues.map(({ path, message }) => invalid(path.join("."), message)) };
}

function invalid(where: string, what: string): Problem {
  return {
    code: "MANIFEST_INVALID",
    message: `the manifest cannot be read: ${where}: ${what}`,
    hint: "Derive it again from the sources with `watersmeet check`",
  };
}

const assetKey = z.string().refine((text): text is AssetKey => isAssetKey(text), "is not an asset key");

const location = z.object({
  file: z.string(),
  line: z.int().positive(),
  column: z.int().positive(),
  endLine: z.int().positive().exactOptional(),
  endColumn: z.int().positive().exactOptional(),
});

const mapping = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("same") }),
  z.object({ kind: z.literal("all") }),
  z.object({ kind: z.literal("latest") }),
  z.object({ kind: z.literal("last"), count: z.int().positive() }),
  z.object({ kind: z.literal("offset"), by: z.int() }),
]);

const simplePartitions = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("time"),
    grain: z.enum(["hour", "day", "week", "month"]),
    start: z.string(),
    end: z.string().nullable(),
    timeZone: z.string(),
  }),
  z.object({ kind: z.literal("listed"), keys: z.array(z.string()) }),
  z.object({ kind: z.literal("buckets"), count: z.int().positive() }),
]);

const partitions = z.discriminatedUnion("kind", [
  ...simplePartitions.options,
  z.object({ kind: z.literal("product"), first: simplePartitions, second: simplePartitions }),
]);

const plainConditions = [
  "missing",
  "stale",
  "inProgress",
  "failed",
  "inputMissing",
  "newlyUpdated",
  "codeUpdated",
  "external",
  "latest",
  "requested",
  "handled",
] as const;

const condition: z.ZodType<Condition> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({ kind: z.enum(plainConditions) }),
    z.object({ kind: z.literal("cronTick"), cron: z.string(), timeZone: z.string() }),
    z.object({ kind: z.enum(["and", "or"]), conditions: z.array(condition).min(1) }),
    z.object({ kind: z.enum(["not", "newlyTrue", "anyInput", "allInputs"]), condition }),
    z.object({ kind: z.literal("since"), trigger: condition, reset: condition }),
    z.object({ kind: z.literal("named"), name: z.string(), condition }),
  ]),
);

const asset = z.object({
  key: assetKey,
  kind: z.enum(["asset", "source", "query", "merge"]),
  file: z.string(),
  exportPath: z.array(z.string()).min(1),
  location,
  doc: z.string(),
  inputs: z.array(
    z.object({ asset: assetKey, position: z.string(), name: z.string(), mapping, isOptional: z.boolean() }),
  ),
  injections: z.array(
    z.object({ kind: z.enum(["ctx", "db", "self"]), position: z.string(), mapping: mapping.exactOptional() }),
  ),
  partitions: partitions.nullable(),
  automation: condition.exactOptional(),
  splittable: z
    .object({
      by: z.string(),
      input: z.string(),
      position: z.string(),
      parts: z.union([z.int().positive(), z.literal("auto")]),
    })
    .exactOptional(),
  tags: z.array(z.string()),
  group: z.string().nullable(),
  resource: z.string().nullable(),
  codeVersion: z.string(),
  schemaVersion: z.string(),
});

const triggerMembers = {
  name: assetKey,
  file: z.string(),
  exportPath: z.array(z.string()).min(1),
  location,
  doc: z.string(),
} as const;

const trigger = z.discriminatedUnion("kind", [
  z.object({
    ...triggerMembers,
    kind: z.literal("schedule"),
    cron: z.string(),
    timeZone: z.string(),
    select: z.string(),
    partitions: z.string().nullable(),
    refresh: z.boolean(),
    force: z.boolean(),
    catchUp: z.union([z.enum(["last", "none", "all"]), z.object({ max: z.int().positive() })]),
  }),
  z.object({
    ...triggerMembers,
    kind: z.literal("sensor"),
    everyMs: z.int().positive(),
    timeoutMs: z.int().positive(),
    select: z.string().nullable(),
  }),
]);

const manifestSchema = z.object({
  formatVersion: z.literal(1),
  analyzer: z.string(),
  files: z.record(z.string(), z.string()),
  assets: z.array(asset),
  triggers: z.array(trigger).exactOptional(),
});
