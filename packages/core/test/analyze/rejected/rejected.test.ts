import { expect, test } from "vitest";
import { analyzeProject } from "../../../src/analyze/index.ts";
import { codes, renderProblem, type Problem, type SourceLocation } from "../../../src/errors/index.ts";
import { createProject, type ProjectFiles } from "../temporary-project.ts";
import { assetCases } from "./asset-cases.ts";
import { inputCases } from "./input-cases.ts";
import { optionCases } from "./option-cases.ts";
import { commonFiles, type RejectedCase } from "./rejected-case.ts";

const rejectedCases = [...inputCases, ...assetCases, ...optionCases];

interface Outcome {
  readonly problems: readonly Problem[];
  readonly texts: ProjectFiles;
}

const outcomes = new Map<RejectedCase, Outcome>();
for (const rejected of rejectedCases) outcomes.set(rejected, await analyzeCase(rejected));

async function analyzeCase({ files }: RejectedCase): Promise<Outcome> {
  const entries = Object.entries({ ...commonFiles, ...files }).map(
    ([path, text]) => [path, text.replace(/[«»]/g, "")] as const,
  );
  const texts: ProjectFiles = Object.fromEntries(entries);
  using project = createProject(texts);
  const { problems } = await analyzeProject({ root: project.root, assets: ["assets/**/*.ts"] });
  return { problems, texts };
}

/** Where the marks of a case stand, as a location. */
function findMark(files: ProjectFiles): SourceLocation | undefined {
  for (const [file, text] of Object.entries(files)) {
    const start = text.indexOf("«");
    if (start === -1) continue;
    const before = text.slice(0, start);
    const marked = text.slice(start + 1, text.indexOf("»"));
    const line = before.split("\n").length;
    const column = start - before.lastIndexOf("\n");
    return { file, line, column, endLine: line, endColumn: column + marked.length };
  }
  return undefined;
}

test.for(rejectedCases.map((rejected) => [`${rejected.code}: ${rejected.title}`, rejected] as const))(
  "%s",
  ([, rejected]) => {
    const problems = outcomes.get(rejected)?.problems ?? [];
    expect(problems.map(({ code, at }) => ({ code, at }))).toEqual([
      { code: rejected.code, at: findMark(rejected.files) },
    ]);
    expect(problems[0]?.hint).toMatch(/\S/);
  },
);

test("every code of analysis has a case", () => {
  const all = Object.keys(codes).filter((code) => code.startsWith("ANALYZE_"));
  expect(all.filter((code) => !rejectedCases.some((rejected) => rejected.code === code))).toEqual([]);
});

test("messages, hints and frames are the golden ones", async () => {
  const pages = [...outcomes].map(([{ title }, { problems, texts }]) => {
    const frames = problems.map((problem) => renderProblem(problem, texts[problem.at?.file ?? ""], { color: false }));
    return `## ${title}\n\n${frames.join("\n\n")}\n`;
  });
  await expect(pages.join("\n")).toMatchFileSnapshot("golden/rejected.txt");
});
