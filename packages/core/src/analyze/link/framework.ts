/** The package that the language comes from. Matched by name, so that two copies of it are one. */
export const frameworkPackage = "@watersmeet/core";

export type AssetMaker = "asset" | "source" | "query" | "merge";

const assetMakers: ReadonlySet<string> = new Set<AssetMaker>(["asset", "source", "query", "merge"]);

export function isAssetMaker(name: string): name is AssetMaker {
  return assetMakers.has(name);
}

/** The function that makes a keyed group of assets. */
export const groupMaker = "assets";

/** Functions that make partitions: calls of them may stand at the top level of a project. */
export const partitionMakers: ReadonlySet<string> = new Set([
  "hourly",
  "daily",
  "weekly",
  "monthly",
  "listed",
  "buckets",
  "product",
]);

/** Functions that make schedules and sensors: an export receives each. */
export const triggerMakers: ReadonlySet<string> = new Set(["schedule", "sensor"]);

/** Functions that make conditions: calls of them may stand at the top level of a project. */
export const conditionMakers: ReadonlySet<string> = new Set([
  "eager",
  "onCron",
  "onMissing",
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
  "cronTick",
  "and",
  "or",
  "not",
  "newlyTrue",
  "since",
  "anyInput",
  "allInputs",
]);

/** Types that mark a parameter. */
export const parameterTypes: ReadonlySet<string> = new Set(["In", "Self", "Ctx", "Db"]);

export const mappingTypes: ReadonlySet<string> = new Set(["Same", "All", "Latest", "Last", "Offset"]);

/** What `export * from "@watersmeet/core"` is known to give: a package's names cannot be listed from the project's files. */
export function isFrameworkName(name: string): boolean {
  return (
    isAssetMaker(name) ||
    name === groupMaker ||
    partitionMakers.has(name) ||
    conditionMakers.has(name) ||
    triggerMakers.has(name) ||
    parameterTypes.has(name) ||
    mappingTypes.has(name)
  );
}
