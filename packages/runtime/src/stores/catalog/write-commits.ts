import type { AssetKey } from "@watersmeet/core/values";
import type { HeadMove, NewVersion } from "../commit/decide-commits.ts";
import { numberOf, type SqlSession } from "../sql-session.ts";
import { internalSchema as s } from "./names.ts";
import type { CatalogAsset } from "./read-catalog.ts";

type Assets = ReadonlyMap<AssetKey, CatalogAsset>;

/** Ledger rows of new versions, with sequences that follow the greatest one: the caller is the only committer. */
export async function insertVersions(
  session: SqlSession,
  assets: Assets,
  { versions, committedAt }: { readonly versions: readonly NewVersion[]; readonly committedAt: string },
): Promise<void> {
  if (versions.length === 0) return;
  const [last] = await session.run(`select coalesce(max(sequence), 0) as sequence from ${s}.version`);
  const firstSequence = (last === undefined ? 0 : numberOf(last, "sequence")) + 1;
  const requests = versions.map(({ request }) => request);
  await session.run(
    `insert into ${s}.version (commit_id, sequence, asset_id, partition, version, environment, row_count, data_digest, size_bytes, quarantined_count, record, committed_at)
     select unnest($1::varchar[]), unnest($2::bigint[]), unnest($3::integer[]), unnest($4::varchar[]), unnest($5::integer[]), unnest($6::varchar[]), unnest($7::bigint[]), unnest($8::varchar[]), unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::varchar[]), $12::varchar::timestamptz`,
    [
      requests.map((request) => request.commitId),
      versions.map((_, index) => firstSequence + index),
      requests.map((request) => idOf(assets, request.staged.target.asset.key)),
      requests.map((request) => request.staged.target.partition),
      versions.map(({ version }) => version),
      requests.map((request) => request.environment),
      requests.map((request) => request.measurement.rowCount),
      requests.map((request) => request.measurement.dataDigest),
      requests.map((request) => request.measurement.sizeBytes),
      requests.map((request) => request.staged.quarantinedCount),
      requests.map((request) => JSON.stringify(request.record)),
      committedAt,
    ],
  );
  const next = Map.groupBy(versions, ({ request }) => request.staged.target.asset.key);
  const keys = [...next.keys()];
  await session.run(
    `update ${s}.asset set next_version = m.next from (select unnest($1::integer[]) as asset_id, unnest($2::integer[]) as next) m where asset.asset_id = m.asset_id`,
    [
      keys.map((key) => idOf(assets, key)),
      keys.map((key) => Math.max(...(next.get(key) ?? []).map(({ version }) => version)) + 1),
    ],
  );
}

/** Moves heads and logs the moves. The caller has compared them with what readers see, in the same transaction. */
export async function moveHeads(
  session: SqlSession,
  assets: Assets,
  { moves, movedAt }: { readonly moves: readonly HeadMove[]; readonly movedAt: string },
): Promise<void> {
  const changed = moves.filter((move) => move.from !== null);
  const added = moves.filter((move) => move.from === null);
  const columns = (some: readonly HeadMove[]) => [
    some.map((move) => move.environment),
    some.map((move) => idOf(assets, move.asset)),
    some.map((move) => move.partition),
    some.map((move) => move.to),
  ];
  const unnested =
    "unnest($1::varchar[]) as environment, unnest($2::integer[]) as asset_id, unnest($3::varchar[]) as partition, unnest($4::integer[]) as version";
  if (changed.length > 0) {
    await session.run(
      `update ${s}.head set version = m.version from (select ${unnested}) m where head.environment = m.environment and head.asset_id = m.asset_id and head.partition = m.partition`,
      columns(changed),
    );
  }
  if (added.length > 0) {
    await session.run(
      `insert into ${s}.head (environment, asset_id, partition, version) select ${unnested}`,
      columns(added),
    );
  }
  if (moves.length > 0) {
    await session.run(
      `insert into ${s}.move (environment, asset_id, partition, to_version, move_id, from_version, moved_at) select ${unnested}, unnest($5::varchar[]), unnest($6::integer[]), $7::varchar::timestamptz`,
      [...columns(moves), moves.map((move) => move.moveId), moves.map((move) => move.from), movedAt],
    );
  }
}

export function idOf(assets: Assets, key: AssetKey): number {
  const asset = assets.get(key);
  if (asset === undefined) throw new TypeError(`The asset ${key} is not in the store's catalog`);
  return asset.assetId;
}
