import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { airports, openRegisters, type Registers } from "./registers-project.ts";

/* What the desk says of versions that were made before the code changed. The tests build on each other, in this order. */
let registers: Registers;
beforeAll(async () => {
  registers = await openRegisters();
  await registers.deliver({
    authority: [{ code: "TXL", name: "Tegel", runways: 2, at: "2001-01-01T00:00:00Z" }],
    airline: [{ code: "TXL", name: "Otto Lilienthal", runways: 3, at: "2001-01-02T00:00:00Z" }],
  });
});
afterAll(() => registers[Symbol.asyncDispose]());

const merges = () => registers.project.merges;

async function edit(...changes: readonly (readonly [from: string, to: string])[]): Promise<void> {
  const file = join(registers.root, "assets", "airports.ts");
  const source = await readFile(file, "utf8");
  await writeFile(
    file,
    changes.reduce((text, [from, to]) => text.replace(from, to), source),
  );
  await registers.reopen();
}

const explain = async () => await merges().explain({ asset: airports, key: { code: "TXL" }, column: "name" });

test("what the present rules made is verified and explained as it is", async () => {
  expect(await merges().verify(airports, 1000)).toEqual({ sampledKeys: 1, differentKeys: [], byOtherRules: [] });
  expect(await explain()).toMatchObject({ isByPresentRules: true, row: { name: "Tegel" } });
});

test("what other rules made is no mismatch: verify leaves it alone, and explain says so", async () => {
  await edit(["authority: 2, airline: 1", "authority: 2, airline: 5"]);
  expect(await merges().verify(airports, 1000)).toEqual({ sampledKeys: 0, differentKeys: [], byOtherRules: [""] });
  expect((await merges().describe(airports)).isFrozen).toBe(false);
  expect(await explain()).toMatchObject({ isByPresentRules: false, row: { name: "Otto Lilienthal" } });
  await registers.run({ select: "airports" });
  expect(await merges().verify(airports, 1000)).toEqual({ sampledKeys: 1, differentKeys: [], byOtherRules: [] });
  expect(await explain()).toMatchObject({ isByPresentRules: true });
});

test("what was led on by an upcaster is verified through it", async () => {
  await edit(
    ["runways: z.int().optional()", 'runways: z.int().optional().meta({ unit: "pairs" })'],
    [
      "/** One record for each airport. */",
      "const Counted = Airport.extend({ runways: z.int().optional() });\n\n/** One record for each airport. */",
    ],
    [
      "    late: {",
      '    epochs: [{ schema: Counted, note: "in pairs", upcast: (row) => ({ ...row, runways: row.runways === undefined ? undefined : row.runways * 2 }) }],\n    late: {',
    ],
  );
  await registers.run({ select: "airports" });
  expect(await registers.rows("airports")).toEqual([expect.stringContaining("runways=6")]);
  expect(await merges().verify(airports, 1000)).toEqual({ sampledKeys: 1, differentKeys: [], byOtherRules: [] });
});
