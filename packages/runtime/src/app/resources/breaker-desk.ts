import { notifyFollowers } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { controlBreaker, type BreakerOrder } from "../../queue/breaker/control-breaker.ts";
import { getBreaker, listBreakers, type BreakerRecord } from "../../queue/breaker/list-breakers.ts";
import { ringDoorbell } from "../../queue/doorbell/doorbell.ts";

/** Questions and orders about the circuit breakers of resources. */
export interface BreakerDesk {
  /** By name, of every resource that has one, or is held by hand. */
  list(): Promise<readonly BreakerRecord[]>;
  /**
   * Carries an order out and gives the breaker as it is then.
   *
   * @throws {USAGE_INVALID} without a reason
   * @throws {NOT_FOUND} when no project has configured the resource
   */
  give(order: BreakerOrder): Promise<BreakerRecord>;
}

/** Workers that have nothing to do look again when so many bells ring. */
const bells = 4;

export function createBreakerDesk(db: LedgerDb): BreakerDesk {
  return {
    list: () => listBreakers(db),
    async give(order) {
      await controlBreaker(db, order);
      if (order.kind !== "open") await ringDoorbell(db, bells);
      await notifyFollowers(db);
      return getBreaker(db, order.resource);
    },
  };
}
