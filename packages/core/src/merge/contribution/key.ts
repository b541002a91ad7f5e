import { canonicalValue } from "../../schema/canonical-row.ts";
import type { Column, Row, RowSchema } from "../../schema/row-schema.ts";

/** Why a row has no usable key. The row goes to quarantine with it. */
export type KeyFault = "keyMissing" | "keyNotText" | "keyNotFinite";

/** A key in its one form, or why there is none. */
export type CanonicalKey =
  | {
      readonly kind: "key";
      readonly cells: Row;
      /** Equal keys have equal bytes, on every engine. */ readonly bytes: Buffer;
    }
  | { readonly kind: "fault"; readonly fault: KeyFault; readonly column: string };

/** Types that can identify a row: equal values have equal bytes. Floating point does not, and JSON has many forms of one value. */
export function isKeyType(type: Column["type"]): boolean {
  return type.kind !== "double" && type.kind !== "json";
}

/** The columns of a key, in the order of the policy. Columns that the schema lacks are left out: `checkMergePolicy` reports them. */
export function keyColumns(schema: RowSchema, key: readonly string[]): readonly Column[] {
  return key.flatMap((name) => schema.columns.filter((column) => column.name === name));
}

/** Brings a row's key to its one form: text is NFC, nothing is NULL, and no two keys are confused, since each part says where it ends. */
export function canonicalKey(columns: readonly Column[], row: Row): CanonicalKey {
  const cells: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  for (const column of columns) {
    const value = row[column.name];
    const fault = findFault(column, value);
    if (fault !== undefined) return { kind: "fault", fault, column: column.name };
    const canonical = typeof value === "string" && column.type.kind === "text" ? value.normalize("NFC") : value;
    cells[column.name] = canonical;
    parts.push(canonicalValue(column.type, canonical));
  }
  return { kind: "key", cells, bytes: Buffer.concat(parts) };
}

function findFault(column: Column, value: unknown): KeyFault | undefined {
  if (value === null || value === undefined) return "keyMissing";
  if (typeof value !== "string") return undefined;
  if (column.type.kind === "text") return !value.isWellFormed() || value.includes("\0") ? "keyNotText" : undefined;
  return value.includes("infinity") ? "keyNotFinite" : undefined;
}
