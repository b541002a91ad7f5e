import { expect, test } from "vitest";
import { analyzeProject } from "../../src/analyze/index.ts";
import { createProject, type ProjectFiles } from "./temporary-project.ts";

const merged = "assets/merged.ts";
const base: ProjectFiles = {
  "assets/raw.ts": `import { source } from "@watersmeet/core";
import { Row } from "../lib/schema.ts";
export const left = source({ schema: Row, resource: "shop", emits: "changes" }, () => []);
`,
  [merged]: `import { custom, merge, type In } from "@watersmeet/core";
import { OldRow, Row } from "../lib/schema.ts";
import { longer, rename } from "../lib/joins.ts";
import type * as raw from "./raw.ts";

export const customers = merge(
  {
    schema: Row,
    key: ["id"],
    policy: "recencyFirst",
    columns: { name: custom((a: string, b: string) => longer(a, b)), visits: "sum" },
    trust: { left: 1 },
    eventTime: "at",
    operation: "op",
    sequence: "nr",
    present: "cols",
    tolerance: "5s",
    late: { grace: "2h", beyond: "hold" },
    wait: { quorum: 1 },
    retention: { keep: "30d" },
    epochs: [{ schema: OldRow, note: "title is called name", upcast: (row) => rename(row) }],
  },
  (left: In<typeof raw.left>) => ({ left }),
);
`,
  "lib/schema.ts": `import { z } from "zod";
export const Row = z.object({ id: z.string(), name: z.string(), visits: z.number() });
export const OldRow = z.object({ id: z.string(), title: z.string() });
`,
  "lib/joins.ts": `export const longer = (a: string, b: string) => (a.length > b.length ? a : b);
export const rename = (row: { title?: string | undefined }) => ({ name: row.title });
`,
};

async function derive(files: ProjectFiles, key = "customers") {
  using project = createProject(files);
  const { manifest, problems } = await analyzeProject({
    root: project.root,
    assets: ["assets/**/*.ts"],
    packageVersion: () => null,
  });
  expect(problems).toEqual([]);
  const asset = manifest.assets.find((candidate) => candidate.key === key);
  if (asset === undefined) throw new Error(`no asset ${key}`);
  return asset;
}

function mutate(path: string, from: string, to: string): ProjectFiles {
  const text = base[path];
  if (text === undefined || !text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
  return { ...base, [path]: text.replace(from, () => to) };
}

const before = await derive(base);

test.for([
  ["the policy", mutate(merged, '"recencyFirst"', '"priorityFirst"')],
  ["a column's policy", mutate(merged, '"sum"', '"max"')],
  ["an author's own policy", mutate(merged, "longer(a, b)", "longer(b, a)")],
  ["what an author's own policy calls", mutate("lib/joins.ts", "a.length > b.length", "a.length >= b.length")],
  ["trust", mutate(merged, "{ left: 1 }", "{ left: 2 }")],
  ["the event time", mutate(merged, 'eventTime: "at"', 'eventTime: "since"')],
  ["the column of operations", mutate(merged, 'operation: "op"', 'operation: "kind"')],
  ["the column of sequences", mutate(merged, 'sequence: "nr"', 'sequence: "offset"')],
  ["the column of what is present", mutate(merged, 'present: "cols"', 'present: "changed"')],
  ["the tolerance", mutate(merged, '"5s"', '"6s"')],
  ["what becomes of late rows", mutate(merged, '"hold"', '"amend"')],
  ["an upcaster", mutate(merged, "rename(row)", "({ ...rename(row) })")],
  ["what an upcaster calls", mutate("lib/joins.ts", "name: row.title", 'name: row.title ?? ""')],
  ["an older form", mutate("lib/schema.ts", "title: z.string()", "title: z.string().nullable()")],
] as const)("a merge's schema version changes with %s", async ([, files]) => {
  const after = await derive(files);
  expect(after.schemaVersion).not.toBe(before.schemaVersion);
  expect(after.codeVersion).toBe(before.codeVersion);
});

test.for([
  ["how long it waits", mutate(merged, "quorum: 1", "quorum: 2")],
  ["what it keeps", mutate(merged, '"30d"', '"60d"')],
] as const)("a merge's schema version stays when this changes: %s", async ([, files]) => {
  expect((await derive(files)).schemaVersion).toBe(before.schemaVersion);
});

test("what an asset's versions say is part of its schema version", async () => {
  const one = await derive(base, "left");
  const other = await derive(mutate("assets/raw.ts", '"changes"', '"snapshot"'), "left");
  expect(other.schemaVersion).not.toBe(one.schemaVersion);
  expect(other.codeVersion).toBe(one.codeVersion);
});
