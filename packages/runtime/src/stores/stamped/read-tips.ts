import type { AssetKey } from "@watersmeet/core/values";
import { internalSchema as s } from "../catalog/names.ts";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import { numberOf, textOf, type SqlSession } from "../sql-session.ts";
import type { CommitRequest } from "../store.ts";

/** The latest version of each partition, by `tipKey`. */
export type StampedTips = ReadonlyMap<string, { readonly strand: number; readonly version: number }>;

export function tipKey(asset: AssetKey, partition: string): string {
  return JSON.stringify([asset, partition]);
}

/** The tips that a transaction's requests build on, as they are within it. */
export async function readTips(
  session: SqlSession,
  assets: ReadonlyMap<AssetKey, CatalogAsset>,
  requests: readonly CommitRequest[],
): Promise<StampedTips> {
  const stamped = new Map(
    [...assets.values()].flatMap((asset) => (asset.isStamped ? [[asset.assetId, asset.key] as const] : [])),
  );
  const wanted = requests.flatMap(({ staged: { target } }) => {
    const asset = assets.get(target.asset.key);
    return asset?.isStamped === true ? [{ assetId: asset.assetId, partition: target.partition }] : [];
  });
  if (wanted.length === 0) return new Map();
  const rows = await session.run(
    `select st.asset_id, st.partition, st.strand, st.tip from ${s}.stamped_strand st join (select unnest($1::integer[]) as asset_id, unnest($2::varchar[]) as partition) w on w.asset_id = st.asset_id and w.partition = st.partition order by st.strand`,
    [wanted.map(({ assetId }) => assetId), wanted.map(({ partition }) => partition)],
  );
  // Of a partition's strands the last one counts.
  return new Map(
    rows.flatMap((row) => {
      const key = stamped.get(numberOf(row, "asset_id"));
      const tip = { strand: numberOf(row, "strand"), version: numberOf(row, "tip") };
      return key === undefined ? [] : [[tipKey(key, textOf(row, "partition")), tip] as const];
    }),
  );
}
