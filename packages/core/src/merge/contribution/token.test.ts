import { expect, test } from "vitest";
import { goldenSpec } from "../../testing/merge-golden.ts";
import { historyColumns } from "../../testing/merge-history-columns.ts";
import { tokenVectors } from "../../testing/token-vectors.ts";
import { encodeToken, floorDivide, hashCells, stratumOf } from "./token.ts";

const noHash = { valueHash: Buffer.alloc(0) };
const contribution = {
  key: { customer: "k1" },
  operation: "upsert",
  eventTimeUs: null,
  source: "web",
  sequence: 0n,
  batchSequence: 0n,
  ordinal: 0n,
  batchId: "",
  copy: 0,
} as const;

test.each(tokenVectors.map((vector) => [vector.why, vector] as const))(
  "the golden token: %s",
  (_why, { order, parts, hex }) => {
    expect(encodeToken(order, { ...parts, ...noHash }).toString("hex")).toBe(hex);
    const hashed = encodeToken(order, { ...parts, valueHash: Buffer.alloc(32, 0xab) });
    expect(hashed.toString("hex")).toBe(hex + "ab".repeat(32));
  },
);

test("golden tokens are listed in their order", () => {
  const groups = Map.groupBy(
    tokenVectors,
    ({ order, parts }) => `${order} ${order === "recencyFirst" ? parts.toleranceUs : ""}`,
  );
  for (const vectors of groups.values()) {
    const hexes = vectors.map(({ hex }) => hex);
    expect(hexes).toEqual(hexes.toSorted());
  }
  expect(groups.size).toBe(3);
});

test("a stratum is the time, or its bucket, and the rank", () => {
  const [a, b] = ["a later time of the same bucket", "the bucket before the rank, the exact time after it"].map((why) =>
    tokenVectors.find((vector) => vector.why === why),
  );
  const stratum = (hex = "") => stratumOf(Buffer.from(hex, "hex")).toString("hex");
  expect(stratum(a?.hex)).toBe(stratum(b?.hex));
  expect(a?.hex).not.toBe(b?.hex);
});

test("division rounds down on both sides of zero", () => {
  expect([-6n, -5n, -4n, -1n, 0n, 1n, 4n, 5n].map((value) => floorDivide(value, 5n))).toEqual([
    -2n,
    -1n,
    -1n,
    -1n,
    0n,
    0n,
    0n,
    1n,
  ]);
});

test("the golden hashes of cells: an absent one counts nothing, and neither does a column that came later", () => {
  const hash = (cells: Readonly<Record<string, unknown>>, schema = goldenSpec.schema) =>
    hashCells(schema, { ...contribution, cells }).toString("hex");
  expect(hash({})).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(hash({ email: "a@x", name: null })).toBe("a26b2b4f002f0ee939a8d4c61dbd69d47235a89dc412a8771591db0c9dd18daa");
  expect(
    hash({ email: "a@x", name: null }, { columns: [...goldenSpec.schema.columns, ...historyColumns.slice(4)] }),
  ).toBe(hash({ email: "a@x", name: null }));
  expect(hash({ email: "a@x" })).not.toBe(hash({ email: "a@x", name: null }));
});

test("a renamed column keeps its field id, and so the hash of its cells and their order", () => {
  const rename = (from: string, to: string) => ({
    columns: goldenSpec.schema.columns.map((column) =>
      column.name === from ? { ...column, name: to, field: from } : column,
    ),
  });
  const hash = (cells: Readonly<Record<string, unknown>>, schema = goldenSpec.schema) =>
    hashCells(schema, { ...contribution, cells }).toString("hex");
  const before = hash({ email: "a@x", name: null });
  // Before the other column and after it.
  expect(hash({ email: "a@x", aaa: null }, rename("name", "aaa"))).toBe(before);
  expect(hash({ zzz: "a@x", name: null }, rename("email", "zzz"))).toBe(before);
});
