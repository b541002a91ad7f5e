import { automationHead, head, inFile, type RejectedCase } from "./rejected-case.ts";

/** Options that are not there to be read, of assets, schedules and sensors. */
export const optionCases: readonly RejectedCase[] = [
  inFile(
    "ANALYZE_OPTION_NOT_STATIC",
    "a computed name",
    'export const x = asset({ schema: S, name: «"a".repeat(2)» }, () => []);',
  ),
  inFile(
    "ANALYZE_OPTION_NOT_STATIC",
    "tags from the environment",
    'export const x = asset({ schema: S, tags: ["a", process.title].concat() }, () => []);'.replace(
      '["a", process.title].concat()',
      '«["a", process.title].concat()»',
    ),
  ),
  inFile(
    "ANALYZE_OPTION_NOT_STATIC",
    "options that are computed",
    "export const x = asset(«Object.freeze({ schema: S })», () => []);",
  ),
  inFile(
    "ANALYZE_OPTION_NOT_STATIC",
    "a spread that is computed",
    "export const x = asset({ schema: S, ...«Object.freeze({})» }, () => []);",
  ),
  inFile(
    "ANALYZE_OPTION_NOT_STATIC",
    "a start that is computed",
    "export const x = asset({ schema: S, partitions: daily(«new Date().toISOString()») }, () => []);",
  ),
  inFile(
    "ANALYZE_OPTION_NOT_STATIC",
    "partitions as data",
    'export const x = asset({ schema: S, partitions: «{ kind: "buckets", count: 3 }» }, () => []);',
  ),
  inFile("ANALYZE_OPTION_MISSING", "no schema", "export const x = asset(«{ tags: [] }», () => []);"),
  {
    code: "ANALYZE_PARTITIONS_INVALID",
    title: "no buckets",
    files: {
      "assets/bad.ts": `${head}import { buckets } from "@watersmeet/core";\nexport const x = asset({ schema: S, partitions: buckets(«0») }, () => []);\n`,
    },
  },
  inFile(
    "ANALYZE_PARTITIONS_INVALID",
    "a day that does not exist",
    'export const x = asset({ schema: S, partitions: «daily("2001-02-30")» }, () => []);',
  ),
  inFile(
    "ANALYZE_PARTITIONS_INVALID",
    "a time zone that does not exist",
    'export const x = asset({ schema: S, partitions: «daily("2001-02-01", { timeZone: "Mars/Base" })» }, () => []);',
  ),
  inFile(
    "ANALYZE_SOURCE_WITH_INPUT",
    "a source that reads an asset",
    'export const x = source({ schema: S, resource: "r" }, (o: «In<typeof raw.orders>») => []);',
  ),
  inFile(
    "ANALYZE_BRANCH_NAME_REPEATED",
    "two branches with one name",
    'export const x = merge({ schema: S, key: ["id"], policy: "unionDistinct" }, (a: In<typeof raw.orders>, b: { a: «In<typeof raw.customers>» }) => ({ a }));',
  ),
  inFile(
    "ANALYZE_AUTOMATION_INVALID",
    "a condition that only the run time knows",
    "const mine = { kind: `x` };\nexport const x = asset({ schema: S, automation: «mine.kind === `x`» }, () => []);",
  ),
  inFile(
    "ANALYZE_AUTOMATION_INVALID",
    "a join of conditions without any",
    `${automationHead}export const x = asset({ schema: S, automation: «and»() }, () => []);`,
  ),
  inFile(
    "AUTOMATION_CRON_INVALID",
    "a cron expression of an asset that cannot be",
    `${automationHead}export const x = asset({ schema: S, automation: onCron(«"0 25 * * *"») }, () => []);`,
  ),
  inFile(
    "AUTOMATION_CRON_INVALID",
    "a cron expression of a schedule that cannot be",
    `${automationHead}export const x = schedule({ cron: «"every night"», select: "orders" });`,
  ),
  inFile(
    "ANALYZE_AUTOMATION_INVALID",
    "a catch-up policy that there is not",
    `${automationHead}export const x = schedule({ cron: "@daily", select: "orders", catchUp: «"some"» });`,
  ),
  inFile(
    "ANALYZE_OPTION_MISSING",
    "a schedule that selects nothing",
    `${automationHead}export const x = schedule(«{ cron: "@daily" }»);`,
  ),
  inFile(
    "ANALYZE_NOT_EXPORTED",
    "a schedule that is not exported",
    `${automationHead}const «x» = schedule({ cron: "@daily", select: "orders" });`,
  ),
  inFile(
    "ANALYZE_DUPLICATE_KEY",
    "a schedule with the name of an asset",
    `${automationHead}export const «orders» = schedule({ cron: "@daily", select: "orders" });`,
  ),
  inFile(
    "ANALYZE_ASSET_IN_UNUSED_FUNCTION",
    "a sensor that a function makes",
    `${automationHead}export const make = () => «sensor({ select: "orders" }, () => ({}))»;`,
  ),
  inFile(
    "ANALYZE_SPLIT_INVALID",
    "slices of one of several inputs that is not named",
    'export const x = asset({ schema: S, splittable: «{ by: "id" }» }, (o: In<typeof raw.orders>, c: In<typeof raw.customers>) => []);',
  ),
  inFile(
    "ANALYZE_SPLIT_INVALID",
    "slices of an input that is not there",
    'export const x = asset({ schema: S, splittable: «{ by: "id", input: "orders" }» }, (o: In<typeof raw.orders>) => []);',
  ),
  inFile(
    "ANALYZE_SPLIT_INVALID",
    "slices of nothing",
    'export const x = asset({ schema: S, splittable: «{ by: "id" }» }, (ctx: Ctx) => []);',
  ),
  inFile(
    "ANALYZE_SPLIT_INVALID",
    "slices without a column",
    "export const x = asset({ schema: S, splittable: «{ parts: 2 }» }, (o: In<typeof raw.orders>) => []);",
  ),
  inFile(
    "ANALYZE_SPLIT_INVALID",
    "a number of slices that cannot be",
    'export const x = asset({ schema: S, splittable: { by: "id", parts: «65» } }, (o: In<typeof raw.orders>) => []);',
  ),
  inFile(
    "ANALYZE_SPLIT_INVALID",
    "slices of a query",
    'export const x = query({ schema: S, splittable: «{ by: "id" }» }, (o: In<typeof raw.orders>, db: Db) => db.selectFrom(o.as("o")).selectAll());',
  ),
  inFile(
    "ANALYZE_OPTION_NOT_STATIC",
    "a column that is computed",
    "export const x = asset({ schema: S, splittable: { by: «process.title» } }, (o: In<typeof raw.orders>) => []);",
  ),
];
