import { expect, test } from "vitest";
import { analyzeProject } from "../../src/analyze/index.ts";
import { createProject } from "./temporary-project.ts";

async function deriveSums(option: string, parameters: string) {
  using project = createProject({
    "assets/sums.ts": `import { asset, source, type In } from "@watersmeet/core";
import { z } from "zod";
const schema = z.object({ id: z.number() });
const by = "id";
export const orders = source({ schema, resource: "shop" }, () => []);
export const customers = source({ schema, resource: "shop" }, () => []);
interface Inputs { orders: In<typeof orders>; customers: In<typeof customers> }
export const sums = asset({ schema, ${option} }, async (${parameters}) => []);
`,
  });
  const { manifest, problems } = await analyzeProject({ root: project.root, assets: ["assets/**/*.ts"] });
  return { sums: manifest.assets.find(({ key }) => key === "sums"), codes: problems.map((problem) => problem.code) };
}

test.each([
  ["splittable: { by }", "o: In<typeof orders>", { by: "id", input: "o", position: "0", parts: "auto" }],
  [
    'splittable: { by: "id", input: "c", parts: 8 }',
    "o: In<typeof orders>, c: In<typeof customers>",
    { by: "id", input: "c", position: "1", parts: 8 },
  ],
  [
    'splittable: { by: "id", input: "customers" }',
    "inputs: Inputs",
    { by: "id", input: "customers", position: "0.customers", parts: "auto" },
  ],
  ["splittable: undefined", "o: In<typeof orders>", undefined],
])("of %s in (%s) the manifest has the input and the column", async (option, parameters, splittable) => {
  const { sums, codes } = await deriveSums(option, parameters);
  expect(codes).toEqual([]);
  expect(sums?.splittable).toEqual(splittable);
});

test("how an asset is split makes no other version of its code or schema", async () => {
  const plain = await deriveSums("", "o: In<typeof orders>");
  const split = await deriveSums("splittable: { by, parts: 4 }", "o: In<typeof orders>");
  expect(split.sums?.splittable).toBeDefined();
  expect([split.sums?.codeVersion, split.sums?.schemaVersion]).toEqual([
    plain.sums?.codeVersion,
    plain.sums?.schemaVersion,
  ]);
});
