import { WatersmeetError } from "@watersmeet/core/errors";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";

/** What a person may do with the limit of a resource. The configured one stays as it is, and counts again when the order ends. */
export type LimitOrder = {
  readonly resource: string;
  readonly reason: string;
  readonly by: string;
} & (
  | {
      readonly kind: "set";
      /** Units in use at the same time, over all workers. */
      readonly concurrency: number;
      /** `null`: until another order. */
      readonly forMs: number | null;
    }
  | { readonly kind: "clear" }
);

/**
 * Carries an order out, and writes it down. Steps that run go on, also above the new limit. Who calls rings the doorbell and tells of new events after the
 * commit.
 *
 * @throws {USAGE_INVALID} without a reason
 * @throws {NOT_FOUND} when no project has configured the resource
 */
export async function controlLimit(db: LedgerDb, order: LimitOrder): Promise<void> {
  const { resource, by } = order;
  const reason = order.reason.trim();
  if (reason === "") {
    throw new WatersmeetError("USAGE_INVALID", "A change of a limit needs a reason", {
      hint: "Say why with --reason: whoever wonders why it is slow will want to know.",
    });
  }
  await db.transaction().execute(async (tx) => {
    await lockKnown(tx, resource);
    await sql`
      update watersmeet.resource_override set ended_at = now(), ended_by = ${by}
      where resource = ${resource} and ended_at is null and (until is null or until > now())`.execute(tx);
    if (order.kind === "set") {
      await sql`
        insert into watersmeet.resource_override (resource, concurrency, given_by, reason, until)
        values (${resource}, ${order.concurrency}, ${by}, ${reason}, now() + ${order.forMs}::float8 * interval '1 millisecond')`.execute(
        tx,
      );
    }
    await insertEvents(tx, [
      order.kind === "set"
        ? { kind: "limit:set", body: { resource, by, reason, concurrency: order.concurrency, forMs: order.forMs } }
        : { kind: "limit:cleared", body: { resource, by, reason } },
    ]);
  });
}

async function lockKnown(tx: Transaction<LedgerDatabase>, resource: string): Promise<void> {
  const { rows } = await sql`select from watersmeet.resource where name = ${resource} for no key update`.execute(tx);
  if (rows.length > 0) return;
  throw new WatersmeetError("NOT_FOUND", `There is no resource ${resource}`, {
    hint: "`watersmeet limits` names those that the configuration has.",
    details: { resource },
  });
}
