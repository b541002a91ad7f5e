import { unreachable } from "@watersmeet/core/errors";
import type { WorkOptions } from "../child/child-process.ts";
import type { ChildResult, ChildWork } from "../child/protocol.ts";
import { failureOfChild } from "./outcome/classify-failure.ts";
import { nameStep, type StepWork, type VerbResult } from "./step-work.ts";

/** Where a piece of work is not the whole of a step. */
type ChildOptions = Partial<Omit<WorkOptions, "code">>;

/** One piece of work in a child, as an attempt's outcome where it ends the attempt. */
export async function performInChild(
  work: StepWork,
  request: ChildWork,
  options: ChildOptions = {},
): Promise<VerbResult<ChildResult>> {
  const answer = await work.children.perform(request, {
    subject: nameStep(work.step),
    code: work.code,
    timeoutMs: work.spec.execution.timeoutMs,
    listener: work.listener,
    signal: work.signal,
    ...options,
  });
  switch (answer.kind) {
    case "result":
      return { kind: "done", value: answer.result };
    case "failure":
      return { kind: "ended", outcome: { kind: "failed", failure: failureOfChild(answer.failure) } };
    case "cancelled":
      return { kind: "ended", outcome: { kind: "cancelled" } };
    default:
      return unreachable(answer);
  }
}
