import { internalSchema as s } from "../catalog/names.ts";
import { readBatch, renderBatchColumns, type CatalogBatch } from "../merge/catalog/batches.ts";
import { readCut, standingsOf } from "../merge/catalog/cuts.ts";
import { addMergeColumns } from "../merge/catalog/merge-tables.ts";
import { qualifyContributions } from "../merge/contribution-table.ts";
import type { Collected } from "../port/merge-records.ts";
import { numberOf, textOf } from "../sql-session.ts";
import type { Collecting, KeptPartition } from "./collecting.ts";
import { forgetBatches } from "./forget-batches.ts";
import { settleContributions } from "./settle-contributions.ts";

/**
 * Removes batches that no cut of a kept version counts or holds, with their contributions and the cuts of removed versions. A batch that came to its end within the
 * kept versions stays: only what was superseded, revoked or rejected in the oldest of them already is forgotten (M14). Of the batches that stay, what is settled goes.
 */
export async function collectBatches(
  collecting: Collecting,
  removed: readonly number[],
): Promise<Pick<Collected, "batches" | "contributions">> {
  const { session, isDryRun } = collecting;
  const tables = await session.run(
    "select table_name from information_schema.tables where table_schema = $1 and table_name in ('merge_batch', 'merge_derived')",
    [s],
  );
  if (tables.length < 2) return { batches: 0, contributions: 0 };
  await addMergeColumns(session);
  let [forgotten, contributions] = [0, 0];
  for (const kept of await listPartitions(collecting, removed)) {
    const doomed = findDoomed(kept);
    contributions += await removeContributions(collecting, doomed);
    const isGone = new Set(doomed);
    const left = { ...kept, batches: kept.batches.filter((batch) => !isGone.has(batch)) };
    contributions += await settleContributions(collecting, left);
    if (!isDryRun) await forgetBatches(collecting, { ...kept, doomed });
    forgotten += doomed.length;
  }
  if (!isDryRun)
    await session.run(
      `delete from ${s}.merge_cut where asset_id = $1::integer and version in (select unnest($2::integer[]))`,
      [collecting.asset.assetId, removed],
    );
  return { batches: forgotten, contributions };
}

/** Those that have a cut that is kept: the batches of others are from before cuts were kept. */
async function listPartitions(
  { session, dialect, asset: { assetId } }: Collecting,
  removed: readonly number[],
): Promise<readonly KeptPartition[]> {
  const batches = await session.run(
    `select ${renderBatchColumns(dialect, "b")} from ${s}.merge_batch b where asset_id = $1::integer order by number`,
    [assetId],
  );
  const cuts = await session.run(
    `select * from ${s}.merge_cut where asset_id = $1::integer and version is not null and version not in (select unnest($2::integer[])) order by version`,
    [assetId, removed],
  );
  const byPartition = Map.groupBy(batches, (row) => textOf(row, "partition"));
  return [...Map.groupBy(cuts, (row) => textOf(row, "partition"))].map(([partition, rows]) => ({
    partition,
    cuts: rows.map(readCut),
    batches: (byPartition.get(partition) ?? []).map((row) => ({
      ...readBatch(row),
      isStaged: row["staged_by"] !== null && row["staged_by"] !== undefined,
    })),
  }));
}

/** Batches that nothing kept needs. */
function findDoomed({ batches, cuts }: KeptPartition): readonly CatalogBatch[] {
  const standings = cuts.map(standingsOf);
  const [oldest] = standings;
  const isNeeded = (number: number): boolean => {
    const known = standings.flatMap((of) => of.get(number) ?? []);
    const counts = known.some((standing) => standing === "live" || standing === "held");
    return counts || (known.length > 0 && oldest?.has(number) !== true);
  };
  const kept = batches.filter(({ isStaged, number }) => isStaged || isNeeded(number));
  // A snapshot is kept as the difference to another batch.
  const bases = new Set(kept.map(({ baseBatchId }) => baseBatchId));
  const isKept = new Set(kept);
  return batches.filter((batch) => !isKept.has(batch) && !bases.has(batch.batchId));
}

async function removeContributions(
  { session, asset: { assetId }, isDryRun }: Collecting,
  doomed: readonly CatalogBatch[],
): Promise<number> {
  const derived = await session.run(
    `select derived_number as number, schema_id from ${s}.merge_derived where asset_id = $1::integer and number in (select unnest($2::integer[]))`,
    [assetId, doomed.map(({ number }) => number)],
  );
  const places = [
    ...doomed.map(({ number, schemaId }) => ({ number, schemaId })),
    ...derived.map((row) => ({ number: numberOf(row, "number"), schemaId: textOf(row, "schema_id") })),
  ];
  let contributions = 0;
  for (const [schemaId, some] of Map.groupBy(places, (place) => place.schemaId)) {
    const rows = `from ${qualifyContributions(assetId, schemaId)} where _batch in (${some.map(({ number }) => number).join(", ")})`;
    const [counted] = await session.run(`select count(*) as gone ${rows}`);
    contributions += counted === undefined ? 0 : numberOf(counted, "gone");
    if (!isDryRun) await session.run(`delete ${rows}`);
  }
  return contributions;
}
