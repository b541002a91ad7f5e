import { notifyFollowers } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { ringDoorbell } from "../../queue/doorbell/doorbell.ts";
import { controlLimit, type LimitOrder } from "../../queue/limits/control-limit.ts";
import { getLimit, listLimits, listMoves, type LimitMove, type LimitRecord } from "../../queue/limits/list-limits.ts";

/** Questions and orders about what all workers together may ask of resources. */
export interface LimitDesk {
  /** By name, of every resource that a project has configured. */
  list(): Promise<readonly LimitRecord[]>;
  /** @throws {NOT_FOUND} */
  get(resource: string): Promise<LimitRecord>;
  /** Decisions about a limit that adapts, newest first. */
  moves(resource: string, limit: number): Promise<readonly LimitMove[]>;
  /**
   * Carries an order out and gives the limit as it is then.
   *
   * @throws {USAGE_INVALID} without a reason
   * @throws {NOT_FOUND} when no project has configured the resource
   */
  give(order: LimitOrder): Promise<LimitRecord>;
}

/** Workers that have nothing to do look again when so many bells ring. */
const bells = 4;

export function createLimitDesk(db: LedgerDb): LimitDesk {
  return {
    list: () => listLimits(db),
    get: (resource) => getLimit(db, resource),
    moves: (resource, limit) => listMoves(db, resource, limit),
    async give(order) {
      await controlLimit(db, order);
      await ringDoorbell(db, bells);
      await notifyFollowers(db);
      return getLimit(db, order.resource);
    },
  };
}
