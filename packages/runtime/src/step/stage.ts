import { unreachable } from "@watersmeet/core/errors";
import type { Staged } from "../stores/store.ts";
import type { UserOutput } from "./call-user-code.ts";
import type { StepWork } from "./step-work.ts";

/** Brings the output into the store, visible to nobody. Rows of a query or merge come into being here. */
export async function stageOutput(work: StepWork, output: UserOutput, signal: AbortSignal): Promise<Staged> {
  const { store, target } = work;
  await store.ensureAsset(target.asset);
  switch (output.kind) {
    case "rows":
      return store.stageFile(target, output.file, signal);
    case "query":
      return store.stageQuery(target, output.query, signal);
    case "merge":
      return store.stageMerge(target, output.merge, signal);
    default:
      return unreachable(output);
  }
}
