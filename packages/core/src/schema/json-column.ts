import type { $ZodTypes } from "zod/v4/core";
import { asZodTypes } from "./zod-schema.ts";

/** A lazy getter may make a new schema each time, so that identity alone does not end the search. */
const maxDepth = 64;

/** Names a zod type inside a schema whose values JSON cannot hold, e.g. `z.date()`; `null` when there is none. Recursive schemas end. */
export function findUnstorableJson(schema: $ZodTypes, seen: ReadonlySet<unknown> = new Set()): string | null {
  if (seen.has(schema) || seen.size > maxDepth) return null;
  const inside = new Set([...seen, schema]);
  const def = schema._zod.def;
  if (isNeverJson(def)) return `z.${def.type}()`;
  for (const child of listChildren(schema)) {
    const found = findUnstorableJson(child, inside);
    if (found !== null) return found;
  }
  return null;
}

const neverJson: readonly string[] = [
  "bigint",
  "date",
  "nan",
  "map",
  "set",
  "symbol",
  "function",
  "promise",
  "file",
  "void",
];

function isNeverJson(def: $ZodTypes["_zod"]["def"]): boolean {
  return (
    neverJson.includes(def.type) || (def.type === "literal" && def.values.some((value) => typeof value === "bigint"))
  );
}

/** The schemas that a value passes on its way out, and their members. */
function listChildren(schema: $ZodTypes): readonly $ZodTypes[] {
  const def = schema._zod.def;
  switch (def.type) {
    case "array":
      return [asZodTypes(def.element)];
    case "object":
      return [...Object.values(def.shape), ...(def.catchall === undefined ? [] : [def.catchall])].map(asZodTypes);
    case "record":
      return [asZodTypes(def.valueType)];
    case "tuple":
      return [...def.items, ...(def.rest === null ? [] : [def.rest])].map(asZodTypes);
    case "union":
      return def.options.map(asZodTypes);
    case "intersection":
      return [def.left, def.right].map(asZodTypes);
    case "nullable":
    case "optional":
    case "nonoptional":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
      return [asZodTypes(def.innerType)];
    case "lazy":
      return [asZodTypes(def.getter())];
    case "pipe":
      return [asZodTypes(def.out)];
    default:
      return [];
  }
}
