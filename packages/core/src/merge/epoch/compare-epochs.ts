import type { ColumnType } from "../../schema/row-schema.ts";
import { stableJson } from "../../values/stable-json.ts";
import type { EpochField } from "./epoch.ts";

/** One difference between two forms of a schema. */
export interface EpochChange {
  /** Id of the field. */
  readonly field: string;
  readonly kind: EpochChangeKind;
  /** Whether rows of the older form can be read in the newer one without code. */
  readonly isCompatible: boolean;
  /** One sentence, with the names that the column has. */
  readonly text: string;
}

export type EpochChangeKind =
  | "added"
  | "addedRequired"
  | "removed"
  | "renamed"
  | "typeWidened"
  | "typeChanged"
  | "nullableWidened"
  | "nullableNarrowed"
  | "unitChanged"
  | "keyChanged";

/**
 * Every difference between two forms, fields in the order of the newer one, then those that it lacks (M39). Compatible without code are: a new nullable column, which
 * old rows say nothing of; integer → bigint; a decimal with more digits before the point; values added to an enum, or an enum opened to any text; NULL allowed;
 * another order; another name under the same id; a column left out, whose id never comes back. A field of the key allows none of these but more values of an enum:
 * its bytes identify rows.
 */
export function compareEpochs(from: readonly EpochField[], to: readonly EpochField[]): readonly EpochChange[] {
  const before = new Map(from.map((field) => [field.id, field]));
  const after = new Set(to.map((field) => field.id));
  return [
    ...to.flatMap((field) => {
      const old = before.get(field.id);
      return old === undefined ? [describeAdded(field)] : compareFields(old, field);
    }),
    ...from.filter((field) => !after.has(field.id)).map(describeRemoved),
    ...compareKeyOrder(from, to),
  ];
}

/** How values of one type become values of another without code, or `null`: they do not. `same` needs no cast. */
export function widen(from: ColumnType, to: ColumnType): "same" | "cast" | null {
  if (from.kind === "integer" && to.kind === "bigint") return "cast";
  if (from.kind === "text" && to.kind === "text") return holdsValues(from.values, to.values) ? "same" : null;
  if (from.kind === "decimal" && to.kind === "decimal") {
    if (from.scale !== to.scale || from.precision > to.precision) return null;
    return from.precision === to.precision ? "same" : "cast";
  }
  return from.kind === to.kind ? "same" : null;
}

function holdsValues(from: readonly string[] | undefined, to: readonly string[] | undefined): boolean {
  return to === undefined || (from !== undefined && from.every((value) => to.includes(value)));
}

function compareFields(old: EpochField, now: EpochField): readonly EpochChange[] {
  if (old.isKey !== now.isKey) {
    const what = now.isKey ? "has become part of the key" : "is no longer part of the key";
    return [change(now, "keyChanged", `"${now.name}" ${what}, so that rows are identified by something else`)];
  }
  const changes = listChanges(old, now);
  if (!now.isKey) return changes;
  return changes.map((each) =>
    each.kind === "typeWidened" && now.type.kind === "text"
      ? each
      : change(now, "keyChanged", `${each.text}; it is part of the key, whose bytes identify rows`),
  );
}

function listChanges(old: EpochField, now: EpochField): readonly EpochChange[] {
  const changes: EpochChange[] = [];
  if (old.name !== now.name) changes.push(change(now, "renamed", `"${old.name}" is called "${now.name}" now`));
  if (!isSameType(old.type, now.type)) {
    const kind = widen(old.type, now.type) === null ? "typeChanged" : "typeWidened";
    changes.push(change(now, kind, `"${now.name}" was ${renderType(old.type)} and is ${renderType(now.type)}`));
  }
  if (!old.isNullable && now.isNullable) changes.push(change(now, "nullableWidened", `"${now.name}" may be NULL now`));
  if (old.isNullable && !now.isNullable)
    changes.push(change(now, "nullableNarrowed", `"${now.name}" may not be NULL any more, and old rows may be`));
  if (old.unit !== now.unit) {
    const [was, is] = [old.unit, now.unit].map((unit) => (unit === null ? "without a unit" : `in ${unit}`));
    changes.push(
      change(now, "unitChanged", `"${now.name}" was ${was} and is ${is}: the same number means another thing`),
    );
  }
  return changes;
}

function describeAdded(field: EpochField): EpochChange {
  if (field.isKey) return change(field, "keyChanged", `"${field.name}" is new in the key, and old rows do not have it`);
  return field.isNullable
    ? change(field, "added", `"${field.name}" is new; rows of before say nothing of it`)
    : change(field, "addedRequired", `"${field.name}" is new and may not be NULL, and old rows do not have it`);
}

function describeRemoved(field: EpochField): EpochChange {
  return field.isKey
    ? change(field, "keyChanged", `"${field.name}" has left the key, so that different rows of before would be one`)
    : change(field, "removed", `"${field.name}" is gone; its field id "${field.id}" cannot be used again`);
}

/** The bytes of a key are those of its columns one after the other. */
function compareKeyOrder(from: readonly EpochField[], to: readonly EpochField[]): readonly EpochChange[] {
  const [before, after] = [from, to].map((fields) => fields.filter((field) => field.isKey).map((field) => field.id));
  const isSameSet = before?.length === after?.length && before?.every((id) => after?.includes(id));
  const moved = to.find((field) => field.isKey && field.id !== before?.[after?.indexOf(field.id) ?? 0]);
  if (!isSameSet || moved === undefined) return [];
  return [
    change(moved, "keyChanged", `"${moved.name}" has moved within the key, and with it the bytes that identify rows`),
  ];
}

const compatibleKinds: readonly EpochChangeKind[] = ["added", "removed", "renamed", "typeWidened", "nullableWidened"];

function change(field: EpochField, kind: EpochChangeKind, text: string): EpochChange {
  return { field: field.id, kind, isCompatible: compatibleKinds.includes(kind), text };
}

function isSameType(a: ColumnType, b: ColumnType): boolean {
  return a.kind === "text" && b.kind === "text"
    ? holdsValues(a.values, b.values) && holdsValues(b.values, a.values)
    : stableJson(a) === stableJson(b);
}

function renderType(type: ColumnType): string {
  if (type.kind === "decimal") return `decimal(${type.precision}, ${type.scale})`;
  return type.kind === "text" && type.values !== undefined ? `one of ${type.values.join(", ")}` : type.kind;
}
