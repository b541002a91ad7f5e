import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "./database.ts";
import type { LedgerDb } from "./open-ledger.ts";
import type { DecisionKind } from "./records.ts";

/** A decision of a person, or of the system, about an asset. Recorded before anything follows from it; never changed. */
export interface NewDecision {
  readonly environment: string;
  readonly asset: AssetKey;
  readonly kind: DecisionKind;
  readonly by: string;
  readonly reason: string;
  readonly details?: Json;
}

/** An asset in an environment. */
export interface AssetPlace {
  readonly environment: string;
  readonly asset: AssetKey;
}

/** A partition of an asset in an environment. */
export interface PartitionPlace extends AssetPlace {
  readonly partition: PartitionKey;
}

/** Makes decisions about one asset wait for each other until the transaction ends, so that their ids are the order of their commits. */
export async function lockDecisions(
  tx: Transaction<LedgerDatabase>,
  { environment, asset }: AssetPlace,
): Promise<void> {
  const name = JSON.stringify(["watersmeet.decision", environment, asset]);
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
}

/** Gives the decision's id. The caller holds `lockDecisions` of the asset. */
export async function insertDecision(tx: Transaction<LedgerDatabase>, decision: NewDecision): Promise<string> {
  const { environment, asset, kind, by, reason, details } = decision;
  const { rows } = await sql<{ id: string }>`
    insert into watersmeet.decision (environment, asset, kind, given_by, reason, details, after_materialization)
    values (${environment}, ${asset}, ${kind}, ${by}, ${reason}, ${JSON.stringify(details ?? {})}::jsonb,
      coalesce((select max(id) from watersmeet.materialization where asset = ${asset}), 0))
    returning id`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new TypeError("an insert gave no row");
  return row.id;
}

/** What an idempotency key was used for before. */
export interface KeyUse {
  /** The decision that was given under it; `null`: it made a run, or a decision in another environment. */
  readonly decisionId: string | null;
  /** Fingerprint of what was asked for, as its decision keeps it in its details; `null`: from before they were kept. */
  readonly request: string | null;
}

/** `undefined`: it was not used. */
export async function findKeyUse(
  tx: Transaction<LedgerDatabase>,
  environment: string,
  idempotencyKey: string,
): Promise<KeyUse | undefined> {
  const { rows } = await sql<KeyUse>`
    select id as "decisionId", details ->> 'request' as request from watersmeet.decision
    where environment = ${environment} and details ->> 'idempotencyKey' = ${idempotencyKey}
    union all
    select null, null from watersmeet.run where idempotency_key = ${idempotencyKey}`.execute(tx);
  return rows[0];
}

/** Why a merge publishes nothing. */
export interface Freeze {
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

/** Of each asset, in their order: the freeze that is in force; `null` when there is none. */
export async function readFreezes(db: LedgerDb, places: readonly AssetPlace[]): Promise<readonly (Freeze | null)[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<Freeze & { readonly number: number }>`
    select wanted.number::integer as number, last.given_by as by, last.reason, last.given_at as at
    from unnest(${places.map((place) => place.environment)}::text[], ${places.map((place) => place.asset)}::text[])
      with ordinality as wanted (environment, asset, number)
    cross join lateral (
      select kind, given_by, reason, given_at from watersmeet.decision
      where decision.environment = wanted.environment and decision.asset = wanted.asset and kind in ('freeze', 'unfreeze')
      order by id desc limit 1) as last
    where last.kind = 'freeze'`.execute(db);
  const byNumber = new Map(rows.map(({ number, ...freeze }) => [number, freeze]));
  return places.map((_, index) => byNumber.get(index + 1) ?? null);
}

/**
 * Freezes a merge: nothing of it is published until somebody says that it may go on. Gives the id of the decision; `null`: it was frozen already.
 * Follow it with `insertEvents` of `merge:frozen`, last in the transaction.
 */
export async function freezeMerge(
  tx: Transaction<LedgerDatabase>,
  freeze: AssetPlace & { readonly by: string; readonly reason: string; readonly details?: Json },
): Promise<string | null> {
  return switchFreeze(tx, { ...freeze, kind: "freeze" });
}

/** Lets a frozen merge publish again. `null`: it was not frozen. */
export async function unfreezeMerge(
  tx: Transaction<LedgerDatabase>,
  freeze: AssetPlace & { readonly by: string; readonly reason: string },
): Promise<string | null> {
  return switchFreeze(tx, { ...freeze, kind: "unfreeze" });
}

async function switchFreeze(
  tx: Transaction<LedgerDatabase>,
  decision: NewDecision & { readonly kind: "freeze" | "unfreeze" },
): Promise<string | null> {
  await lockDecisions(tx, decision);
  const [inForce] = await readFreezes(tx, [decision]);
  const isFrozen = inForce !== null && inForce !== undefined;
  return isFrozen === (decision.kind === "freeze") ? null : insertDecision(tx, decision);
}
