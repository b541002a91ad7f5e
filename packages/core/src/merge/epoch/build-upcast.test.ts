import { describe, expect, test } from "vitest";
import { field, rename } from "../../../test/epoch/random-forms.ts";
import type { ColumnType, Row } from "../../schema/row-schema.ts";
import type { Operation } from "../contribution/contribution.ts";
import { hashEpoch } from "./assign-epoch.ts";
import { buildUpcast, type Upcaster, type UpcastRow } from "./build-upcast.ts";
import type { EpochField } from "./epoch.ts";
import { planEpochReading, type EpochChain } from "./plan-epoch-reading.ts";

const text: ColumnType = { kind: "text" };
const id: EpochField = { ...field("id", text), isKey: true, isNullable: false };

interface Form {
  readonly fields: readonly EpochField[];
  readonly upcast?: Upcaster;
}

/** The last form is the present one. */
function chainOf(...forms: readonly Form[]): EpochChain {
  const steps = forms.slice(0, -1).map(({ fields, upcast }, at) => ({
    fields,
    hash: hashEpoch(fields),
    note: "",
    isLossy: false,
    upcaster: upcast === undefined ? null : `f${at}`,
  }));
  return { steps, present: forms.at(-1)?.fields ?? [] };
}

function read(
  forms: readonly Form[],
  cells: Row,
  said: { readonly key?: Row; readonly operation?: Operation; readonly from?: number } = {},
): UpcastRow {
  const { key = { id: "k" }, operation = "upsert", from = 0 } = said;
  const fields = forms[from]?.fields ?? [];
  const reading = planEpochReading(chainOf(...forms), { fields, hash: hashEpoch(fields) });
  if (reading.kind === "unreadable") throw new TypeError(reading.changes.map(({ text }) => text).join());
  const functions = forms.slice(from).flatMap(({ upcast }) => upcast ?? []);
  return buildUpcast(reading, functions)({ operation, key, cells });
}

describe("reading by columns", () => {
  const old = [id, field("name", text), field("count", { kind: "integer" }), field("gone", text)];
  const now = [id, rename(field("name", text), "title"), field("count", { kind: "bigint" }), field("fresh", text)];
  const forms = [{ fields: old }, { fields: now }];

  test("follows field ids, widens values, and leaves absent what the row says nothing of (mutation 18)", () => {
    expect(read(forms, { name: "x", count: 7, gone: "g" })).toEqual({
      kind: "row",
      key: { id: "k" },
      cells: { title: "x", count: 7n },
    });
    expect(read(forms, { name: null })).toEqual({ kind: "row", key: { id: "k" }, cells: { title: null } });
  });

  test("says what is read from where, for a store that reads in SQL", () => {
    const reading = planEpochReading(chainOf(...forms), { fields: old, hash: hashEpoch(old) });
    expect(reading).toMatchObject({
      kind: "columns",
      columns: [
        { name: "id", from: "id", isCast: false, isKey: true },
        { name: "title", from: "name", isCast: false },
        { name: "count", from: "count", isCast: true, type: { kind: "bigint" } },
        { name: "fresh", from: null },
      ],
    });
  });
});

describe("reading through upcasters", () => {
  const v1 = [id, field("name", text), field("cents", { kind: "integer" })];
  const v2 = [
    id,
    field("name", text),
    field("price", { kind: "decimal", precision: 9, scale: 2 }),
    field("currency", text),
  ];
  const v3 = [
    id,
    rename(field("name", text), "title"),
    field("price", { kind: "decimal", precision: 12, scale: 2 }),
    field("currency", text),
  ];
  const toPrice: Upcaster = ({ cents, ...row }) =>
    typeof cents === "number" ? { ...row, price: (cents / 100).toFixed(2), currency: "EUR" } : row;
  const forms = [{ fields: v1, upcast: toPrice }, { fields: v2 }, { fields: v3 }];

  test("a row passes each function and, between them, what needs none", () => {
    expect(read(forms, { name: "Ann", cents: 1250 })).toEqual({
      kind: "row",
      key: { id: "k" },
      cells: { title: "Ann", price: "12.50", currency: "EUR" },
    });
  });

  test("a row of a later form passes only what is ahead of it", () => {
    expect(read(forms, { name: "Ann", price: "1.00" }, { from: 1 })).toMatchObject({
      cells: { title: "Ann", price: "1.00" },
    });
  });

  test("what a row says nothing of stays unsaid", () => {
    expect(read(forms, { name: "Ann" })).toMatchObject({ cells: { title: "Ann" } });
    const shouting = { fields: v1, upcast: (row: Row) => ({ ...row, name: String(row["name"]).toUpperCase() }) };
    expect(read([shouting, { fields: v2 }], { cents: 1 })).toEqual({ kind: "row", key: { id: "k" }, cells: {} });
  });

  test("a function that fills a new column for a row that says nothing is refused", () => {
    const filling = { fields: v1, upcast: (row: Row) => ({ name: row["name"], currency: "EUR" }) };
    expect(() => read([filling, { fields: v2 }], { name: "Ann" })).toThrow(
      expect.objectContaining({ code: "MERGE_EPOCH_CHAIN_BROKEN", message: expect.stringContaining('"currency"') }),
    );
  });

  test.each<[string, Upcaster, string]>([
    [
      "throws",
      () => {
        throw new RangeError("no cents");
      },
      "the upcaster of form 1 throws no cents",
    ],
    ["gives no row", ({ cents }) => (cents === undefined ? {} : "x"), "the upcaster of form 1 gives no row"],
    [
      "gives what the column cannot hold",
      ({ cents }) => (cents === undefined ? {} : { price: 1 }),
      'the upcaster of form 1 gives a "price" that 1 is not a value of a column of decimal',
    ],
  ])("a row on which the function %s is a fault of that row", (_, upcast, why) => {
    expect(read([{ fields: v1, upcast }, { fields: v2 }], { cents: 1 })).toEqual({ kind: "fault", why });
  });

  test("deletes and retracts keep their key, whatever the function makes of a row without cells", () => {
    const strict = {
      fields: v1,
      upcast: (row: Row) => ({ name: String(row["name"]).trim(), price: Number(row["cents"]).toFixed(2) }),
    };
    expect(read([strict, { fields: v2 }], {}, { operation: "delete" })).toEqual({
      kind: "row",
      key: { id: "k" },
      cells: {},
    });
  });

  test("a key of other fields is made by the function, in its one form, for deletes too", () => {
    const key: EpochField = { ...field("iata", text), isKey: true, isNullable: false };
    const forms = [
      { fields: v1, upcast: ({ id: old, ...row }: Row) => ({ ...row, iata: `e\u0301${old}` }) },
      { fields: [key, ...v1.slice(1)] },
    ];
    expect(read(forms, { name: "x" })).toEqual({ kind: "row", key: { iata: "ék" }, cells: { name: "x" } });
    expect(read(forms, {}, { operation: "retract" })).toEqual({ kind: "row", key: { iata: "ék" }, cells: {} });
    const without = [{ fields: v1, upcast: (row: Row) => row }, { fields: [key, ...v1.slice(1)] }];
    expect(read(without, { name: "x" })).toMatchObject({
      kind: "fault",
      why: expect.stringContaining('no value for the key\'s "iata"'),
    });
  });

  test("what is derived is named by the functions, what they take and the present form", () => {
    const fingerprints = [
      forms,
      [{ fields: v1, upcast: toPrice }, { fields: v2 }],
      [{ fields: v1, upcast: toPrice }, { fields: v2, upcast: toPrice }, { fields: v3 }],
    ].map((some) => {
      const reading = planEpochReading(chainOf(...some), { fields: v1, hash: hashEpoch(v1) });
      return reading.kind === "upcast" ? reading.fingerprint : reading.kind;
    });
    expect(new Set(fingerprints).size).toBe(3);
  });
});
