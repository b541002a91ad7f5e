import type { ErrorCode } from "../../src/errors/index.ts";
import type { ProjectFiles } from "./temporary-project.ts";

/** A project with one mistake. `«` and `»` in a text mark the place that the problem must name. */
export interface RejectedCase {
  readonly code: ErrorCode;
  readonly title: string;
  readonly files: ProjectFiles;
}

const head = `import { asset, assets, merge, query, source, daily, type All, type Ctx, type Db, type In, type Last, type Self } from "@watersmeet/core";
import type * as raw from "./raw.ts";
import { S } from "../lib/schema.ts";
`;

const automationHead = `import { and, onCron, schedule, sensor } from "@watersmeet/core";\n`;

/** What every case has. */
export const commonFiles: ProjectFiles = {
  "lib/schema.ts": `import { z } from "zod";
export const S = z.object({ id: z.number() });
`,
  "assets/raw.ts": `import { assets, source } from "@watersmeet/core";
import { S } from "../lib/schema.ts";
export const orders = source({ schema: S, resource: "shop" }, () => []);
export const customers = source({ schema: S, resource: "shop" }, () => []);
export const regions = assets(["eu", "us"], (key) => source({ schema: S, resource: key }, () => []));
export const rate = 3;
`,
};

function inFile(code: ErrorCode, title: string, body: string): RejectedCase {
  return { code, title, files: { "assets/bad.ts": `${head}${body}\n` } };
}

export const rejectedCases: readonly RejectedCase[] = [
  inFile(
    "ANALYZE_SYNTAX_ERROR",
    "text that does not parse",
    "export const x = asset({ schema: S }, (o: In<typeof raw.orders>) => [«;»",
  ),
  inFile(
    "ANALYZE_INPUT_NOT_TYPEOF",
    "a row type as an input",
    "type Row = { id: number };\nexport const x = asset({ schema: S }, (o: In<«Row»>) => []);",
  ),
  inFile(
    "ANALYZE_INPUT_NOT_TYPEOF",
    "a type of a package as an input",
    "export const x = asset({ schema: S }, (o: In<«Ctx»>) => []);",
  ),
  {
    code: "ANALYZE_PARAMETER_SHADOWS_ASSET",
    title: "a parameter named like the asset",
    files: {
      "assets/bad.ts": `${head}import type { orders } from "./raw.ts";
export const x = asset({ schema: S }, async (orders: In<«typeof orders»>) => []);
`,
    },
  },
  {
    code: "ANALYZE_PARAMETER_SHADOWS_ASSET",
    title: "a destructured name like the asset",
    files: {
      "assets/bad.ts": `${head}import type { orders } from "./raw.ts";
export const x = asset({ schema: S }, ({ orders }: { orders: In<«typeof orders»> }) => []);
`,
    },
  },
  {
    code: "ANALYZE_PARAMETER_SHADOWS_ASSET",
    title: "a parameter named like the asset, given to an alias",
    files: {
      "assets/bad.ts": `${head}import type { orders } from "./raw.ts";
import type { AnyAsset } from "@watersmeet/core";
type Week<A extends AnyAsset> = In<A, Last<7>>;
export const x = asset({ schema: S }, (orders: Week<«typeof orders»>) => []);
`,
    },
  },
  inFile(
    "ANALYZE_UNKNOWN_NAME",
    "a member that the module does not export",
    "export const x = asset({ schema: S }, (o: In<«typeof raw.ordrs»>) => []);",
  ),
  inFile(
    "ANALYZE_UNKNOWN_NAME",
    "a name that is not there",
    "export const x = asset({ schema: S }, (o: In<«typeof custommers»>) => []);",
  ),
  inFile(
    "ANALYZE_UNKNOWN_NAME",
    "a member that the group does not have",
    "export const x = asset({ schema: S }, (o: In<«typeof raw.regions.asia»>) => []);",
  ),
  {
    code: "ANALYZE_AMBIGUOUS_EXPORT",
    title: "a name behind two stars",
    files: {
      "assets/one.ts": `import { source } from "@watersmeet/core";\nimport { S } from "../lib/schema.ts";\nexport const same = source({ schema: S, resource: "a", name: "one" }, () => []);\n`,
      "assets/two.ts": `import { source } from "@watersmeet/core";\nimport { S } from "../lib/schema.ts";\nexport const same = source({ schema: S, resource: "a", name: "two" }, () => []);\n`,
      "assets/barrel.ts": `export * from "./one.ts";\nexport * from "./two.ts";\n`,
      "assets/bad.ts": `${head}import type * as barrel from "./barrel.ts";\nexport const x = asset({ schema: S }, (o: In<«typeof barrel.same»>) => []);\n`,
    },
  },
  inFile(
    "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
    "a factory called without its asset",
    "const make = (src?: typeof raw.orders) => asset({ schema: S }, (o: In<«typeof src»>) => []);\nexport const x = make();",
  ),
  inFile(
    "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
    "a type parameter that nothing binds",
    "const make = <A>(n: number) => asset({ schema: S }, (o: In<«A»>) => []);\nexport const x = make(1);",
  ),
  inFile(
    "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
    "a type parameter as the whole parameter",
    "const make = <T>(n: number) => asset({ schema: S }, (o: «T») => []);\nexport const x = make(1);",
  ),
  inFile(
    "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
    "factories that call themselves",
    "const make = (n: number) => make(n);\nexport const «x» = make(1);",
  ),
  inFile(
    "ANALYZE_MODULE_UNRESOLVED",
    "a module that is not there",
    'import type * as gone from «"./gone.ts"»;\nexport const x = asset({ schema: S }, (o: In<typeof gone.orders>) => []);',
  ),
  inFile(
    "ANALYZE_MODULE_UNRESOLVED",
    "an unknown # import",
    'import { help } from «"#lib/help.ts"»;\nexport const x = asset({ schema: S }, () => help());',
  ),
  inFile(
    "ANALYZE_INPUT_FROM_PACKAGE",
    "a value of a package",
    'import type { orders } from "some-package";\nexport const x = asset({ schema: S }, (o: In<«typeof orders»>) => []);',
  ),
  inFile(
    "ANALYZE_INPUT_IS_GROUP",
    "a whole group",
    "export const x = asset({ schema: S }, (o: In<«typeof raw.regions»>) => []);",
  ),
  inFile(
    "ANALYZE_NOT_AN_ASSET",
    "a constant",
    "export const x = asset({ schema: S }, (o: In<«typeof raw.rate»>) => []);",
  ),
  inFile("ANALYZE_NOT_AN_ASSET", "a module", "export const x = asset({ schema: S }, (o: In<«typeof raw»>) => []);"),
  inFile(
    "ANALYZE_NOT_AN_ASSET",
    "partitions",
    'const days = daily("2001-01-01");\nexport const x = asset({ schema: S }, (o: In<«typeof days»>) => []);',
  ),
  inFile(
    "ANALYZE_PARAMETER_NOT_INPUT",
    "a text",
    "export const x = asset({ schema: S }, (o: In<typeof raw.orders>, name: «string») => []);",
  ),
  inFile(
    "ANALYZE_PARAMETER_NOT_INPUT",
    "an array of inputs",
    "export const x = asset({ schema: S }, (o: «In<typeof raw.orders>[]») => []);",
  ),
  inFile(
    "ANALYZE_PARAMETER_NOT_INPUT",
    "an unknown reference",
    "export const x = asset({ schema: S }, (o: «Whatever») => []);",
  ),
  inFile(
    "ANALYZE_PARAMETER_NOT_INPUT",
    "the asset itself instead of its input",
    "export const x = asset({ schema: S }, (o: «typeof raw.orders») => []);",
  ),
  inFile(
    "ANALYZE_PARAMETER_NOT_INPUT",
    "a method in an object of inputs",
    "export const x = asset({ schema: S }, (o: { «read(): void» }) => []);",
  ),
  inFile(
    "ANALYZE_PARAMETER_NOT_INPUT",
    "a union with something else",
    "export const x = asset({ schema: S }, (o: «In<typeof raw.orders> | string») => []);",
  ),
  inFile(
    "ANALYZE_PARAMETER_NOT_INPUT",
    "a class",
    "class Reader {}\nexport const x = asset({ schema: S }, (o: «Reader») => []);",
  ),
  inFile(
    "ANALYZE_PARAMETER_UNTYPED",
    "a parameter without a type",
    "export const x = asset({ schema: S }, («o») => []);",
  ),
  inFile("ANALYZE_PARAMETER_UNTYPED", "any", "export const x = asset({ schema: S }, (o: «any») => []);"),
  inFile(
    "ANALYZE_PARAMETER_UNTYPED",
    "a rest parameter without a type",
    "export const x = asset({ schema: S }, (...«o») => []);",
  ),
  inFile(
    "ANALYZE_UNION_OF_INPUTS",
    "one input or another",
    "export const x = asset({ schema: S }, (o: «In<typeof raw.orders> | In<typeof raw.customers>») => []);",
  ),
  inFile(
    "ANALYZE_TYPE_NOT_STATIC",
    "an index that is no literal",
    "type I = number;\nconst f = (a: In<typeof raw.orders>) => [];\nexport const x = asset({ schema: S }, (o: «Parameters<typeof f>[I]») => []);",
  ),
  inFile(
    "ANALYZE_TYPE_NOT_STATIC",
    "all parameters as one",
    "const f = (a: In<typeof raw.orders>) => [];\nexport const x = asset({ schema: S }, (o: «Parameters<typeof f>») => []);",
  ),
  inFile(
    "ANALYZE_TYPE_NOT_STATIC",
    "the parameters of an unknown function",
    "export const x = asset({ schema: S }, (...o: «Parameters<typeof nothing>») => []);",
  ),
  inFile(
    "ANALYZE_CONDITIONAL_TYPE",
    "a conditional type",
    "type C<T> = «T extends string ? In<typeof raw.orders> : In<typeof raw.customers>»;\nexport const x = asset({ schema: S }, (o: C<string>) => []);",
  ),
  inFile(
    "ANALYZE_MAPPED_TYPE",
    "a mapped type",
    'type M = «{ [K in "orders"]: In<(typeof raw)[K]> }»;\nexport const x = asset({ schema: S }, (o: M) => []);',
  ),
  inFile(
    "ANALYZE_MAPPING_UNKNOWN",
    "a mapping of one's own",
    "interface Mine {}\nexport const x = asset({ schema: S }, (o: In<typeof raw.orders, «Mine»>) => []);",
  ),
  inFile(
    "ANALYZE_MAPPING_UNKNOWN",
    "a number that is no literal",
    "export const x = asset({ schema: S }, (o: In<typeof raw.orders, «Last<number>»>) => []);",
  ),
  inFile(
    "ANALYZE_MAPPING_UNKNOWN",
    "the last zero partitions",
    "export const x = asset({ schema: S }, (o: In<typeof raw.orders, «Last<0>»>) => []);",
  ),
  inFile(
    "ANALYZE_REST_LENGTH_UNKNOWN",
    "a rest array",
    "export const x = asset({ schema: S }, (...o: «In<typeof raw.orders>[]») => []);",
  ),
  inFile(
    "ANALYZE_REST_LENGTH_UNKNOWN",
    "a tuple with a rest",
    "export const x = asset({ schema: S }, (...o: «[In<typeof raw.orders>, ...In<typeof raw.orders>[]]») => []);",
  ),
  inFile(
    "ANALYZE_ALIAS_TOO_DEEP",
    "an alias of itself",
    "type A = «B»;\ntype B = A;\nexport const x = asset({ schema: S }, (o: A) => []);",
  ),
  inFile(
    "ANALYZE_ALIAS_TOO_DEEP",
    "aliases that nest each other",
    "type A<T> = «B<A<T>>»;\ntype B<T> = T;\nexport const x = asset({ schema: S }, (o: A<string>) => []);",
  ),
  inFile("ANALYZE_NOT_EXPORTED", "an asset without export", "const «x» = asset({ schema: S }, () => []);"),
  inFile(
    "ANALYZE_NOT_EXPORTED",
    "a group's member that no name receives",
    'export const { eu } = assets(«["eu", "us"]», (key) => asset({ schema: S }, () => []));',
  ),
  inFile(
    "ANALYZE_FUNCTION_UNKNOWN",
    "a function that is called for",
    "const make = () => () => [];\nexport const x = asset({ schema: S }, «make()»);",
  ),
  inFile("ANALYZE_FUNCTION_UNKNOWN", "no function", "export const x = «asset»({ schema: S });"),
  inFile(
    "ANALYZE_FUNCTION_UNKNOWN",
    "a group's function that makes no asset",
    'const twice = (key: string) => Number(key);\nexport const x = assets(["a"], «twice»);',
  ),
  inFile(
    "ANALYZE_FACTORY_RETURNS",
    "a factory with several returns",
    "const make = (a: boolean) => {\n  if (a) return «asset({ schema: S }, () => [])»;\n  return null;\n};\nexport const x = make(true);",
  ),
  inFile(
    "ANALYZE_GROUP_KEYS_NOT_LITERAL",
    "keys that are computed",
    'export const x = assets(«"eu us".split(" ")», (key) => asset({ schema: S }, () => []));',
  ),
  inFile(
    "ANALYZE_GROUP_KEYS_NOT_LITERAL",
    "a key that is computed",
    'export const x = assets(["eu", «process.title»], (key) => asset({ schema: S }, () => []));',
  ),
  inFile("ANALYZE_ASSET_UNNAMED", "an asset in an array", "export const all = [«asset({ schema: S }, () => [])»];"),
  inFile(
    "ANALYZE_ASSET_UNNAMED",
    "an asset in an object",
    "export const all = { a: «asset({ schema: S }, () => [])» };",
  ),
  inFile(
    "ANALYZE_ASSET_UNNAMED",
    "an asset under a condition",
    "export const x = S === null ? null : «asset({ schema: S }, () => [])»;",
  ),
  inFile(
    "ANALYZE_ASSET_UNNAMED",
    "an asset that is wrapped",
    "export const x = Object.freeze(«asset({ schema: S }, () => [])»);",
  ),
  inFile("ANALYZE_ASSET_UNNAMED", "an asset that is thrown away", "«asset({ schema: S }, () => [])»;"),
  inFile(
    "ANALYZE_ASSET_IN_LOOP",
    "an asset in a loop",
    'export const all: unknown[] = [];\nfor (const name of ["a", "b"]) all.push(«asset({ schema: S, name }, () => [])»);',
  ),
  inFile(
    "ANALYZE_ASSET_IN_UNUSED_FUNCTION",
    "a map over names",
    'export const all = ["a", "b"].map((name) => «asset({ schema: S, name }, () => [])»);',
  ),
  inFile(
    "ANALYZE_ASSET_IN_UNUSED_FUNCTION",
    "a factory that nobody calls",
    "export const make = () => «asset({ schema: S }, () => [])»;",
  ),
  inFile(
    "ANALYZE_ASSET_IN_UNUSED_FUNCTION",
    "a class that makes assets",
    "export class Maker {\n  make() {\n    return «asset({ schema: S }, () => [])»;\n  }\n}",
  ),
  inFile(
    "ANALYZE_ASSET_FUNCTION_AS_VALUE",
    "the function as an argument",
    "export const all = [{ schema: S }].map(«asset»);",
  ),
  inFile(
    "ANALYZE_ASSET_FUNCTION_AS_VALUE",
    "the whole framework as a value",
    'import * as wm from "@watersmeet/core";\nexport const x = Reflect.get(«wm», "asset")({ schema: S }, () => []);',
  ),
  {
    code: "ANALYZE_UNKNOWN_FUNCTION",
    title: "a function of the framework that is not known",
    files: {
      "assets/bad.ts": `import { route } from "@watersmeet/core";\nexport const { big, small } = «route»({}, () => []);\n`,
    },
  },
  {
    code: "ANALYZE_ASSET_OUTSIDE_GLOBS",
    title: "an asset in a helper's file",
    files: {
      "lib/more.ts": `import { asset } from "@watersmeet/core";\nimport { S } from "./schema.ts";\nexport const «hidden» = asset({ schema: S }, () => []);\n`,
      "assets/bad.ts": `${head}import type * as more from "../lib/more.ts";\nexport const x = asset({ schema: S }, (o: In<typeof raw.orders>) => []);\n`,
    },
  },
  inFile(
    "ANALYZE_SEVERAL_NAMES",
    "two names for one asset",
    "const «x» = asset({ schema: S }, () => []);\nexport { x as a, x as b };",
  ),
  inFile(
    "ANALYZE_KEY_INVALID",
    "a name that is no identifier",
    'export const «x» = asset({ schema: S, name: "daily orders" }, () => []);',
  ),
  inFile(
    "ANALYZE_KEY_INVALID",
    "a group's key that is no identifier",
    'export const «x» = assets(["eu-west"], (key) => asset({ schema: S }, () => []));',
  ),
  inFile(
    "ANALYZE_DUPLICATE_KEY",
    "two assets with one key",
    'export const x = asset({ schema: S }, () => []);\nexport const «y» = asset({ schema: S, name: "x" }, () => []);',
  ),
  inFile(
    "ANALYZE_CYCLE",
    "a circle of three",
    "export const a = asset({ schema: S }, (i: «In<typeof c>») => []);\nexport const b = asset({ schema: S }, (i: In<typeof a>) => []);\nexport const c = asset({ schema: S }, (i: In<typeof b>) => []);",
  ),
  inFile(
    "ANALYZE_CYCLE",
    "an asset that reads itself",
    "export const a = asset({ schema: S }, (i: «In<typeof a>») => []);",
  ),
  {
    code: "ANALYZE_VALUE_IMPORT",
    title: "an asset imported as a value",
    files: {
      "assets/bad.ts": `${head}import { «orders» } from "./raw.ts";\nexport const x = asset({ schema: S }, (o: In<typeof orders>) => []);\n`,
    },
  },
  {
    code: "ANALYZE_VALUE_IMPORT",
    title: "a namespace of assets imported as a value",
    files: {
      "assets/bad.ts": `${head}import * as «upstream» from "./raw.ts";\nexport const x = asset({ schema: S }, (o: In<typeof upstream.orders>) => []);\n`,
    },
  },
  {
    code: "ANALYZE_VALUE_IMPORT",
    title: "an asset imported as a type, but not with `import type`",
    files: {
      "assets/bad.ts": `${head}import { type «orders» } from "./raw.ts";\nexport const x = asset({ schema: S }, (o: In<typeof orders>) => []);\n`,
    },
  },
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
