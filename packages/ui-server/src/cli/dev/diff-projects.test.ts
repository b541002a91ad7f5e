import type { Problem } from "@watersmeet/core/errors";
import { buildGraph } from "@watersmeet/core/graph";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import type { AssetKey } from "@watersmeet/core/values";
import type { Project } from "@watersmeet/runtime";
import { expect, test } from "vitest";
import { renderProjectDiff } from "../render/project-diff.ts";
import { plainStyle } from "../render/style.ts";
import { diffProjects, isEmptyDiff } from "./diff-projects.ts";

function anAsset(key: string, changes: Partial<ManifestAsset> = {}): ManifestAsset {
  return {
    key: key as AssetKey,
    kind: "asset",
    file: "assets/a.ts",
    exportPath: [key],
    location: { file: "assets/a.ts", line: 1, column: 1 },
    doc: "",
    inputs: [],
    injections: [],
    partitions: null,
    tags: [],
    group: null,
    resource: null,
    codeVersion: "c1",
    schemaVersion: "s1",
    ...changes,
  };
}

function aProject(assets: readonly ManifestAsset[], problems: readonly Problem[] = []): Project {
  const manifest = { formatVersion: 1, analyzer: "test", files: {}, assets } as const;
  return { root: "/project", generation: "g", manifest, graph: buildGraph(manifest).graph, specs: new Map(), problems };
}

const problem: Problem = { code: "ANALYZE_UNKNOWN_NAME", message: "no such name" };

test("a save that changes nothing of the graph tells nothing", () => {
  expect(isEmptyDiff(diffProjects(aProject([anAsset("a")]), aProject([anAsset("a")])))).toBe(true);
});

test("added, removed and changed assets are told with what changed", () => {
  const before = aProject([anAsset("a"), anAsset("b"), anAsset("c")]);
  const after = aProject([anAsset("a", { codeVersion: "c2", schemaVersion: "s2" }), anAsset("c"), anAsset("d")]);
  const diff = diffProjects(before, after);
  expect(renderProjectDiff(diff, { root: "/project", staleCount: 3 }, plainStyle).split("\n")).toEqual([
    "+ d",
    "- b",
    "~ a: code, schema changed",
    "3 assets out of date; nothing runs by itself: watersmeet run '*'",
  ]);
});

test("a problem that only moved to another line is not new, and one that went away is solved", () => {
  const moved = { ...problem, at: { file: "assets/a.ts", line: 9, column: 1 } };
  const before = aProject([], [{ ...problem, at: { file: "assets/a.ts", line: 1, column: 1 } }]);
  expect(isEmptyDiff(diffProjects(before, aProject([], [moved])))).toBe(true);
  expect(diffProjects(before, aProject([])).solvedCount).toBe(1);
});
