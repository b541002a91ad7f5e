import { rowRules, settledBefore, type MergePolicy } from "@watersmeet/core/merge";
import { internalSchema as s } from "../catalog/names.ts";
import type { CatalogBatch } from "../merge/catalog/batches.ts";
import { listDerived } from "../merge/catalog/derived.ts";
import { qualifyContributions, schemaIdOf } from "../merge/contribution-table.ts";
import { numberOf } from "../sql-session.ts";
import type { Collecting, KeptPartition } from "./collecting.ts";
import { renderSettled, type Settling } from "./render-settled.ts";

/**
 * Removes contributions that can change nothing any more from batches that stay, and answers how many (M14): what lies before the time from which branches may
 * still deliver, and has lost to a later contribution of its own source, is hidden by a delete or retract, or is one that has nothing left to hide.
 *
 * Only batches that every kept cut counts, and that nothing will take the place of, settle anything: those of sources that emit changes. They cannot be taken
 * back afterwards. Keys of which another batch says something in that time stay as they are.
 */
export async function settleContributions(collecting: Collecting, kept: KeptPartition): Promise<number> {
  const settling = await findSettling(collecting, kept);
  if (settling === null) return 0;
  const { session, isDryRun } = collecting;
  const removed = `select _row, _batch from (${renderSettled(collecting.dialect, settling)}) as settled`;
  const counts = (
    await session.run(`select _batch, count(*) as gone from (${removed}) as counted group by _batch order by _batch`)
  ).map((row) => ({ number: numberOf(row, "_batch"), gone: numberOf(row, "gone") }));
  const total = counts.reduce((sum, { gone }) => sum + gone, 0);
  if (isDryRun || total === 0) return total;
  await session.run(
    `delete from ${settling.table} where ${collecting.dialect.rowId} in (select _row from (${removed}) as gone)`,
  );
  await markSettled(collecting, settling, counts);
  return total;
}

async function findSettling(
  { session, asset: { assetId }, schema, settle }: Collecting,
  { batches, cuts }: KeptPartition,
): Promise<Settling | null> {
  if (settle === undefined || !isSettleable(settle.policy)) return null;
  const { keepMs, policy } = settle;
  const revoked = new Set(settle.revoked);
  const values = cuts.map(({ cut }) => cut);
  const known = values.filter((cut) => cut !== null);
  const before =
    known.length < values.length ? null : settledBefore(known, { keepMs, toleranceUs: policy.toleranceUs ?? 0 });
  if (before === null) return null;
  // Rows of an earlier form are read through functions of the author's: they stay as they were written.
  const schemaId = schemaIdOf(schema);
  const derived = new Set((await listDerived(session, assetId)).map(({ number }) => number));
  if (batches.some((batch) => batch.schemaId !== schemaId || derived.has(batch.number))) return null;
  const live = cuts.map((cut) => new Set(cut.live));
  const isSettling = ({ batchId, emits, eventTimes, isStaged, number, part }: KeptPartition["batches"][number]) =>
    !revoked.has(batchId) &&
    !isStaged &&
    emits === "changes" &&
    part === "main" &&
    eventTimes !== null &&
    live.every((of) => of.has(number));
  const settling = batches.filter(isSettling);
  if (!settling.some((batch) => speaksBefore(batch, before))) return null;
  const others = batches.filter((batch) => !isSettling(batch));
  return { table: qualifyContributions(assetId, schemaId), schema, policy, before, batches: settling, others };
}

/** Undated rows are before every time, and of a policy that takes whole rows every survivor may be one. */
function isSettleable({ eventTime, rows }: MergePolicy): boolean {
  return eventTime !== null && rowRules[rows].isByCell;
}

function speaksBefore({ eventTimes }: CatalogBatch, before: bigint): boolean {
  return eventTimes !== null && eventTimes.least < before;
}

async function markSettled(
  { session, asset: { assetId } }: Collecting,
  { batches, before }: Settling,
  counts: readonly { readonly number: number; readonly gone: number }[],
): Promise<void> {
  const goneOf = new Map(counts.map(({ gone, number }) => [number, gone]));
  const marked = batches.filter((batch) => speaksBefore(batch, before));
  await session.run(
    `update ${s}.merge_batch set settled_count = coalesce(settled_count, 0) + c.gone, settled_before = greatest(coalesce(settled_before, $4::bigint), $4::bigint)
     from (select unnest($2::integer[]) as number, unnest($3::bigint[]) as gone) as c where merge_batch.asset_id = $1::integer and merge_batch.number = c.number`,
    [assetId, marked.map(({ number }) => number), marked.map(({ number }) => goneOf.get(number) ?? 0), before],
  );
}
