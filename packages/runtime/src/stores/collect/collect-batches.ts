import { internalSchema as s } from "../catalog/names.ts";
import { readCut, standingsOf } from "../merge/catalog/cuts.ts";
import { contributionTableBareName } from "../merge/contribution-table.ts";
import type { Collected } from "../port/merge-records.ts";
import { numberOf, textOf, type SqlRow } from "../sql-session.ts";
import type { Collecting } from "./collecting.ts";

/**
 * Removes batches that no cut of a kept version counts or holds, with their contributions and the cuts of removed versions. A batch that came to its end within the
 * kept versions stays: only what was superseded, revoked or rejected in the oldest of them already is forgotten (M14).
 */
export async function collectBatches(
  { session, asset: { assetId }, isDryRun }: Collecting,
  removed: readonly number[],
): Promise<Pick<Collected, "batches" | "contributions">> {
  const tables = await session.run(
    "select table_name from information_schema.tables where table_schema = $1 and table_name in ('merge_batch', 'merge_derived')",
    [s],
  );
  if (tables.length < 2) return { batches: 0, contributions: 0 };
  const batches = await session.run(
    `select number, partition, schema_id, batch_id, base_batch_id from ${s}.merge_batch where asset_id = $1::integer and staged_by is null`,
    [assetId],
  );
  const cuts = await session.run(
    `select * from ${s}.merge_cut where asset_id = $1::integer and version is not null and version not in (select unnest($2::integer[])) order by version`,
    [assetId, removed],
  );
  const doomed = findDoomed(batches, cuts);
  const stored = [...doomed.map(readPlace), ...(await listDerivedPlaces(session, assetId, doomed))];
  let contributions = 0;
  for (const [schemaId, places] of Map.groupBy(stored, (place) => place.schemaId)) {
    const rows = `from ${s}."${contributionTableBareName(assetId, schemaId)}" where _batch in (${places.map((place) => place.number).join(", ")})`;
    const [counted] = await session.run(`select count(*) as gone ${rows}`);
    contributions += counted === undefined ? 0 : numberOf(counted, "gone");
    if (!isDryRun) await session.run(`delete ${rows}`);
  }
  if (!isDryRun) {
    const numbers = doomed.map((row) => numberOf(row, "number"));
    for (const table of ["merge_batch", "merge_derived"])
      await session.run(
        `delete from ${s}.${table} where asset_id = $1::integer and number in (select unnest($2::integer[]))`,
        [assetId, numbers],
      );
    await session.run(
      `delete from ${s}.merge_cut where asset_id = $1::integer and version in (select unnest($2::integer[]))`,
      [assetId, removed],
    );
  }
  return { batches: doomed.length, contributions };
}

/** Batches that nothing kept needs. `cuts` are those of kept versions, oldest first. */
function findDoomed(batches: readonly SqlRow[], cuts: readonly SqlRow[]): readonly SqlRow[] {
  const byPartition = Map.groupBy(cuts, (row) => textOf(row, "partition"));
  const isNeeded = new Map<string, (number: number) => boolean>();
  for (const [partition, rows] of byPartition) {
    const standings = rows.map((row) => standingsOf(readCut(row)));
    const [oldest] = standings;
    isNeeded.set(partition, (number) => {
      const known = standings.flatMap((of) => of.get(number) ?? []);
      const counts = known.some((standing) => standing === "live" || standing === "held");
      return counts || (known.length > 0 && oldest?.has(number) !== true);
    });
  }
  const kept = batches.filter((row) => isNeeded.get(textOf(row, "partition"))?.(numberOf(row, "number")) === true);
  // A snapshot is kept as the difference to another batch.
  const bases = new Set(kept.map((row) => row["base_batch_id"]));
  const isKept = new Set(kept);
  // A partition without a cut that is kept has none at all: its batches are from before cuts were kept.
  return batches.filter(
    (row) => !isKept.has(row) && !bases.has(textOf(row, "batch_id")) && byPartition.has(textOf(row, "partition")),
  );
}

interface Place {
  readonly number: number;
  readonly schemaId: string;
}

function readPlace(row: SqlRow): Place {
  return { number: numberOf(row, "number"), schemaId: textOf(row, "schema_id") };
}

/** What upcasters made of batches. */
async function listDerivedPlaces(
  session: Collecting["session"],
  assetId: number,
  batches: readonly SqlRow[],
): Promise<readonly Place[]> {
  const rows = await session.run(
    `select derived_number as number, schema_id from ${s}.merge_derived where asset_id = $1::integer and number in (select unnest($2::integer[]))`,
    [assetId, batches.map((row) => numberOf(row, "number"))],
  );
  return rows.map(readPlace);
}
