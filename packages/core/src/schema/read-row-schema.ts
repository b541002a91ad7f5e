import type { $ZodTypes } from "zod/v4/core";
import type { Problem } from "../errors/problem.ts";
import { findFieldProblems, readColumnMeta } from "./column-meta.ts";
import { findColumnNameProblems } from "./column-names.ts";
import { describeColumn } from "./describe-column.ts";
import type { Column, RowSchema } from "./row-schema.ts";
import { asZodTypes, isZodSchema } from "./zod-schema.ts";

/** The columns of a zod object, or everything that keeps it from having columns. */
export type RowSchemaReading =
  | { readonly schema: RowSchema; readonly problems: readonly [] }
  | { readonly schema: null; readonly problems: readonly Problem[] };

/**
 * Reads a zod object as columns. Every problem is reported, with the column's name and a fix: SCHEMA_NOT_AN_OBJECT, SCHEMA_UNSUPPORTED,
 * SCHEMA_COLUMN_NAME_INVALID. The table of types is in `docs/reference/columns.md`.
 */
export function readRowSchema(zodObject: unknown): RowSchemaReading {
  const object = unwrapObject(zodObject);
  if (object === null) return refuse([notAnObject]);
  const { shape, catchall } = object;
  const entries = Object.entries(shape).map(([name, schema]) => readColumn(name, asZodTypes(schema)));
  const columns = entries.filter((entry) => "type" in entry);
  const problems = [
    ...(catchall !== undefined && asZodTypes(catchall)._zod.def.type !== "never" ? [looseObject] : []),
    ...(entries.length === 0 ? [noColumns] : []),
    ...findColumnNameProblems(Object.keys(shape)),
    ...entries.filter((entry) => "code" in entry),
    ...findFieldProblems(columns),
  ];
  return problems.length > 0
    ? refuse(problems)
    : { schema: Object.freeze({ columns: Object.freeze(columns) }), problems: [] };
}

function readColumn(name: string, schema: $ZodTypes): Column | Problem {
  const description = describeColumn(schema);
  if (description.kind === "refused") {
    return {
      code: "SCHEMA_UNSUPPORTED",
      message: `column "${name}" cannot be stored: ${description.what}`,
      hint: description.fix,
    };
  }
  const { problem, ...meta } = readColumnMeta(name, schema);
  if (problem !== undefined) return problem;
  return Object.freeze({
    name,
    type: description.type,
    isNullable: description.isNullable || description.isOptional,
    nullAs: description.isOptional && !description.isNullable ? "absent" : "null",
    ...meta,
  });
}

type ObjectDef = Extract<$ZodTypes["_zod"]["def"], { readonly type: "object" }>;

function unwrapObject(value: unknown): ObjectDef | null {
  if (!isZodSchema(value)) return null;
  const def = value._zod.def;
  if (def.type === "readonly") return unwrapObject(def.innerType);
  return def.type === "object" ? def : null;
}

function refuse(problems: readonly Problem[]): RowSchemaReading {
  return { schema: null, problems };
}

const notAnObject: Problem = {
  code: "SCHEMA_NOT_AN_OBJECT",
  message: "the schema is not a zod object",
  hint: "Write schema: z.object({ … }) with zod 4; a transform over a whole row belongs in the asset's function",
};

const looseObject: Problem = {
  code: "SCHEMA_UNSUPPORTED",
  message: "the schema accepts properties that it does not declare, and they have no column",
  hint: "Use z.object or z.strictObject, and a column of z.record(z.string(), z.json()) for what is open",
};

const noColumns: Problem = {
  code: "SCHEMA_UNSUPPORTED",
  message: "the schema has no columns",
  hint: "Give z.object at least one property",
};
