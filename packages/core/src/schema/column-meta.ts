import { globalRegistry, type $ZodTypes } from "zod/v4/core";
import type { Problem } from "../errors/problem.ts";
import type { Column } from "./row-schema.ts";
import { asZodTypes } from "./zod-schema.ts";

/** What `.meta()` says of a column beyond its type, or why it cannot be understood. */
export interface ColumnMeta extends Pick<Column, "field" | "unit"> {
  readonly problem?: Problem;
}

/** Longest field id or unit, in bytes: that of a name. */
const maxBytes = 63;

/** Reads `.meta({ field, unit })` of a column. Of several around each other, `z.int().meta(…).optional().meta(…)`, the outermost speaks. */
export function readColumnMeta(name: string, schema: $ZodTypes): ColumnMeta {
  const field = findMember(schema, "field");
  const unit = findMember(schema, "unit");
  const wrong = [
    { member: "field", value: field },
    { member: "unit", value: unit },
  ].find(({ value }) => value !== undefined && !isLabel(value));
  if (wrong !== undefined) return { problem: notALabel(name, wrong.member) };
  return { ...(isLabel(field) ? { field } : {}), ...(isLabel(unit) ? { unit } : {}) };
}

/** Columns that claim one identity: by the same `.meta({ field })`, or by one that is another column's name. */
export function findFieldProblems(columns: readonly Column[]): readonly Problem[] {
  const byField = Map.groupBy(columns, fieldOf);
  return [...byField].flatMap(([field, same]) => {
    if (same.length === 1) return [];
    const names = same.map(({ name }) => `"${name}"`).join(" and ");
    return [
      {
        code: "SCHEMA_UNSUPPORTED" as const,
        message: `the columns ${names} have the same field id "${field}"`,
        hint: "A field id belongs to one column: correct one of the .meta({ field: … }).",
      },
    ];
  });
}

/** The identity of a column across renames. */
export function fieldOf(column: Pick<Column, "name" | "field">): string {
  return column.field ?? column.name;
}

function findMember(schema: $ZodTypes, member: "field" | "unit"): unknown {
  for (let at: $ZodTypes | null = schema; at !== null; at = innerOf(at)) {
    const value = globalRegistry.get(at)?.[member];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The schema whose column this one is too, as `describeColumn` sees through it. */
function innerOf(schema: $ZodTypes): $ZodTypes | null {
  const def = schema._zod.def;
  switch (def.type) {
    case "nullable":
    case "optional":
    case "nonoptional":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
      return asZodTypes(def.innerType);
    case "lazy":
      return asZodTypes(def.getter());
    case "pipe":
      return asZodTypes(def.out);
    default:
      return null;
  }
}

function isLabel(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    Buffer.byteLength(value) <= maxBytes &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value)
  );
}

function notALabel(name: string, member: string): Problem {
  return {
    code: "SCHEMA_UNSUPPORTED",
    message: `column "${name}": "${member}" in .meta() is not a text of 1 to ${maxBytes} bytes without control characters`,
    hint: `Write .meta({ ${member}: "…" })`,
  };
}
