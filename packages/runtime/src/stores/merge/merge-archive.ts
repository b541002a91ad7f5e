import type { AssetKey } from "@watersmeet/core/values";
import { internalSchema } from "../catalog/names.ts";
import type { MergeAccess, MergeReader } from "../merge-seam.ts";
import type { BatchQuery, BatchRecord, CutRecord } from "../port/merge-records.ts";
import type { SqlSession } from "../sql-session.ts";
import { checkVersion } from "./archive/check-version.ts";
import {
  findAssetId,
  listCommitTimes,
  listPublishedCuts,
  listStandingBatches,
  type StandingBatch,
} from "./archive/known-merge.ts";
import { readStored } from "./archive/read-contributions.ts";
import { readRowsOfKey } from "./archive/read-rows.ts";
import { listEpochs } from "./catalog/epochs.ts";
import { addMergeColumns, renderMergeCatalog } from "./catalog/merge-tables.ts";
import type { MergeDialect } from "./merge-dialect.ts";

/** Answers questions to a store's merges from their own tables. A store that has never staged a merge has none, and nothing to say. */
export function createMergeArchive(dialect: MergeDialect, access: MergeAccess): MergeReader {
  let ready: Promise<boolean> | undefined;
  const ask = async <T>(
    asset: AssetKey,
    otherwise: T,
    work: (session: SqlSession, assetId: number) => Promise<T>,
  ): Promise<T> =>
    await access.use(async (session) => {
      ready ??= findTables(session);
      if (!(await ready)) {
        ready = undefined;
        return otherwise;
      }
      const assetId = await findAssetId(session, asset);
      return assetId === undefined ? otherwise : await work(session, assetId);
    });
  return {
    listBatches: (query) =>
      ask(query.asset, [], async (session, assetId) => {
        const batches = await listStandingBatches(session, dialect, { ...query, assetId });
        return batches
          .filter((batch) => isWanted(batch, query))
          .slice(0, query.limit)
          .map((batch) => describeBatch(query.asset, batch));
      }),
    listCuts: (query) =>
      ask(query.asset, [], async (session, assetId) => {
        const cuts = await listPublishedCuts(session, { ...query, assetId }, query.limit);
        const times = await listCommitTimes(session, dialect, {
          assetId,
          versions: cuts.map(({ version }) => version),
        });
        return cuts.flatMap(({ cut, cutId, version, baseVersion, fates }): readonly CutRecord[] =>
          cut === null ? [] : [{ cutId, cut, version, baseVersion, fates, committedAt: times.get(version) ?? "" }],
        );
      }),
    readContributions: ({ asset, partition, key, limit }) =>
      ask(asset.key, [], async (session, assetId) => {
        const batches = await listStandingBatches(session, dialect, { assetId, partition });
        return await readStored(session, dialect, { asset, assetId, batches, key, limit });
      }),
    readRows: (options) =>
      ask(options.asset.key, [], (session) => readRowsOfKey(session, { dialect, access }, options)),
    readBatchRows: ({ asset, batchId, limit }) =>
      ask(asset.key, [], async (session, assetId) => {
        const batches = await listStandingBatches(session, dialect, { assetId });
        const own = batches.filter((batch) => batch.batchId === batchId);
        return await readStored(session, dialect, { asset, assetId, batches: own, key: null, limit });
      }),
    listEpochs: (asset) => ask(asset, [], (session, assetId) => listEpochs(session, dialect.store, assetId)),
    checkShadow: (options) =>
      ask(options.asset.key, { sampledKeys: 0, differentKeys: [] }, (session, assetId) =>
        checkVersion(session, { dialect, access, assetId }, options),
      ),
  };
}

/** Whether there are any; those of an older store get what came later. */
async function findTables(session: SqlSession): Promise<boolean> {
  const rows = await session.run(
    "select 1 as one from information_schema.tables where table_schema = $1 and table_name = 'merge_batch'",
    [internalSchema],
  );
  if (rows.length === 0) return false;
  for (const statement of renderMergeCatalog()) await session.run(statement);
  await addMergeColumns(session);
  return true;
}

function isWanted(batch: StandingBatch, { branch, standing, batchIds }: BatchQuery): boolean {
  return (
    (branch === undefined || batch.source === branch) &&
    (standing === undefined || batch.standing === standing) &&
    (batchIds === undefined || batchIds.includes(batch.batchId))
  );
}

function describeBatch(asset: AssetKey, batch: StandingBatch): BatchRecord {
  return {
    batchId: batch.batchId,
    asset,
    partition: batch.partition,
    branch: batch.source,
    batchKey: batch.part === "main" ? batch.batchKey : `${batch.batchKey}#${batch.part}`,
    generation: batch.generation,
    epoch: batch.epoch,
    digest: batch.digest,
    sequence: String(batch.batchSequence),
    rowCount: batch.rowCount,
    duplicateCount: batch.duplicateCount,
    rejectedCount: batch.rejectedCount,
    ...(batch.outsideCount === 0 ? {} : { outsideCount: batch.outsideCount }),
    eventTimes:
      batch.eventTimes === null
        ? null
        : { least: String(batch.eventTimes.least), greatest: String(batch.eventTimes.greatest) },
    cursor: batch.cursor,
    promise: batch.promise,
    origin: batch.origin,
    standing: batch.standing,
    lateness: batch.lateness,
    sealedAt: batch.sealedAt ?? "",
    sinceVersion: batch.sinceVersion,
    ...(batch.settledBefore === null ? {} : { settledBefore: batch.settledBefore }),
  };
}
