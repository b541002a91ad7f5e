import type { MergeOrder } from "@watersmeet/core/merge";
import { fingerprintOrders } from "@watersmeet/core/plan";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "./database.ts";
import type { AssetPlace, PartitionPlace } from "./decisions.ts";
import type { LedgerDb } from "./open-ledger.ts";

/** Decisions about the batches of one partition of a merge. */
export interface GivenOrders {
  /** Part of the commit id of what is made with them. */
  readonly fingerprint: string;
  /** By batch id, then kind. */
  readonly orders: readonly MergeOrder[];
}

/**
 * All orders that were ever given for each partition, in the order of `places`; `null` where there are none. What was decided in an environment holds in those
 * below it. One statement, by index.
 */
export async function readOrders(
  db: LedgerDb,
  places: readonly PartitionPlace[],
): Promise<readonly (GivenOrders | null)[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<OrderRow & { readonly number: number }>`
    with recursive wanted as (
      select * from unnest(
        ${places.map((place) => place.environment)}::text[],
        ${places.map((place) => place.asset)}::text[],
        ${places.map((place) => place.partition)}::text[]) with ordinality as wanted (environment, asset, partition, number)),
    chain as (
      select distinct environment as root, environment as name from wanted
      union
      select chain.root, environment.parent from chain
      join watersmeet.environment on environment.name = chain.name where environment.parent is not null)
    select wanted.number::integer as number, given.batch_id, given.kind, given.overrides_closed
    from wanted
    join chain on chain.root = wanted.environment
    join watersmeet.merge_order as given
      on given.environment = chain.name and given.asset = wanted.asset and given.partition = wanted.partition
    group by wanted.number, given.batch_id, given.kind, given.overrides_closed
    order by wanted.number, given.batch_id collate "C", given.kind collate "C", given.overrides_closed`.execute(db);
  const byNumber = Map.groupBy(rows, (row) => row.number);
  return places.map((_, index) => toGiven(byNumber.get(index + 1) ?? []));
}

interface OrderRow {
  readonly batch_id: string;
  readonly kind: MergeOrder["kind"];
  readonly overrides_closed: boolean;
}

function toGiven(rows: readonly OrderRow[]): GivenOrders | null {
  const orders = rows.map(({ kind, batch_id, overrides_closed }): MergeOrder => ({
    kind,
    batchId: batch_id,
    ...(overrides_closed ? { overridesClosed: true } : {}),
  }));
  const fingerprint = fingerprintOrders(orders);
  return fingerprint === null ? null : { fingerprint, orders };
}

/** An order and the partition whose batch it is about. */
export type PlacedOrder = MergeOrder & { readonly partition: PartitionKey };

/** Those of the orders that were not given before. The caller holds `lockDecisions` of the asset. */
export async function findNewOrders(
  tx: Transaction<LedgerDatabase>,
  { environment, asset }: AssetPlace,
  orders: readonly PlacedOrder[],
): Promise<readonly PlacedOrder[]> {
  const { rows } = await sql<{ number: number }>`
    select wanted.number::integer as number
    from unnest(
      ${orders.map((order) => order.partition)}::text[],
      ${orders.map((order) => order.batchId)}::text[],
      ${orders.map((order) => order.kind)}::text[],
      ${orders.map((order) => order.overridesClosed === true)}::boolean[])
      with ordinality as wanted (partition, batch_id, kind, overrides_closed, number)
    where not exists (
      select from watersmeet.merge_order as given
      where given.environment = ${environment} and given.asset = ${asset} and given.partition = wanted.partition
        and given.batch_id = wanted.batch_id and given.kind = wanted.kind and given.overrides_closed = wanted.overrides_closed)
    order by number`.execute(tx);
  return rows.flatMap(({ number }) => orders[number - 1] ?? []);
}

/** The last decision that gave any of the orders; `undefined` when none was given. */
export async function findDecisionOf(
  tx: Transaction<LedgerDatabase>,
  { environment, asset }: AssetPlace,
  orders: readonly PlacedOrder[],
): Promise<string | undefined> {
  const { rows } = await sql<{ id: string | null }>`
    select max(given.decision_id) as id
    from unnest(
      ${orders.map((order) => order.partition)}::text[],
      ${orders.map((order) => order.batchId)}::text[],
      ${orders.map((order) => order.kind)}::text[]) as wanted (partition, batch_id, kind)
    join watersmeet.merge_order as given
      on given.environment = ${environment} and given.asset = ${asset} and given.partition = wanted.partition
        and given.batch_id = wanted.batch_id and given.kind = wanted.kind`.execute(tx);
  return rows[0]?.id ?? undefined;
}

/** Partitions that a decision gave orders for. */
export async function findOrderedPartitions(
  tx: Transaction<LedgerDatabase>,
  decisionId: string,
): Promise<readonly PartitionKey[]> {
  const { rows } = await sql<{ partition: PartitionKey }>`
    select distinct partition from watersmeet.merge_order where decision_id = ${decisionId} order by partition`.execute(
    tx,
  );
  return rows.map(({ partition }) => partition);
}

/** Records what a decision says of batches. */
export async function insertOrders(
  tx: Transaction<LedgerDatabase>,
  { environment, asset }: AssetPlace,
  decided: { readonly decisionId: string; readonly orders: readonly PlacedOrder[] },
): Promise<void> {
  const rows = decided.orders.map((order) => ({
    decision_id: decided.decisionId,
    environment,
    asset,
    partition: order.partition,
    batch_id: order.batchId,
    kind: order.kind,
    overrides_closed: order.overridesClosed === true,
  }));
  if (rows.length > 0) await tx.insertInto("merge_order").values(rows).execute();
}

/** Orders that were given for an asset, or one of its partitions, after the version that readers see was recorded; newest first. */
export async function listOrdersSinceHead(
  db: LedgerDb,
  about: AssetPlace & { readonly partition: PartitionKey | null; readonly limit: number },
): Promise<
  readonly {
    readonly count: number;
    readonly kind: MergeOrder["kind"];
    readonly by: string;
    readonly reason: string;
    readonly at: Date;
  }[]
> {
  const { rows } = await sql<Awaited<ReturnType<typeof listOrdersSinceHead>>[number]>`
    select count(*)::integer as count, given.kind, decision.given_by as by, decision.reason, decision.given_at as at
    from watersmeet.merge_order as given
    join watersmeet.decision on decision.id = given.decision_id
    left join watersmeet.head on head.environment = given.environment and head.asset = given.asset and head.partition = given.partition
    where given.environment = ${about.environment} and given.asset = ${about.asset}
      and (${about.partition}::text is null or given.partition = ${about.partition})
      and decision.after_materialization >= coalesce(head.materialization_id, 0)
    group by decision.id, given.kind order by decision.id desc limit ${about.limit}`.execute(db);
  return rows;
}

/** Fingerprints of the orders that hold in an environment, for the planner. Of some assets, or of all. */
export const orderRowsSql = `
  with recursive chain as (
    select $1::text as name, (select parent from watersmeet.environment where name = $1) as parent
    union
    select environment.name, environment.parent
    from chain join watersmeet.environment on environment.name = chain.parent)
  select given.asset, given.partition, given.batch_id, given.kind, given.overrides_closed
  from chain join watersmeet.merge_order as given on given.environment = chain.name
  where $2::text[] is null or given.asset = any($2)`;

/** A row of `orderRowsSql`. */
export type PlacedOrderRow = OrderRow & { readonly asset: AssetKey; readonly partition: PartitionKey };

/** By asset and partition. */
export function fingerprintPlacedOrders(
  rows: readonly PlacedOrderRow[],
): ReadonlyMap<AssetKey, ReadonlyMap<PartitionKey, string>> {
  const byAsset = new Map<AssetKey, Map<PartitionKey, string>>();
  for (const [asset, ofAsset] of Map.groupBy(rows, (row) => row.asset)) {
    const byPartition = new Map<PartitionKey, string>();
    for (const [partition, some] of Map.groupBy(ofAsset, (row) => row.partition)) {
      const given = toGiven(some);
      if (given !== null) byPartition.set(partition, given.fingerprint);
    }
    byAsset.set(asset, byPartition);
  }
  return byAsset;
}
