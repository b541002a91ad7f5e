import type { ColumnType } from "../../schema/row-schema.ts";
import { compareStrings } from "../../values/compare.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import { stableJson } from "../../values/stable-json.ts";
import type { Epoch, EpochField } from "./epoch.ts";

/**
 * SHA-256, in hex, over the fields of a form. The order of columns does not count, but for those of the key, whose bytes follow it; nor does
 * the order of an enum's values (M38).
 */
export function hashEpoch(fields: readonly EpochField[]): string {
  const keys = fields.filter((field) => field.isKey);
  const others = fields.filter((field) => !field.isKey).toSorted((a, b) => compareStrings(a.id, b.id));
  return fingerprint([
    "epoch-1",
    ...[...keys, ...others].map(({ id, name, type, isNullable, isKey, unit }) =>
      stableJson([id, name, withSortedValues(type), isNullable, isKey, unit]),
    ),
  ]);
}

/**
 * The epoch that rows of a form are written in: the registered one of the same form, or the next number. A form that comes back, because an edit
 * was taken back, is the epoch that it was.
 */
export function assignEpoch(
  registered: readonly Epoch[],
  fields: readonly EpochField[],
): { readonly epoch: Epoch; readonly isNew: boolean } {
  const hash = hashEpoch(fields);
  const known = registered.find((epoch) => epoch.hash === hash);
  if (known !== undefined) return { epoch: known, isNew: false };
  const number = Math.max(0, ...registered.map((epoch) => epoch.number)) + 1;
  return { epoch: { number, fields, hash }, isNew: true };
}

function withSortedValues(type: ColumnType): ColumnType {
  return type.kind === "text" && type.values !== undefined
    ? { ...type, values: type.values.toSorted(compareStrings) }
    : type;
}
