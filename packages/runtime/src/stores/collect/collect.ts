import { internalSchema as s } from "../catalog/names.ts";
import { findAssets } from "../catalog/read-catalog.ts";
import type { Dialect } from "../dialect.ts";
import type { Collected, CollectOptions } from "../port/merge-records.ts";
import { numberOf, type SqlSession } from "../sql-session.ts";
import { serveStamped } from "../stamped/serve-stamped.ts";
import { collectBatches } from "./collect-batches.ts";
import { collectRows } from "./collect-rows.ts";
import type { Collecting } from "./collecting.ts";

/**
 * Removes versions that nobody asked to keep and no head needs, with the rows, batches and contributions that only they had. The latest version of a partition stays
 * in any case: the next one is told by it. What is kept reads the same afterwards.
 */
export async function collect(
  session: SqlSession,
  dialect: Dialect,
  { asset: { key, schema }, keepVersions, dryRun: isDryRun, settle }: CollectOptions,
): Promise<Collected> {
  const asset = (await findAssets(session, [key])).get(key);
  if (asset === undefined) return { versions: 0, rows: 0, batches: 0, contributions: 0 };
  const collecting: Collecting = { session, dialect, asset, schema, isDryRun, settle };
  const removed = await listRemoved(collecting, keepVersions);
  const rows = await collectRows(collecting, removed);
  const merged = await collectBatches(collecting, removed);
  if (!isDryRun && removed.length > 0) {
    for (const table of ["version", "quarantine"])
      await session.run(
        `delete from ${s}.${table} where asset_id = $1::integer and version in (select unnest($2::integer[]))`,
        [asset.assetId, removed],
      );
    if (asset.isStamped) await serveStamped(session, dialect, asset);
  }
  return { versions: removed.length, rows, ...merged };
}

async function listRemoved(
  { session, asset }: Collecting,
  keepVersions: readonly number[],
): Promise<readonly number[]> {
  const rows = await session.run(
    `select v.version from ${s}.version v
     where v.asset_id = $1::integer and v.version not in (select unnest($2::integer[]))
       and not exists (select 1 from ${s}.head h where h.asset_id = v.asset_id and h.version = v.version)
       and v.version < (select max(o.version) from ${s}.version o where o.asset_id = v.asset_id and o.partition = v.partition)
     order by v.version`,
    [asset.assetId, keepVersions],
  );
  return rows.map((row) => numberOf(row, "version"));
}
