import { WatersmeetError } from "@watersmeet/core/errors";
import type { Project } from "@watersmeet/runtime";
import { toProblemDto } from "../read/problem-dto.ts";
import { tell, type CommandDeps } from "./deps.ts";
import { renderProblems } from "./render/problems.ts";
import { countOf } from "./render/quantities.ts";

/** The project, when nothing is wrong with its sources. @throws {PROJECT_INVALID} after every problem was shown with its place */
export function requireSound(project: Project, deps: CommandDeps): Project {
  const { problems } = project;
  if (problems.length === 0) return project;
  if (!deps.isJson) tell(deps, `${renderProblems(problems, project.root, deps.terminal.err.style)}\n`);
  throw new WatersmeetError(
    "PROJECT_INVALID",
    `The project has ${countOf(problems.length, "problem")}; nothing was run`,
    {
      hint: "watersmeet check shows them again",
      details: { problems: problems.map(toProblemDto) },
    },
  );
}
