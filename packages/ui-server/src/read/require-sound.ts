import { WatersmeetError } from "@watersmeet/core/errors";
import type { Project } from "@watersmeet/runtime";
import { toProblemDto } from "./problem-dto.ts";

/** The project, when nothing is wrong with its sources: otherwise nothing of it may run. @throws {PROJECT_INVALID} with the problems in `details` */
export function requireSound(project: Project): Project {
  const { problems } = project;
  if (problems.length === 0) return project;
  const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
  throw new WatersmeetError("PROJECT_INVALID", `The project's sources have ${count}; nothing was run`, {
    hint: "watersmeet check shows them, and so does GET /api/v1/problems",
    details: { problems: problems.map(toProblemDto) },
  });
}
