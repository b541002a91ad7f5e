import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { renderProblem, type Problem } from "@watersmeet/core/errors";
import type { Style } from "./style.ts";

/** Every problem with the lines of source that it is about. */
export function renderProblems(problems: readonly Problem[], root: string, style: Style): string {
  return problems
    .map((problem) => renderProblem(problem, readSource(problem, root), { color: style.hasColor }))
    .join("\n\n");
}

/** `undefined` when the problem has no place, or its file has gone. */
function readSource(problem: Problem, root: string): string | undefined {
  if (problem.at === undefined) return undefined;
  const { file } = problem.at;
  try {
    return readFileSync(isAbsolute(file) ? file : join(root, file), "utf8");
  } catch {
    return undefined;
  }
}
