import type { Project } from "@watersmeet/runtime";
import { requireSound } from "../../read/require-sound.ts";
import { tell, type CommandDeps } from "../deps.ts";
import { renderProblems } from "../render/problems.ts";

/** The project, when nothing is wrong with its sources. @throws {PROJECT_INVALID} after every problem was shown with its place */
export function requireSoundProject(project: Project, deps: CommandDeps): Project {
  const { problems, root } = project;
  if (problems.length > 0 && !deps.isJson) tell(deps, `${renderProblems(problems, root, deps.terminal.err.style)}\n`);
  return requireSound(project);
}
