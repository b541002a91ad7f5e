import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { freezeMerge } from "../../ledger/decisions.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";

/** A merge whose rows were found to differ from what its batches give publishes nothing more until somebody has looked. */
export async function freezeMismatched(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
): Promise<readonly NewEvent[]> {
  const events: NewEvent[] = [];
  for (const { ended, run } of accepted) {
    const { outcome, step } = ended;
    if (outcome.kind !== "failed" || outcome.failure.code !== "MERGE_SHADOW_MISMATCH") continue;
    const { message, details } = outcome.failure;
    const place = { environment: run.environment, asset: step.asset };
    const decision = await freezeMerge(tx, { ...place, by: "watersmeet", reason: message, details });
    if (decision === null) continue;
    events.push({
      kind: "merge:frozen",
      runId: run.id,
      asset: step.asset,
      body: { environment: run.environment, decision },
    });
  }
  return events;
}
