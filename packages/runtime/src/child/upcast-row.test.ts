import type { EpochField } from "@watersmeet/core/merge";
import { expect, test } from "vitest";
import { describeUpcastFault, upcastRow, type UpcastStep } from "./upcast-row.ts";

const text = { kind: "text" } as const;
const sku: EpochField = { id: "sku", name: "sku", type: text, isNullable: false, isKey: true, unit: null };

function field(id: string, changes: Partial<EpochField> = {}): EpochField {
  return { id, name: id, type: { kind: "integer" }, isNullable: true, isKey: false, unit: null, ...changes };
}

const cents = field("cents");
const price = field("price", { type: { kind: "decimal", precision: 10, scale: 2 } });

function through(
  upcast: UpcastStep["upcast"],
  from: readonly EpochField[] = [sku, cents],
  to = [sku, price],
): UpcastStep {
  return { from, to, upcast, nullAsAbsent: new Set(["cents"]) };
}

test("rows go through every step, each in the form of the one before", () => {
  const halve = through((row: { sku: string; cents: number }) => ({ ...row, price: `${row.cents / 100}` }));
  const rename = through(
    null,
    [sku, price],
    [
      { ...sku, name: "article" },
      { ...price, name: "amount" },
    ],
  );
  expect(upcastRow({ sku: "a", cents: 250 }, [halve, rename])).toEqual({ article: "a", amount: "2.5" });
});

test("without code, columns are known by their ids, and integers become big ones", () => {
  const to = [
    { ...sku, name: "article" },
    { ...cents, name: "pennies", type: { kind: "bigint" } as const },
  ];
  expect(upcastRow({ sku: "a", cents: 3 }, [through(null, [sku, cents, field("gone")], to)])).toEqual({
    article: "a",
    pennies: 3n,
  });
});

test("what a row says nothing of stays absent, whatever the upcaster makes of it (L12)", () => {
  const upcast = (row: { cents?: number }) => ({ cents: row.cents ?? 0, price: undefined });
  expect(upcastRow({ sku: "a" }, [through(upcast, [sku, cents], [sku, cents, price])])).toEqual({ sku: "a" });
  expect(upcastRow({ sku: "a", cents: null }, [through(null, [sku, cents], [sku, cents])])).toEqual({
    sku: "a",
    cents: null,
  });
});

test("NULL of an optional column is undefined to the upcaster, and is said again when it hands it on", () => {
  const seen: unknown[] = [];
  const upcast = ({ cents: given }: { cents?: number }) => {
    seen.push(given);
    return { cents: given, price: given };
  };
  const step = through(upcast, [sku, cents], [sku, cents, price]);
  expect(upcastRow({ sku: "a", cents: null }, [step])).toEqual({ sku: "a", cents: null });
  expect(seen).toEqual([undefined]);
});

test("the key stays when the upcaster leaves it out, and may not become another", () => {
  expect(upcastRow({ sku: "a", cents: 1 }, [through(() => ({ price: "1" }))])).toEqual({ sku: "a", price: "1" });
  expect(() => upcastRow({ sku: "a", cents: 1 }, [through(() => ({ sku: "b" }))])).toThrow(
    /changes the key column "sku"/,
  );
});

test("the upcaster gets a row of its own, and has to give one", () => {
  const row = Object.freeze({ sku: "a", cents: 1 });
  const spoil = (given: { cents?: number }) => {
    delete given.cents;
    return { price: "1" };
  };
  expect(upcastRow(row, [through(spoil)])).toEqual({ sku: "a", price: "1" });
  expect(row).toEqual({ sku: "a", cents: 1 });
  expect(() => upcastRow(row, [through(async () => ({}))])).toThrow(/returned Promise/);
  expect(() => upcastRow(row, [through(() => null)])).toThrow(/returned null, which is no row/);
});

test("a fault is told in one short text", () => {
  expect(describeUpcastFault(new Error("no price"))).toBe("no price");
  expect(describeUpcastFault("just a text")).toBe("threw 'just a text'");
  expect(describeUpcastFault(new Error("x".repeat(2_000)))).toHaveLength(500);
});
