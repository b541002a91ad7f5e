import { WatersmeetError } from "@watersmeet/core/errors";
import type { CallResult } from "./apply-commits.ts";

/** The answer to a call that took several rounds: all of them, or the first error. */
export function joinRounds(answers: readonly CallResult[]): CallResult {
  const failed = answers.find((answer) => "error" in answer);
  return failed ?? { commits: answers.flatMap((answer) => ("commits" in answer ? answer.commits : [])) };
}

/** A COMMIT without an answer, and a ledger that cannot be asked. */
export function unknownCommit(commitIds: readonly string[], cause: unknown): WatersmeetError {
  const what = commitIds.length === 1 ? "a commit" : `${commitIds.length} commits`;
  return new WatersmeetError("STORE_COMMIT_UNKNOWN", `Whether ${what} took effect could not be learned`, {
    hint: "Look the commit ids up when the store answers again; running the step again does so.",
    details: { commitIds },
    cause,
  });
}
