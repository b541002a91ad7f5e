import { head, inFile, type RejectedCase } from "./rejected-case.ts";

/** Assets that no file exports under one name, or that others reach by a value. */
export const assetCases: readonly RejectedCase[] = [
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
];
