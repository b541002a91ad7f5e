import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../open-ledger.ts";

/** What the ledger knows to have happened to an asset. */
export type HistoryKind =
  | "version:committed"
  | "head:moved"
  | "batch:admitted"
  | "batch:superseded"
  | "batch:held"
  | "batch:rejected"
  | "batch:revoked"
  | "order:given"
  | "merge:frozen"
  | "merge:unfrozen";

/** One thing that happened, as it is recorded. */
export interface HistoryItem {
  /** Comparable as text: the order in which things were committed. */
  readonly sequence: string;
  readonly at: Date;
  readonly kind: HistoryKind;
  readonly partition: PartitionKey | null;
  readonly version: number | null;
  readonly by: string | null;
  readonly reason: string | null;
  readonly details: Readonly<Record<string, Json>>;
}

/**
 * A place in the history of an asset: the version, by its record; what belongs to it, by rank; and the order among those. A decision belongs to the newest version that
 * was recorded when it was given. No clock is asked: clocks of stores and of the ledger differ.
 */
export function renderSequence(materializationId: string, rank: HistoryRank, number: string): string {
  return `${materializationId.padStart(19, "0")}.${historyRanks.indexOf(rank)}.${number.padStart(19, "0")}`;
}

const historyRanks = ["epoch", "version", "batch", "carriedOut", "decision"] as const;

export type HistoryRank = (typeof historyRanks)[number];

/** @throws {USAGE_INVALID} */
function parseSequence(sequence: string): readonly [materialization: string, rank: number, number: string] {
  const [, materialization, rank, number] = /^(\d{19})\.(\d)\.(\d{19})$/.exec(sequence) ?? [];
  if (materialization !== undefined && rank !== undefined && number !== undefined) {
    return [materialization, Number(rank), number];
  }
  throw new WatersmeetError("USAGE_INVALID", `"${sequence}" is no sequence of an audit trail`, {
    hint: "Use the sequence of the last entry of the page before.",
  });
}

interface HistoryRow extends Omit<HistoryItem, "sequence"> {
  readonly m: string;
  readonly rank: number;
  readonly number: string;
}

/** Newest first, before a sequence or from the end. In all environments. */
export async function listHistory(
  db: LedgerDb,
  asset: AssetKey,
  page: { readonly limit: number; readonly before?: string | undefined },
): Promise<readonly HistoryItem[]> {
  const [m, rank, number] = page.before === undefined ? [null, null, null] : parseSequence(page.before);
  const { rows } = await sql<HistoryRow>`
    with oldest as (
      -- Every version is an entry of its own, so that no more versions than entries are looked at.
      select coalesce((
        select id from watersmeet.materialization where asset = ${asset} and (${m}::bigint is null or id <= ${m}::bigint)
        order by id desc offset ${page.limit} limit 1), 0) as id)
    select * from (
      select id as m, 1 as rank, 0::bigint as number, committed_at as at, 'version:committed' as kind, partition, version,
        requested_by as by, null::text as reason,
        jsonb_build_object('environment', environment, 'commitId', commit_id, 'runId', run_id::text, 'rowCount', row_count, 'dataDigest', data_digest,
          'codeVersion', code_version, 'traceId', trace_id, 'fates', facts #> '{merge,fates}', 'cutId', facts #> '{merge,cutId}') as details
      from watersmeet.materialization where asset = ${asset}
      union all
      select made.id, 2, batch.id * 2, made.committed_at,
        case outcome when 'held' then 'batch:held' when 'rejected' then 'batch:rejected' else 'batch:admitted' end,
        made.partition, made.version, made.requested_by, null,
        jsonb_build_object('branch', branch, 'batchId', batch_id, 'batchKey', batch_key, 'generation', generation, 'rowCount', batch.row_count)
      from watersmeet.materialization as made join watersmeet.batch on batch.materialization_id = made.id
      where made.asset = ${asset} and outcome not in ('duplicate', 'revoked') and ${isFirst}
      union all
      select made.id, 2, batch.id * 2 + 1, made.committed_at, 'batch:superseded', made.partition, made.version, made.requested_by, null,
        jsonb_build_object('branch', branch, 'batchKey', batch_key, 'generation', generation - 1, 'by', batch_id)
      from watersmeet.materialization as made join watersmeet.batch on batch.materialization_id = made.id
      where made.asset = ${asset} and outcome = 'superseding' and ${isFirst}
      union all
      select carried.id, 3, row_number() over (partition by carried.id order by given.decision_id, given.batch_id collate "C"), carried.committed_at,
        case given.kind when 'revoke' then 'batch:revoked' when 'admit' then 'batch:admitted' else 'batch:rejected' end,
        given.partition, carried.version, decision.given_by, decision.reason,
        jsonb_build_object('batchId', given.batch_id, 'decision', given.decision_id::text)
      from watersmeet.merge_order as given
      join watersmeet.decision on decision.id = given.decision_id
      cross join lateral (
        select id, version, committed_at from watersmeet.materialization as made
        where made.asset = given.asset and made.partition = given.partition and made.environment = given.environment
          and made.id > decision.after_materialization and made.input_fingerprints ? '~orders'
        order by id limit 1) as carried
      where given.asset = ${asset}
      union all
      select decision.after_materialization, 4, decision.id * 2, given_at,
        case kind when 'freeze' then 'merge:frozen' when 'unfreeze' then 'merge:unfrozen' else 'order:given' end,
        details ->> 'partition', null, given_by, reason,
        jsonb_build_object('decision', id::text, 'order', kind, 'environment', environment, 'batchIds', orders.batch_ids) || details
      from watersmeet.decision
      left join lateral (
        select jsonb_agg(batch_id order by batch_id collate "C") as batch_ids from watersmeet.merge_order where decision_id = decision.id) as orders on true
      where asset = ${asset}
      union all
      select decision.after_materialization, 4, decision.id * 2 + 1, moved_at, 'head:moved', partition, to_version, given_by, reason,
        jsonb_build_object('decision', decision.id::text, 'environment', decision.environment, 'from', from_version, 'to', to_version)
      from watersmeet.head_pin join watersmeet.decision on decision.id = head_pin.decision_id
      where head_pin.asset = ${asset} and moved_at is not null) as history (m, rank, number, at, kind, partition, version, by, reason, details)
    where m >= (select id from oldest)
      and (${m}::bigint is null or (m, rank, number) < (${m}::bigint, ${rank}::integer, ${number}::bigint))
    order by m desc, rank desc, number desc limit ${page.limit}`.execute(db);
  return rows.map(({ m: id, rank: at, number: position, ...item }) => ({
    ...item,
    sequence: renderSequence(id, historyRanks[at] ?? "decision", position),
  }));
}

/** A delivery that is repeated with every version is told once. */
const isFirst = sql`not exists (
  select from watersmeet.batch as other where other.batch_key = batch.batch_key and other.batch_id = batch.batch_id
    and other.outcome = batch.outcome and other.id < batch.id)`;

/** Of each instant: the first version of the asset that was committed then or later; `null`: none. */
export async function findVersionsSince(
  db: LedgerDb,
  asset: AssetKey,
  instants: readonly string[],
): Promise<readonly (string | null)[]> {
  if (instants.length === 0) return [];
  const { rows } = await sql<{ id: string | null }>`
    select (select min(id) from watersmeet.materialization where asset = ${asset} and committed_at >= wanted.at) as id
    from unnest(${[...instants]}::timestamptz[]) with ordinality as wanted (at, number) order by number`.execute(db);
  return rows.map((row) => row.id);
}
