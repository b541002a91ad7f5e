import { describe, expect, test } from "vitest";
import { compile } from "./tsc.ts";

/**
 * Each row of the table of costly type choices (`docs/reference/asset-language.md`, "What the types cost") shows here: a schema known by zod's own types
 * or a handle that infers its row costs many times as many instantiations, or ends in TS2589. Counts do not depend on the machine.
 */
const head = `import { z } from "zod";
import { asset, merge, query, source, type Db, type In } from "@watersmeet/core";
`;
const schema = "z.object({ id: z.number(), name: z.string(), amount: z.number(), status: z.enum(['paid', 'open']) })";
const first = `export const a0 = source({ schema: ${schema}, resource: "x" }, () => [{ id: 1, name: "a", amount: 1, status: "paid" }]);\n`;

const chainOf = (count: number, link: (index: number) => string) =>
  head + first + Array.from({ length: count }, (_, index) => link(index + 1)).join("\n");

const functionLink = (n: number) =>
  `export const a${n} = asset({ schema: ${schema} }, async (x: In<typeof a${n - 1}>) => (await x.all()).map((r) => ({ ...r, amount: r.amount + 1 })));`;
const queryLink = (n: number) =>
  `export const a${n} = query({ schema: ${schema} }, (x: In<typeof a${n - 1}>, db: Db) => db.selectFrom(x.as("x")).select(["x.id", "x.name", "x.amount", "x.status"]).where("x.status", "=", "paid"));`;
const mergeLink = (n: number) =>
  `export const a${n} = merge({ schema: ${schema}, key: ["id"], policy: "recencyFirst", trust: { p: 1 } }, (p: In<typeof a${n - 1}>, q: In<typeof a0>) => ({ p, q }));`;

const count = 60;
const kinds = { functions: functionLink, queries: queryLink, merges: mergeLink };
// What the first asset of each kind costs is no cost per asset.
const baseLinks = Object.values(kinds);

describe("instantiations per asset stay within bounds", async () => {
  const base = chainOf(baseLinks.length, (n) => baseLinks[n - 1]?.(n) ?? "");
  const { instantiations } = await compile({ "chain.ts": base });

  test.each([
    ["functions", 800],
    ["queries", 2_150],
    ["merges", 1_150],
  ] as const)("%s: at most %i", async (kind, bound) => {
    const more = Array.from({ length: count }, (_, index) => kinds[kind](index + baseLinks.length + 1)).join("\n");
    const full = await compile({ "chain.ts": `${base}\n${more}` });
    expect(full.diagnostics).toEqual([]);
    const perAsset = (full.instantiations - instantiations) / count;
    expect(perAsset).toBeLessThan(bound);
    // Far below, the bound would guard nothing.
    expect(perAsset).toBeGreaterThan(bound * 0.75);
  });
});

test("a chain of 500 assets compiles", async () => {
  const { diagnostics } = await compile({
    "chain.ts": chainOf(500, (n) => (n % 2 === 0 ? queryLink : functionLink)(n)),
  });
  expect(diagnostics).toEqual([]);
});
