import { internalSchema as s, tableNames } from "../catalog/names.ts";
import { renderLiteralVersions } from "../render-reading.ts";
import { numberOf } from "../sql-session.ts";
import { findStampedVersions, listStampedTables } from "../stamped/stamped-catalog.ts";
import type { Collecting } from "./collecting.ts";

/** Removes the rows that only the removed versions have, whatever the layout. Answers their number. */
export async function collectRows(collecting: Collecting, removed: readonly number[]): Promise<number> {
  const { asset, session } = collecting;
  const stamped = asset.isStamped ? await findStampedVersions(session, asset.assetId, removed) : [];
  const isStamped = new Set(stamped.map(({ version }) => version));
  const others = removed.filter((version) => !isStamped.has(version));
  const rows = asset.isPartitioned
    ? await collectPartitions(collecting, others)
    : await collectTables(collecting, others);
  return rows + (asset.isStamped ? await collectStamped(collecting, [...isStamped]) : 0);
}

/** Versions that are not readers' have their rows in `hist`. */
async function collectPartitions(
  { session, asset, isDryRun }: Collecting,
  removed: readonly number[],
): Promise<number> {
  if (removed.length === 0) return 0;
  const rows = `from ${tableNames.hist(asset.assetId)} where ${renderLiteralVersions(removed)}`;
  if (!isDryRun) return await session.change(`delete ${rows}`);
  const [counted] = await session.run(`select count(*) as gone ${rows}`);
  return counted === undefined ? 0 : numberOf(counted, "gone");
}

/** Each version has a table. */
async function collectTables({ session, asset, isDryRun }: Collecting, removed: readonly number[]): Promise<number> {
  let rows = 0;
  for (const version of removed) {
    const table = tableNames.version(asset.assetId, version);
    const [counted] = await session.run(`select count(*) as gone from ${table}`);
    rows += counted === undefined ? 0 : numberOf(counted, "gone");
    if (!isDryRun) await session.run(`drop table ${table}`);
  }
  return rows;
}

/** A row goes when no version that is left has it; a strand goes with its last version. */
async function collectStamped(collecting: Collecting, removed: readonly number[]): Promise<number> {
  const { session, asset, isDryRun } = collecting;
  const kept = await session.run(
    `select st.strand, st.table_number, sv.version from ${s}.stamped_strand st
     left join ${s}.stamped_version sv on sv.asset_id = st.asset_id and sv.strand = st.strand and sv.version not in (select unnest($2::integer[]))
     where st.asset_id = $1::integer`,
    [asset.assetId, removed],
  );
  let rows = 0;
  for (const { number } of await listStampedTables(session, asset.assetId)) {
    const inTable = kept.filter((row) => numberOf(row, "table_number") === number);
    const versions = inTable.filter((row) => row["version"] !== null);
    const pairs = versions.map((row) => ({ strand: numberOf(row, "strand"), version: numberOf(row, "version") }));
    rows += await collectTable(collecting, { number, pairs, hadVersions: inTable.length > 0 });
  }
  if (isDryRun || removed.length === 0) return rows;
  const ids = [asset.assetId, removed];
  await session.run(
    `delete from ${s}.stamped_version where asset_id = $1::integer and version in (select unnest($2::integer[]))`,
    ids,
  );
  await session.run(
    `delete from ${s}.stamped_strand where asset_id = $1::integer and strand not in (select strand from ${s}.stamped_version where asset_id = $1::integer)`,
    [asset.assetId],
  );
  return rows;
}

interface StampedPart {
  readonly number: number;
  /** Versions that are kept, and their strands. */
  readonly pairs: readonly { readonly strand: number; readonly version: number }[];
  readonly hadVersions: boolean;
}

async function collectTable(collecting: Collecting, { number, pairs, hadVersions }: StampedPart): Promise<number> {
  const { session, asset, isDryRun } = collecting;
  if (!hadVersions) return 0;
  const table = tableNames.stamped(asset.assetId, number);
  // Without partitions, a table has one strand: it goes as a whole, or stays.
  if (pairs.length === 0 && !asset.isPartitioned) {
    const [all] = await session.run(`select count(*) as gone from ${table}`);
    if (!isDryRun) {
      await session.run(`drop table ${table}`);
      await session.run(`delete from ${s}.stamped_table where asset_id = $1::integer and number = $2::integer`, [
        asset.assetId,
        number,
      ]);
    }
    return all === undefined ? 0 : numberOf(all, "gone");
  }
  const [strand, same] = asset.isPartitioned ? ["_strand, ", "k.strand = d._strand and "] : ["", ""];
  const dead = `select distinct ${strand}_from, _to from ${table} as d where not exists (select 1 from (select unnest($1::integer[]) as strand, unnest($2::integer[]) as version) as k where ${same}k.version >= d._from and k.version < d._to)`;
  const matches = [...(asset.isPartitioned ? ["t._strand = g._strand"] : []), "t._from = g._from", "t._to = g._to"];
  const rows = `from ${table} as t where exists (select 1 from (${dead}) as g where ${matches.join(" and ")})`;
  const parameters = [pairs.map(({ strand: of }) => of), pairs.map(({ version }) => version)];
  if (!isDryRun) return await session.change(`delete ${rows}`, parameters);
  const [counted] = await session.run(`select count(*) as gone ${rows}`, parameters);
  return counted === undefined ? 0 : numberOf(counted, "gone");
}
