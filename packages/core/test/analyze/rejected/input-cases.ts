import { head, inFile, type RejectedCase } from "./rejected-case.ts";

/** Parameters that are not inputs, and inputs that lead to no asset. */
export const inputCases: readonly RejectedCase[] = [
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
];
