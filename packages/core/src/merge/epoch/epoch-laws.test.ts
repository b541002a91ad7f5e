import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../schema/row-schema.ts";
import { mergeHistories, type GeneratedHistory } from "../../testing/merge-histories.ts";
import type { Contribution, MergeSpec } from "../contribution/contribution.ts";
import { fold } from "../fold/fold.ts";
import { hashEpoch } from "./assign-epoch.ts";
import { buildUpcast, type Upcaster } from "./build-upcast.ts";
import type { EpochField } from "./epoch.ts";
import { listEpochFields } from "./list-epoch-fields.ts";
import { planEpochReading, type EpochChain } from "./plan-epoch-reading.ts";

const runs = { numRuns: 60, seed: 24 };

/** No two rows of a key at one position: then nothing depends on a value's hash, which changes with the form. */
const histories = mergeHistories(fc, { haveTies: false, rowPolicies: ["recencyFirst", "priorityFirst"] });
const upserts = mergeHistories(fc, { haveTies: false, rowPolicies: ["recencyFirst"], operations: ["upsert"] });

describe("forms that need no code", () => {
  /** `name` becomes `title`, `amount` gets more digits, `flag` goes, `fresh` comes, and the order is another. */
  function evolve(spec: MergeSpec): MergeSpec {
    const columns = spec.schema.columns
      .filter(({ name }) => name !== "flag")
      .map((column) => {
        if (column.name === "name") return { ...column, name: "title", field: "name" };
        return column.name === "amount"
          ? { ...column, type: { kind: "decimal", precision: 30, scale: 2 } as const }
          : column;
      });
    const { name, ...policies } = without(spec.policy.columns, "flag");
    const fresh = { name: "fresh", type: { kind: "text" }, isNullable: true, nullAs: "null" } as const;
    return {
      ...spec,
      schema: { columns: [...columns.slice(0, 2), fresh, ...columns.slice(2).toReversed()] },
      policy: { ...spec.policy, columns: name === undefined ? policies : { ...policies, title: name } },
    };
  }

  test("folding what was read anew gives what was folded, in the new form (L12)", () => {
    fc.assert(
      fc.property(histories, ({ spec, batches }) => {
        const now = evolve(spec);
        const old = batches.flatMap(({ contributions }) => contributions);
        const [before, after] = [
          fold(spec, old),
          fold(now, old.map(reader(formOf(spec), { steps: [], present: formOf(now) }))),
        ];
        expect(after.rows.map(({ row }) => row)).toEqual(before.rows.map(({ row }) => inNewForm(row)));
      }),
      runs,
    );
  });

  function inNewForm({ name, ...row }: Row): Row {
    return { ...without(row, "flag"), title: name, fresh: null };
  }
});

describe("forms with upcasters", () => {
  /** `part` of the name moves into columns of their own, twice. */
  const halve: Upcaster = ({ name, ...row }) => (name === undefined ? row : { ...row, head: head(name), name });
  const count: Upcaster = ({ head: first, ...row }) =>
    first === undefined ? row : { ...row, size: typeof first === "string" ? BigInt(first.length) : null };

  function forms(spec: MergeSpec): readonly (readonly EpochField[])[] {
    const first = formOf(spec);
    const column = (id: string, kind: "text" | "bigint"): EpochField => ({
      id,
      name: id,
      type: { kind },
      isNullable: true,
      isKey: false,
      unit: null,
    });
    return [first, [...first, column("head", "text")], [...first, column("size", "bigint")]];
  }

  function chainTo(spec: MergeSpec, last: number): EpochChain {
    const all = forms(spec);
    const steps = all
      .slice(0, last)
      .map((fields, at) => ({ fields, hash: hashEpoch(fields), note: "", isLossy: false, upcaster: `f${at}` }));
    return { steps, present: all[last] ?? [] };
  }

  test("what passes both at once is what passes one after the other, in whatever batches (L12)", () => {
    fc.assert(
      fc.property(histories, ({ spec, batches }) => {
        const [v1 = [], v2 = []] = forms(spec);
        const present = specOf(spec, forms(spec)[2] ?? []);
        const old = batches.flatMap(({ contributions }) => contributions);
        const atOnce = old.map(reader(v1, chainTo(spec, 2), [halve, count]));
        const inTurn = old
          .map(reader(v1, chainTo(spec, 1), [halve]))
          .map(reader(v2, { ...chainTo(spec, 2), steps: chainTo(spec, 2).steps.slice(1) }, [count]));
        expect(inTurn).toEqual(atOnce);
        expect(fold(present, [...inTurn].reverse())).toMatchObject({ rows: fold(present, atOnce).rows });
      }),
      runs,
    );
  });

  test("old rows, however late, change no cell of a column that they say nothing of (M39)", () => {
    fc.assert(
      fc.property(upserts, upserts, ({ spec, batches: older }, { batches: newer }) => {
        const [v1 = [], v2 = []] = forms(spec);
        const present = specOf(spec, v2);
        const late = contributionsOf(older)
          .map((each) => ({ ...each, cells: without(each.cells, "name"), eventTimeUs: 10n ** 17n }))
          .map(reader(v1, chainTo(spec, 1), [halve]));
        const now = contributionsOf(newer).map((each) => ({ ...each, cells: { ...each.cells, head: "set" } }));
        const heads = new Map(fold(present, [...now, ...late]).rows.map(({ row }) => [keyOf(row), row["head"]]));
        for (const { row } of fold(present, now).rows) expect(heads.get(keyOf(row))).toBe("set");
      }),
      runs,
    );
  });

  function contributionsOf(batches: GeneratedHistory["batches"]): readonly Contribution[] {
    return batches.flatMap(({ contributions }) => contributions);
  }

  function specOf(spec: MergeSpec, fields: readonly EpochField[]): MergeSpec {
    const known = new Set(spec.schema.columns.map(({ name }) => name));
    const fresh = fields
      .filter(({ name }) => !known.has(name))
      .map(({ name, type }) => ({ name, type, isNullable: true, nullAs: "null" as const }));
    return { ...spec, schema: { columns: [...spec.schema.columns, ...fresh] } };
  }

  function keyOf(row: Row): string {
    return `${String(row["id"])} ${String(row["part"])}`;
  }

  function head(name: unknown): string | null {
    return typeof name === "string" ? (/./su.exec(name)?.[0] ?? "") : null;
  }
});

function without<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== name));
}

function formOf({ schema, policy }: MergeSpec): readonly EpochField[] {
  return listEpochFields(schema, policy.key);
}

/** Contributions of a form as the chain reads them; what orders them stays. */
function reader(
  fields: readonly EpochField[],
  chain: EpochChain,
  functions: readonly Upcaster[] = [],
): (each: Contribution) => Contribution {
  const reading = planEpochReading(chain, { fields, hash: hashEpoch(fields) });
  if (reading.kind === "unreadable") throw new TypeError(reading.changes.map(({ text }) => text).join());
  const upcast = buildUpcast(reading, functions);
  return (each) => {
    const read = upcast(each);
    if (read.kind === "fault") throw new TypeError(read.why);
    return { ...each, key: read.key, cells: read.cells };
  };
}
