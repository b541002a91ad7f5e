import type { AssetKey } from "@watersmeet/core/values";
import { moveRows } from "../catalog/move-rows.ts";
import { internalSchema, tableNames } from "../catalog/names.ts";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import { idOf } from "../catalog/write-commits.ts";
import { createSmall, insertSmall, listSmall } from "../small/insert-small.ts";
import type { SqlSession } from "../sql-session.ts";
import { publishStamped } from "../stamped/publish-stamped.ts";
import { serveStamped } from "../stamped/serve-stamped.ts";
import { findStampedVersions } from "../stamped/stamped-catalog.ts";
import type { CommitRequest } from "../store.ts";
import type { CommitContext, Staging } from "./commit-context.ts";
import { goneError } from "./commit-errors.ts";
import type { HeadMove, NewVersion } from "./decide-commits.ts";

/** What a transaction has decided to do, and the rows that it needs for it. */
export interface Applied {
  readonly assets: ReadonlyMap<AssetKey, CatalogAsset>;
  readonly stagings: ReadonlyMap<string, Staging>;
  readonly versions: readonly NewVersion[];
}

/** Puts rows where new and moved heads need them. Set-wise: the number of statements does not depend on the number of partitions. */
export async function applyRows(
  session: SqlSession,
  context: CommitContext,
  applied: Applied & { readonly moves: readonly HeadMove[]; readonly liveEnvironment: string },
): Promise<void> {
  for (const asset of applied.assets.values()) {
    const moving: Moving = {
      applied,
      asset,
      versions: applied.versions.filter(({ request }) => request.staged.target.asset.key === asset.key),
      served: applied.moves.filter((move) => move.asset === asset.key && move.environment === applied.liveEnvironment),
      liveEnvironment: applied.liveEnvironment,
    };
    if (asset.isStamped) await applyStamped(session, context, moving);
    else if (asset.isPartitioned) await applyPartitions(session, context, moving);
    else await applyTables(session, context, moving);
  }
}

interface Moving {
  readonly applied: Applied;
  readonly asset: CatalogAsset;
  readonly versions: readonly NewVersion[];
  /** Moves of heads that readers see. */
  readonly served: readonly HeadMove[];
  readonly liveEnvironment: string;
}

/** Heads are pointers: only rows that a new version has or has not any more are written. */
async function applyStamped(
  session: SqlSession,
  { dialect }: CommitContext,
  { applied, asset, versions, served }: Moving,
): Promise<void> {
  const publications = versions.flatMap(({ request, version }) => {
    const { rows, stamped } = stagingOf(applied, request);
    const { partition } = request.staged.target;
    const rowChecks = request.rowChecks ?? null;
    return stamped === null ? [] : [{ version, partition, rows, staging: stamped, rowChecks }];
  });
  await publishStamped(session, dialect, { asset, publications });
  if (asset.isPartitioned) await moveEarlierRows(session, asset, served);
  await serveStamped(session, dialect, asset);
}

/** Versions from before the asset was stamped still move between the tables of partitions. */
async function moveEarlierRows(session: SqlSession, asset: CatalogAsset, served: readonly HeadMove[]): Promise<void> {
  const left = served.flatMap((move) => move.from ?? []);
  const entered = served.filter((move) => move.rows === "stored").map((move) => move.to);
  const stamped = new Set(
    (await findStampedVersions(session, asset.assetId, [...left, ...entered])).map(({ version }) => version),
  );
  const superseded = left.filter((version) => !stamped.has(version));
  const restored = entered.filter((version) => !stamped.has(version));
  await moveRows(session, { assetId: asset.assetId, superseded, restored, staged: [] });
}

async function applyPartitions(
  session: SqlSession,
  { dialect }: CommitContext,
  { applied, asset, versions, served, liveEnvironment }: Moving,
): Promise<void> {
  const isServed = ({ request }: NewVersion) => request.environment === liveEnvironment;
  await moveRows(session, {
    assetId: asset.assetId,
    superseded: served.flatMap((move) => (move.from === null ? [] : [move.from])),
    restored: served.filter((move) => move.rows === "stored").map((move) => move.to),
    staged: versions.flatMap((one) =>
      one.request.staged.rows === undefined
        ? [{ rows: stagingOf(applied, one.request).rows, version: one.version, isServed: isServed(one) }]
        : [],
    ),
  });
  const small = listSmall(versions);
  const [live, hist] = [tableNames.live(asset.assetId), tableNames.hist(asset.assetId)];
  await insertSmall(session, dialect, { table: live, versions: small.filter(isServed) });
  await insertSmall(session, dialect, { table: hist, versions: small.filter((one) => !isServed(one)) });
}

async function applyTables(
  session: SqlSession,
  { dialect }: CommitContext,
  { applied, asset, versions, served }: Moving,
): Promise<void> {
  for (const small of listSmall(versions)) await createSmall(session, dialect, { ...small, assetId: asset.assetId });
  for (const { request, version } of versions) {
    if (request.staged.rows !== undefined) continue;
    await session.run(
      `alter table ${stagingOf(applied, request).rows.table} rename to ${tableNames.versionBare(asset.assetId, version)}`,
    );
  }
  const last = served.at(-1);
  if (last === undefined) return;
  const select = `select * from ${tableNames.version(asset.assetId, last.to)}`;
  await dialect.serve(session, dialect.renderView(asset.key), select);
}

/** What belongs to new versions beside their rows. */
export async function applyExtras(session: SqlSession, context: CommitContext, applied: Applied): Promise<void> {
  const staged = applied.versions.filter(({ request }) => request.staged.rows === undefined);
  for (const { request, version } of staged) {
    const { quarantineTable } = stagingOf(applied, request);
    if (quarantineTable === null) continue;
    await session.run(
      `insert into ${internalSchema}.quarantine (asset_id, partition, version, source, reason, row_json) select $1::integer, $2::varchar, $3::integer, source, reason, row_json from ${quarantineTable}`,
      [idOf(applied.assets, request.staged.target.asset.key), request.staged.target.partition, version],
    );
  }
  const merges = staged.filter(({ request }) => stagingOf(applied, request).isMerge);
  if (merges.length === 0) return;
  await context.merge.publish(
    session,
    merges.map(({ request, version }) => ({
      assetId: idOf(applied.assets, request.staged.target.asset.key),
      target: request.staged.target,
      version,
      commitId: request.commitId,
      environment: request.environment,
      baseVersion: request.baseVersion,
      batches: request.staged.batches,
      stagingTable: (suffix) => stagingOf(applied, request).stagingTable(suffix),
    })),
  );
}

function stagingOf(applied: Applied, request: CommitRequest): Staging {
  const staging = applied.stagings.get(request.staged.target.attempt);
  if (staging === undefined) throw goneError(request);
  return staging;
}
