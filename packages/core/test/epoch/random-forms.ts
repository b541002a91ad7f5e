import type fastCheck from "fast-check";
import type { EpochField } from "../../src/merge/epoch/epoch.ts";
import type { ColumnType } from "../../src/schema/row-schema.ts";

type Fc = typeof fastCheck;

/** A nullable field called by its id. */
export function field(id: string, type: ColumnType): EpochField {
  return { id, name: id, type, isNullable: true, isKey: false, unit: null };
}

export function rename(from: EpochField, name: string): EpochField {
  return { ...from, name };
}

type Change = (fields: readonly EpochField[], at: number, fresh: string) => readonly EpochField[];

/** What M39 allows, each on the field at a position where it fits. */
const compatibleChanges: readonly Change[] = [
  (fields, _, fresh) => [...fields, field(fresh, { kind: "text" })],
  (fields, at, fresh) => (at === 0 ? fields : fields.map((each, index) => (index === at ? rename(each, fresh) : each))),
  (fields, at) => (at === 0 ? fields : fields.toSpliced(at, 1)),
  (fields, at) =>
    fields.map((each, index) =>
      index === at ? { ...each, type: widen(each.type), isNullable: each.isKey ? each.isNullable : true } : each,
    ),
  (fields) => [...fields.slice(0, 1), ...fields.slice(1).toReversed()],
];

/** Forms of a schema, each made of the one before by changes that need no code. The first field is the key. */
export function compatibleForms(fc: Fc): fastCheck.Arbitrary<readonly (readonly EpochField[])[]> {
  const first = [
    { ...field("id", { kind: "text" }), isKey: true, isNullable: false },
    { ...field("count", { kind: "integer" }), isNullable: false },
    field("fee", { kind: "decimal", precision: 8, scale: 2 }),
    field("kind", { kind: "text", values: ["a", "b"] }),
    field("extra", { kind: "json" }),
  ];
  const changes = fc.array(fc.tuple(fc.constantFrom(...compatibleChanges), fc.nat({ max: 6 })), {
    minLength: 1,
    maxLength: 8,
  });
  return changes.map((list) => {
    const forms: (readonly EpochField[])[] = [first];
    list.forEach(([change, at], index) => {
      const fields = forms.at(-1) ?? first;
      forms.push(change(fields, at % fields.length, `fresh${index}`));
    });
    return forms;
  });
}

function widen(type: ColumnType): ColumnType {
  if (type.kind === "integer") return { kind: "bigint" };
  if (type.kind === "decimal") return { ...type, precision: Math.min(38, type.precision + 3) };
  if (type.kind !== "text" || type.values === undefined) return type;
  return type.values.length > 3 ? { kind: "text" } : { ...type, values: [...type.values, `v${type.values.length}`] };
}
