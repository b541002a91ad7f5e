import { unreachable } from "@watersmeet/core/errors";
import { requireAllRows } from "../exchange/require-all-rows.ts";
import type { Staged } from "../stores/store.ts";
import type { UserOutput } from "./call-user-code.ts";
import { findAuthorEnd } from "./merge/author-functions.ts";
import { nameReaders } from "./merge/name-readers.ts";
import type { StepWork, VerbResult } from "./step-work.ts";

/** Brings the output into the store, visible to nobody. Rows of a query or merge come into being here; a merge may ask for more of the author's code. */
export async function stageOutput(
  work: StepWork,
  output: UserOutput,
  signal: AbortSignal,
): Promise<VerbResult<Staged>> {
  try {
    await work.store.ensureAsset(work.target.asset);
    return { kind: "done", value: await stage(work, output, signal) };
  } catch (error) {
    const ended = findAuthorEnd(error);
    if (ended !== null) return ended;
    throw nameReaders(error, work);
  }
}

async function stage({ store, target }: StepWork, output: UserOutput, signal: AbortSignal): Promise<Staged> {
  switch (output.kind) {
    case "rows": {
      const staged = await store.stageFile(target, output.file, signal);
      requireAllRows({ rowCount: staged.rowCount, expected: output.file.rowCount, of: target.asset.key });
      return staged;
    }
    case "messageRows":
      return store.stageRows(target, output.rows);
    case "query":
      return store.stageQuery(target, output.query, signal);
    case "merge":
      return store.stageMerge(target, output.merge, signal);
    default:
      return unreachable(output);
  }
}
