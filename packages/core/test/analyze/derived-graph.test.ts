import { expect, test } from "vitest";
import { analyzeProject } from "../../src/analyze/index.ts";
import { buildGraph } from "../../src/graph/index.ts";
import { createProject } from "./temporary-project.ts";

// Derivation and graph are two rooms with one meaning of the words between them.
test("Self without a mapping reads the window before, which the graph accepts", async () => {
  using project = createProject({
    "assets/balance.ts": `import { asset, daily, type Self } from "@watersmeet/core";
import { z } from "zod";
const Balance = z.object({ amount: z.number() });
/** What is left. */
export const balance = asset({ schema: Balance, partitions: daily("2001-01-01", "2001-02-01") }, async (before: Self<typeof Balance>) => before.all());
`,
  });
  const { manifest, problems } = await analyzeProject({ root: project.root, assets: ["assets/**/*.ts"] });
  expect(problems).toEqual([]);
  expect(manifest.assets[0]?.injections).toEqual([
    { kind: "self", position: "0", mapping: { kind: "offset", by: -1 } },
  ]);
  expect(buildGraph(manifest).problems).toEqual([]);
});
