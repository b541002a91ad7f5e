import { internalSchema as s } from "../catalog/names.ts";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import type { RowPlace } from "../render-reading.ts";
import { numberOf, type SqlSession } from "../sql-session.ts";
import { rowsOf, type StampedVersion } from "./stamped-catalog.ts";
import { openEnd, renderInVersion } from "./stamped-table.ts";

/** More versions than this are looked up in a list that is joined, not written as conditions. */
const maxConditions = 64;

/** Where the rows of stamped versions stand: one place per table. */
export async function placeStamped(
  session: SqlSession,
  asset: CatalogAsset,
  versions: readonly StampedVersion[],
): Promise<readonly RowPlace[]> {
  const places: RowPlace[] = [];
  for (const [number, group] of Map.groupBy(versions, ({ table }) => table.number)) {
    const [first] = group;
    if (first === undefined) continue;
    const { table } = rowsOf(asset, { strand: first.strand, table: number });
    const columns = new Set(first.table.schema.columns.map(({ name }) => name.toLowerCase()));
    const fields = new Map(first.table.schema.columns.map(({ name, field = name }) => [field, name]));
    if (!asset.isPartitioned) {
      for (const { isTip, version } of group)
        places.push({ table, columns, fields, condition: renderInVersion({ strand: null }, { version, isTip }) });
      continue;
    }
    for (const condition of await renderConditions(session, asset, { number, group }))
      places.push({ table, columns, fields, condition });
  }
  return places;
}

/** No row is in two of the conditions: each has strands of its own, and of a strand each version is asked for by itself. */
async function renderConditions(
  session: SqlSession,
  asset: CatalogAsset,
  { number, group }: { readonly number: number; readonly group: readonly StampedVersion[] },
): Promise<readonly string[]> {
  const tips = group.filter(({ isTip }) => isTip);
  const earlier = group.filter(({ isTip }) => !isTip);
  const [count] = await session.run(
    `select count(*) as strands from ${s}.stamped_strand where asset_id = $1::integer and table_number = $2::integer`,
    [asset.assetId, number],
  );
  // All that readers see: the reading costs what a plain table costs.
  const areAll = count !== undefined && numberOf(count, "strands") === tips.length;
  return [
    ...(tips.length === 0 ? [] : [areAll ? `_to = ${openEnd}` : `_to = ${openEnd} and ${renderStrands(tips)}`]),
    ...renderEarlier(earlier),
  ];
}

function renderStrands(versions: readonly StampedVersion[]): string {
  const strands = versions.map(({ strand }) => strand).join(", ");
  return versions.length > maxConditions ? `_strand in (select unnest(array[${strands}]))` : `_strand in (${strands})`;
}

function renderEarlier(versions: readonly StampedVersion[]): readonly string[] {
  if (versions.length === 0) return [];
  const strands = new Set(versions.map(({ strand }) => strand));
  const areApart = strands.size === versions.length;
  const conditions = versions.map(({ strand, version }) => renderInVersion({ strand }, { version, isTip: false }));
  if (!areApart) return conditions;
  if (versions.length <= maxConditions) return [conditions.map((condition) => `(${condition})`).join(" or ")];
  const list = `select unnest(array[${versions.map(({ strand }) => strand).join(", ")}]) as strand, unnest(array[${versions.map(({ version }) => version).join(", ")}]) as version`;
  return [
    `exists (select 1 from (${list}) pinned where pinned.strand = _strand and _from <= pinned.version and _to > pinned.version)`,
  ];
}
