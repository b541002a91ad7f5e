import type { $ZodTypes } from "zod/v4/core";
import { describeColumn } from "../schema/describe-column.ts";
import type { ColumnType } from "../schema/row-schema.ts";
import { asZodTypes, isZodSchema } from "../schema/zod-schema.ts";
import type { Check, RowPredicate } from "./check.ts";
import { describePredicate } from "./describe-predicate.ts";
import { none, onlyZod, readZodChecks, type ColumnChecks } from "./read-zod-checks.ts";

/** What a schema demands of staged rows. */
export interface DerivedChecks {
  /** What SQL can check, in the order of the columns, then the key's uniqueness. */
  readonly checks: readonly Check[];
  /** Whether the schema says more than `checks` do: refinements, transforms, JSON, patterns that engines read differently. Then only zod can tell. */
  readonly hasRowSideChecks: boolean;
}

/**
 * Compiles a zod object and an asset's key to checks on staged rows. Without row-side checks, a row in its stored form passes all of them
 * exactly when zod accepts it. A schema that `readRowSchema` refuses gives no checks.
 */
export function deriveChecks(zodObject: unknown, key: readonly string[]): DerivedChecks {
  const shape = isZodSchema(zodObject) ? unwrapObject(zodObject) : { columns: [], hasRowChecks: true };
  const columns = shape.columns.map(([name, schema]) => checkColumn(name, schema));
  const rowChecks = columns.flatMap((column) => describePredicates(column.predicates));
  return {
    checks: key.length === 0 ? rowChecks : [...rowChecks, uniqueKey(key)],
    hasRowSideChecks: shape.hasRowChecks || columns.some((column) => column.hasRowSideChecks),
  };
}

interface ObjectShape {
  readonly columns: readonly (readonly [string, $ZodTypes])[];
  readonly hasRowChecks: boolean;
}

function unwrapObject(schema: $ZodTypes): ObjectShape {
  const def = schema._zod.def;
  if (def.type === "readonly") return unwrapObject(asZodTypes(def.innerType));
  if (def.type !== "object") return { columns: [], hasRowChecks: true };
  return {
    columns: Object.entries(def.shape).map(([name, column]) => [name, asZodTypes(column)] as const),
    hasRowChecks: (def.checks ?? []).length > 0,
  };
}

function checkColumn(name: string, schema: $ZodTypes): ColumnChecks {
  const column = describeColumn(schema);
  if (column.kind === "refused") return { predicates: [], hasRowSideChecks: true };
  const notNull: readonly RowPredicate[] =
    column.isNullable || column.isOptional ? [] : [{ kind: "notNull", column: name }];
  const byType = checkType(name, column.type);
  const bySchema = checkSchema(name, schema, column.type);
  return { predicates: [...notNull, ...byType, ...bySchema.predicates], hasRowSideChecks: bySchema.hasRowSideChecks };
}

/** What the type itself demands of rows that come from SQL: values that JavaScript can have. */
function checkType(column: string, type: ColumnType): readonly RowPredicate[] {
  switch (type.kind) {
    case "text":
      return type.values === undefined ? [] : [{ kind: "oneOf", column, values: type.values }];
    case "integer":
      return [range(column, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)];
    case "double":
      return [{ kind: "finite", column }];
    case "date":
      return [range(column, "0001-01-01", "9999-12-31")];
    case "timestamp":
      return [range(column, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")];
    default:
      return [];
  }
}

function range(column: string, min: number | string, max: number | string): RowPredicate {
  return { kind: "range", column, min, max, isMinExclusive: false, isMaxExclusive: false };
}

/** What the schema adds to its column's type. */
function checkSchema(name: string, schema: $ZodTypes, type: ColumnType): ColumnChecks {
  const def = schema._zod.def;
  switch (def.type) {
    case "nullable":
    case "optional":
    case "nonoptional":
    case "default":
    case "prefault":
    case "readonly":
      return hasChecks(schema) ? onlyZod : checkSchema(name, asZodTypes(def.innerType), type);
    case "lazy":
      return checkSchema(name, asZodTypes(def.getter()), type);
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return readZodChecks(name, schema, type);
    case "enum":
    case "literal":
      // Texts are checked by the type's values; other values have no predicate.
      return type.kind === "text" && !hasChecks(schema) ? none : onlyZod;
    case "union":
      return type.kind === "text" && isPlainUnion(schema, def.options.map(asZodTypes)) ? none : onlyZod;
    case "any":
    case "unknown":
      return hasChecks(schema) ? onlyZod : none;
    default:
      return onlyZod;
  }
}

/** A union of literals and enums is all said by its column's values. */
function isPlainUnion(schema: $ZodTypes, members: readonly $ZodTypes[]): boolean {
  const plain: readonly string[] = ["literal", "enum", "null", "undefined"];
  return !hasChecks(schema) && members.every((member) => plain.includes(member._zod.def.type) && !hasChecks(member));
}

function hasChecks(schema: $ZodTypes): boolean {
  return (schema._zod.def.checks ?? []).length > 0;
}

/** Ids say what is checked, and stay the same while the schema does: `range:amount`, `range:amount:2`. */
function describePredicates(predicates: readonly RowPredicate[]): readonly Check[] {
  return predicates.map((predicate, index) => {
    const earlier = predicates.slice(0, index).filter((other) => other.kind === predicate.kind).length;
    const id = `${predicate.kind}:${predicate.column}${earlier === 0 ? "" : `:${earlier + 1}`}`;
    return { kind: "row", id, message: describePredicate(predicate), predicate };
  });
}

function uniqueKey(columns: readonly string[]): Check {
  return {
    kind: "uniqueKey",
    id: `uniqueKey:${columns.join(",")}`,
    message: "must identify a row: other rows have the same",
    columns,
  };
}
