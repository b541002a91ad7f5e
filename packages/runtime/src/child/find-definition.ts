import { isDefinition, type Definition } from "@watersmeet/core";
import { isWatersmeetError, WatersmeetError } from "@watersmeet/core/errors";
import type { ModuleLoader } from "./module-loader.ts";
import type { AssetAddress } from "./protocol.ts";

/** Imports the one file that an asset needs and finds its object. @throws {MODULE_LOAD_FAILED} */
export async function findDefinition(address: AssetAddress, modules: ModuleLoader): Promise<Definition> {
  const { key, file, exportPath } = address;
  let found: unknown = await importModule(file, modules);
  for (const name of exportPath)
    found = found !== null && typeof found === "object" ? Reflect.get(found, name) : undefined;
  if (isDefinition(found)) return found;
  throw new WatersmeetError(
    "MODULE_LOAD_FAILED",
    `${file} has no asset at export ${exportPath.join(".")}, where "${key}" should be`,
    {
      hint: "Export what asset(), source(), query() or merge() returned.",
    },
  );
}

/** @throws what the language or the loader say of it, else {MODULE_LOAD_FAILED} with the module's own error as cause */
export async function importModule(file: string, modules: ModuleLoader): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await modules.importFile(file);
  } catch (cause) {
    if (isWatersmeetError(cause)) throw cause;
    throw new WatersmeetError(
      "MODULE_LOAD_FAILED",
      `${file} cannot be imported: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: hintFor(cause),
        cause,
      },
    );
  }
}

const hints: Readonly<Record<string, string>> = {
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    "Node runs TypeScript by leaving types out: enums, namespaces and parameter properties are not possible. Set erasableSyntaxOnly in tsconfig.json.",
  ERR_MODULE_NOT_FOUND:
    "Imports of files carry their extension (./lib/x.ts); packages must be installed in the project.",
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING: "Packages under node_modules must ship JavaScript.",
};

function hintFor(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return hints[code] ?? "The stack shows where the module failed while it was imported.";
}
