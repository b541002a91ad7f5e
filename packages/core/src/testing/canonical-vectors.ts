import type { ColumnType } from "../schema/row-schema.ts";

/** A value, and its canonical bytes in hex. */
export interface CanonicalVector {
  readonly type: ColumnType;
  readonly value: unknown;
  readonly hex: string;
}

const decimal: ColumnType = { kind: "decimal", precision: 12, scale: 2 };

/** Golden values of `canonicalValue`. They never change: digests of committed versions are made of them. Every store's SQL is tested against them. */
export const canonicalVectors: readonly CanonicalVector[] = [
  { type: { kind: "integer" }, value: 0, hex: "010000000000000000" },
  { type: { kind: "integer" }, value: -1, hex: "01ffffffffffffffff" },
  { type: { kind: "integer" }, value: 9007199254740991, hex: "01001fffffffffffff" },
  { type: { kind: "integer" }, value: null, hex: "00" },
  { type: { kind: "bigint" }, value: -9223372036854775808n, hex: "018000000000000000" },
  { type: { kind: "bigint" }, value: 9223372036854775807n, hex: "017fffffffffffffff" },
  { type: { kind: "double" }, value: 1.5, hex: "013ff8000000000000" },
  { type: { kind: "double" }, value: 0.1, hex: "013fb999999999999a" },
  { type: { kind: "double" }, value: -0, hex: "010000000000000000" },
  { type: { kind: "double" }, value: 5e-324, hex: "010000000000000001" },
  { type: { kind: "double" }, value: 1e308, hex: "017fe1ccf385ebc8a0" },
  { type: { kind: "double" }, value: null, hex: "00" },
  { type: { kind: "boolean" }, value: true, hex: "0101" },
  { type: { kind: "boolean" }, value: false, hex: "0100" },
  { type: { kind: "boolean" }, value: null, hex: "00" },
  { type: { kind: "date" }, value: "2000-01-01", hex: "0100000000" },
  { type: { kind: "date" }, value: "1999-12-31", hex: "01ffffffff" },
  { type: { kind: "date" }, value: "0001-01-01", hex: "01fff4dbf9" },
  { type: { kind: "date" }, value: "9999-12-31", hex: "01002c95d3" },
  { type: { kind: "date" }, value: null, hex: "00" },
  { type: { kind: "timestamp" }, value: "2000-01-01T00:00:00Z", hex: "010000000000000000" },
  { type: { kind: "timestamp" }, value: "1999-12-31T23:59:59.999999Z", hex: "01ffffffffffffffff" },
  { type: { kind: "timestamp" }, value: "2001-01-31T05:00:00.12Z", hex: "0100001f225a0c88c0" },
  { type: { kind: "timestamp" }, value: "0001-01-01T00:00:00Z", hex: "01ff1fe2ffc59c6000" },
  { type: { kind: "timestamp" }, value: "9999-12-31T23:59:59.999999Z", hex: "010380e70b913b7fff" },
  { type: { kind: "timestamp" }, value: null, hex: "00" },
  { type: { kind: "text" }, value: "", hex: "00000000" },
  { type: { kind: "text" }, value: "aé😀", hex: "0000000761c3a9f09f9880" },
  { type: { kind: "text" }, value: "e\u0301", hex: "0000000365cc81" },
  { type: { kind: "text" }, value: "\\N\r\n\t'\"|", hex: "000000085c4e0d0a0927227c" },
  { type: { kind: "text" }, value: null, hex: "ffffffff" },
  { type: decimal, value: "12.50", hex: "0000000531322e3530" },
  { type: decimal, value: "-0.05", hex: "000000052d302e3035" },
  { type: decimal, value: "0.00", hex: "00000004302e3030" },
  { type: { kind: "decimal", precision: 38, scale: 0 }, value: "-1", hex: "000000022d31" },
  { type: decimal, value: null, hex: "ffffffff" },
  {
    type: { kind: "json" },
    value: { bb: [1, 1.5e-7], a: null, é: {} },
    hex: "0000002c7b2261223a206e756c6c2c20226262223a205b312c20302e30303030303031355d2c2022c3a9223a207b7d7d",
  },
  { type: { kind: "json" }, value: [], hex: "000000025b5d" },
  { type: { kind: "json" }, value: "x", hex: "00000003227822" },
  { type: { kind: "json" }, value: null, hex: "ffffffff" },
];
