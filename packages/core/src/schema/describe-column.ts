import type { $ZodTypes } from "zod/v4/core";
import { unreachable } from "../errors/unreachable.ts";
import { parseDecimalFormat } from "./decimal.ts";
import { findUnstorableJson } from "./json-column.ts";
import type { ColumnType } from "./row-schema.ts";
import { asZodTypes } from "./zod-schema.ts";

/** What a zod type is as a column, or why it is none. */
export type ColumnDescription = Described | { readonly kind: "refused"; readonly what: string; readonly fix: string };

interface Described {
  readonly kind: "column";
  readonly type: ColumnType;
  readonly isNullable: boolean;
  readonly isOptional: boolean;
}

type Def = $ZodTypes["_zod"]["def"];
type DefOf<T extends Def["type"]> = Extract<Def, { readonly type: T }>;

/** Reads the type of one property. What counts is what zod gives out: the target of a pipe, the inside of a default. */
export function describeColumn(schema: $ZodTypes): ColumnDescription {
  const def = schema._zod.def;
  switch (def.type) {
    case "string":
      return describeString(def);
    case "number":
      return column({ kind: isIntegerDef(def) ? "integer" : "double" });
    case "bigint":
      return "format" in def && def.format === "uint64"
        ? refused("z.uint64() holds numbers beyond 64 signed bits", "Use z.int64(), or decimal(20, 0)")
        : column({ kind: "bigint" });
    case "boolean":
    case "success":
      return column({ kind: "boolean" });
    case "literal":
      return describeValues(def.values);
    case "enum":
      return describeValues(listEnumValues(def.entries));
    case "template_literal":
      return column({ kind: "text" });
    case "nullable":
      return extend(describeColumn(asZodTypes(def.innerType)), { isNullable: true });
    case "optional":
      return extend(describeColumn(asZodTypes(def.innerType)), { isOptional: true });
    case "nonoptional":
    case "default":
    case "prefault":
      return extend(describeColumn(asZodTypes(def.innerType)), { isOptional: false });
    case "catch":
    case "readonly":
      return describeColumn(asZodTypes(def.innerType));
    case "lazy":
      return describeColumn(asZodTypes(def.getter()));
    case "pipe":
      return describePipe(def);
    case "union":
      return describeUnion(schema, def);
    case "array":
    case "object":
    case "record":
    case "tuple":
    case "intersection":
      return describeJson(schema, false);
    case "any":
    case "unknown":
      return describeJson(schema, true);
    case "date":
      return refused(
        "z.date() is a JavaScript Date, which has no microseconds",
        "Use z.iso.datetime() for an instant or z.iso.date() for a day",
      );
    case "nan":
      return refused("z.nan() is not a value that tables keep", "Use z.number().nullable()");
    case "null":
    case "undefined":
    case "void":
    case "never":
      return refused(`z.${def.type}() has no values to keep`, "Leave the property out, or make it nullable of a type");
    case "map":
    case "set":
      return refused(`z.${def.type}() has no form in JSON`, def.type === "map" ? "Use z.record()" : "Use z.array()");
    case "transform":
      return refused("what a transform gives is not known", "Say what comes out: .transform(…).pipe(z.number())");
    case "custom":
      return refused(
        "z.custom() and z.instanceof() do not say what they hold",
        "Use a zod type with the same values, refined if need be",
      );
    case "symbol":
    case "function":
    case "promise":
    case "file":
      return refused(`z.${def.type}() is not data`, "Leave the property out of the schema");
    default:
      return unreachable(def);
  }
}

function describeString(def: DefOf<"string">): ColumnDescription {
  const format = "format" in def && typeof def.format === "string" ? def.format : null;
  const decimal = format === null ? null : parseDecimalFormat(format);
  if (decimal !== null) return column({ kind: "decimal", ...decimal });
  if (format === "date") return column({ kind: "date" });
  if (format !== "datetime") return column({ kind: "text" });
  return "local" in def && def.local === true
    ? refused(
        "z.iso.datetime({ local: true }) accepts times without a zone, which are no instants",
        "Use z.iso.datetime({ offset: true }), or z.string() to keep the text",
      )
    : column({ kind: "timestamp" });
}

function isIntegerDef(def: DefOf<"number">): boolean {
  const formats = [def, ...(def.checks ?? []).map((check) => check._zod.def)].map((part) =>
    "format" in part ? part.format : null,
  );
  return formats.some((format) => format === "safeint" || format === "int32" || format === "uint32");
}

function describePipe(def: DefOf<"pipe">): ColumnDescription {
  return describeColumn(asZodTypes(def.out));
}

/** Literals and enums: null makes the column nullable, undefined optional; what is left must be of one kind. */
function describeValues(values: readonly unknown[]): ColumnDescription {
  const kept = values.filter((value) => value !== null && value !== undefined);
  const type = typeOfValues(kept);
  if (type === null)
    return refused(`the values ${kept.map(String).join(", ")} are not of one type`, "Use text for all of them");
  return { kind: "column", type, isNullable: values.includes(null), isOptional: values.includes(undefined) };
}

function typeOfValues(values: readonly unknown[]): ColumnType | null {
  if (values.length === 0) return null;
  const texts = values.filter((value) => typeof value === "string");
  if (texts.length === values.length) return { kind: "text", values: texts };
  if (values.every((value) => Number.isSafeInteger(value))) return { kind: "integer" };
  if (values.every((value) => typeof value === "number")) return { kind: "double" };
  if (values.every((value) => typeof value === "bigint")) return { kind: "bigint" };
  return values.every((value) => typeof value === "boolean") ? { kind: "boolean" } : null;
}

/** A numeric TypeScript enum also maps back from number to name: those entries are no values. */
function listEnumValues(entries: Readonly<Record<string, string | number>>): readonly (string | number)[] {
  const numbers = Object.values(entries).filter((value) => typeof value === "number");
  return Object.entries(entries).flatMap(([name, value]) => (numbers.includes(Number(name)) ? [] : [value]));
}

/** Members of one column type make that column; others make JSON. */
function describeUnion(schema: $ZodTypes, def: DefOf<"union">): ColumnDescription {
  const members = def.options.map((option) => asZodTypes(option));
  const isNull = (member: $ZodTypes) => member._zod.def.type === "null";
  const isUndefined = (member: $ZodTypes) => member._zod.def.type === "undefined";
  const described = members.filter((member) => !isNull(member) && !isUndefined(member)).map(describeColumn);
  const columns = described.filter((description) => description.kind === "column");
  const isNullable = members.some(isNull) || columns.some((each) => each.isNullable);
  const isOptional = members.some(isUndefined) || columns.some((each) => each.isOptional);
  const type = columns.length === described.length ? unite(columns.map((each) => each.type)) : null;
  if (type !== null) return { kind: "column", type, isNullable, isOptional };
  return extend(describeJson(schema, isNullable), { isOptional });
}

function unite(types: readonly ColumnType[]): ColumnType | null {
  const [first, ...others] = types;
  if (
    first === undefined ||
    others.some((type) => JSON.stringify({ ...type, values: 0 }) !== JSON.stringify({ ...first, values: 0 }))
  )
    return null;
  if (first.kind !== "text") return first;
  const values = types.flatMap((type) => (type.kind === "text" && type.values !== undefined ? type.values : []));
  const isClosed = types.every((type) => type.kind === "text" && type.values !== undefined);
  return isClosed ? { kind: "text", values: [...new Set(values)] } : { kind: "text" };
}

function describeJson(schema: $ZodTypes, isNullable: boolean): ColumnDescription {
  const unstorable = findUnstorableJson(schema);
  if (unstorable === null) return { kind: "column", type: { kind: "json" }, isNullable, isOptional: false };
  return refused(
    `${unstorable} is inside a column of JSON, which cannot hold it`,
    "Use text, numbers, booleans, null, arrays and objects inside",
  );
}

function column(type: ColumnType): ColumnDescription {
  return { kind: "column", type, isNullable: false, isOptional: false };
}

function extend(
  description: ColumnDescription,
  by: Partial<Pick<Described, "isNullable" | "isOptional">>,
): ColumnDescription {
  return description.kind === "refused" ? description : { ...description, ...by };
}

function refused(what: string, fix: string): ColumnDescription {
  return { kind: "refused", what, fix };
}
