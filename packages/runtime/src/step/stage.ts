import { unreachable } from "@watersmeet/core/errors";
import { requireAllRows } from "../exchange/require-all-rows.ts";
import type { Staged } from "../stores/store.ts";
import type { UserOutput } from "./call-user-code.ts";
import type { StepWork } from "./step-work.ts";

/** Brings the output into the store, visible to nobody. Rows of a query or merge come into being here. */
export async function stageOutput(work: StepWork, output: UserOutput, signal: AbortSignal): Promise<Staged> {
  const { store, target } = work;
  await store.ensureAsset(target.asset);
  switch (output.kind) {
    case "rows": {
      const staged = await store.stageFile(target, output.file, signal);
      requireAllRows({ rowCount: staged.rowCount, expected: output.file.rowCount, of: target.asset.key });
      return staged;
    }
    case "query":
      return store.stageQuery(target, output.query, signal);
    case "merge":
      return store.stageMerge(target, output.merge, signal);
    default:
      return unreachable(output);
  }
}
