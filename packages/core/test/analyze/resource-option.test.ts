import { expect, test } from "vitest";
import { analyzeProject } from "../../src/analyze/index.ts";
import { createProject } from "./temporary-project.ts";

async function findResource(
  option: string,
): Promise<{ readonly resource: unknown; readonly codes: readonly string[] }> {
  using project = createProject({
    "assets/raw.ts": `import { source } from "@watersmeet/core";
import { z } from "zod";
const crm = "crm";
export const x = source({ schema: z.object({ id: z.number() }), resource: ${option} }, () => []);
`,
  });
  const { manifest, problems } = await analyzeProject({ root: project.root, assets: ["assets/**/*.ts"] });
  return { resource: manifest.assets[0]?.resource ?? null, codes: problems.map((problem) => problem.code) };
}

test.each([
  ['"crm"', "crm"],
  ["crm", "crm"],
  ['["crm", "erp"]', "crm"],
  ['[{ name: crm, weight: 4 }, "erp"]', "crm"],
])("of resource: %s the first name is in the manifest", async (option, name) => {
  expect(await findResource(option)).toEqual({ resource: name, codes: [] });
});

test.each(["process.title", "[process.title]", "[{ weight: 4 }]"])("resource: %s is not static", async (option) => {
  expect((await findResource(option)).codes).toContain("ANALYZE_OPTION_NOT_STATIC");
});
