import { WatersmeetError } from "@watersmeet/core/errors";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";

/** What a person may do with a breaker. */
export interface BreakerOrder {
  readonly resource: string;
  /**
   * `open`: no step uses the resource until the time has passed, or somebody closes it. `close`: as if probes had succeeded. `disable`: calls are let through
   * whatever is counted. `reset`: closed, and everything that was counted is forgotten, retries too.
   */
  readonly kind: "open" | "close" | "disable" | "reset";
  /** Of `open` and `disable`. `null`: until another order. */
  readonly forMs: number | null;
  readonly reason: string;
  readonly by: string;
}

const eventOf: Readonly<Record<BreakerOrder["kind"], string>> = {
  open: "breaker:forcedOpen",
  close: "breaker:closed",
  disable: "breaker:disabled",
  reset: "breaker:reset",
};

/**
 * Carries an order out, and writes it down. Who calls rings the doorbell and tells of new events after the commit.
 *
 * @throws {USAGE_INVALID} without a reason
 * @throws {NOT_FOUND} when no project has configured the resource
 */
export async function controlBreaker(db: LedgerDb, order: BreakerOrder): Promise<void> {
  const { resource, kind, forMs, by } = order;
  const reason = order.reason.trim();
  if (reason === "") {
    throw new WatersmeetError("USAGE_INVALID", "An order to a breaker needs a reason", {
      hint: "Say why with --reason: whoever finds the breaker so will want to know.",
    });
  }
  await db.transaction().execute(async (tx) => {
    await lockKnown(tx, resource);
    const isHeld = kind === "open" || kind === "disable";
    await sql`
      update watersmeet.breaker set generation = generation + 1, changed_at = now(), changed_by = ${by},
        state = ${kind === "open" ? "forcedOpen" : kind === "disable" ? "disabled" : "closed"},
        reason = ${isHeld ? reason : null}, retry_at = now() + ${isHeld ? forMs : null}::double precision * interval '1 millisecond',
        closed_at = case when ${!isHeld} and state in ('open', 'forcedOpen') and (state = 'open' or coalesce(retry_at > now(), true)) then now() else closed_at end,
        counted_from = generation + 1, probing_until = null, opened_at = null, failed_probes = 0, probe_ok = 0
      where resource = ${resource}`.execute(tx);
    await tx.deleteFrom("breaker_suspect").where("resource", "=", resource).execute();
    if (kind === "reset") await tx.deleteFrom("breaker_bucket").where("resource", "=", resource).execute();
    await insertEvents(tx, [{ kind: eventOf[kind], body: { resource, by, reason, forMs: isHeld ? forMs : null } }]);
  });
}

/** Of a resource without a breaker of its own, the row is made: it may be held open by hand all the same. */
async function lockKnown(tx: Transaction<LedgerDatabase>, resource: string): Promise<void> {
  await sql`
    insert into watersmeet.breaker (resource) select name from watersmeet.resource where name = ${resource}
    on conflict (resource) do nothing`.execute(tx);
  const { rows } = await sql`select from watersmeet.breaker where resource = ${resource} for no key update`.execute(tx);
  if (rows.length > 0) return;
  throw new WatersmeetError("NOT_FOUND", `There is no resource ${resource}`, {
    hint: "`watersmeet breaker list` names those that the configuration has.",
    details: { resource },
  });
}
