import type { Problem, SourceLocation } from "@watersmeet/core/errors";

/** Something wrong in the project's sources. */
export interface ProblemDto {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly at: SourceLocation | null;
}

export function toProblemDto(problem: Problem): ProblemDto {
  return { code: problem.code, message: problem.message, hint: problem.hint ?? null, at: problem.at ?? null };
}
