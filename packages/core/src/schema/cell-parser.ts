import { safeParse, type $ZodType } from "zod/v4/core";
import { WatersmeetError } from "../errors/watersmeet-error.ts";
import { normalizeValue, type NormalValue } from "./normalize-value.ts";
import type { RowSchema } from "./row-schema.ts";
import { asZodTypes, isZodSchema } from "./zod-schema.ts";

/**
 * Makes the function that single values pass, for rows that need not have every column: what a row's parser does, column by column. What the schema says of the row as
 * a whole is not looked at.
 * @throws {SCHEMA_NOT_AN_OBJECT} when given something else than the zod object that `schema` was read from
 */
export function buildCellParser(
  zodObject: unknown,
  schema: RowSchema,
): (column: string, value: unknown) => NormalValue {
  const shape = shapeOf(zodObject);
  const columns = new Map(schema.columns.map((column) => [column.name, column]));
  return (name, input) => {
    const column = columns.get(name);
    const own = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (column === undefined || own === undefined) return { value: null, problem: "is no column of the schema" };
    // What a store has as NULL, the schema may know as an absent property alone.
    if (input === null && column.isNullable) return { value: null, problem: null };
    const result = safeParse(asZodTypes(own), input);
    if (!result.success) return { value: null, problem: result.error.issues.map(({ message }) => message).join("; ") };
    if (result.data !== null && result.data !== undefined) return normalizeValue(column.type, result.data);
    return { value: null, problem: column.isNullable ? null : "is missing" };
  };
}

/** The zod types of a zod object's properties. @throws {SCHEMA_NOT_AN_OBJECT} */
export function shapeOf(schema: unknown): Readonly<Record<string, $ZodType>> {
  if (!isZodSchema(schema)) throw new WatersmeetError("SCHEMA_NOT_AN_OBJECT", "the schema is not a zod object");
  const def = schema._zod.def;
  if (def.type === "readonly") return shapeOf(def.innerType);
  if (def.type !== "object") throw new WatersmeetError("SCHEMA_NOT_AN_OBJECT", "the schema is not a zod object");
  return def.shape;
}
