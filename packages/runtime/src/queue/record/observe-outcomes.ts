import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { observeBreakers, type Observed } from "../breaker/observe.ts";
import { observeLimits } from "../limits/observe.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";

/**
 * What resources learn from attempts that have ended, before their steps move and while their leases are there. Undefined, and free, when none of them used a
 * resource.
 */
export async function observeOutcomes(
  tx: Transaction<LedgerDatabase>,
  attempts: readonly Pick<AcceptedAttempt, "ended" | "position">[],
  random: () => number,
): Promise<Observed | undefined> {
  const using = attempts.filter(({ position }) => position.resources.length > 0);
  if (using.length === 0) return undefined;
  const used = using.map(({ ended, position }) => ({ ended, resources: position.resources, store: position.store }));
  const [observed] = await Promise.all([observeBreakers(tx, used, random), observeLimits(tx, used)]);
  return observed;
}
