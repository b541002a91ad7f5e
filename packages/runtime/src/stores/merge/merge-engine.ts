import { WatersmeetError } from "@watersmeet/core/errors";
import {
  checkMergePolicy,
  noFates,
  planFold,
  type FateCounts,
  type FoldPlan,
  type MergeSpec,
} from "@watersmeet/core/merge";
import type { RowSchema } from "@watersmeet/core/schema";
import { compareStrings, fingerprint, stableJson } from "@watersmeet/core/values";
import { internalSchema } from "../catalog/names.ts";
import type { MergeDiscard, MergeEngine, MergePublication, MergeStaged, MergeStageHost } from "../merge-seam.ts";
import { numberOf, textOf, type SqlSession } from "../sql-session.ts";
import type { StagedMerge } from "../store.ts";
import { contributionTableBareName, contributionTableName, renderContributionTable } from "./contribution-table.ts";
import { createMergeArchive } from "./merge-archive.ts";
import {
  findCut,
  insertCut,
  listBatches,
  renderMergeCatalog,
  toFoldBatch,
  type CatalogBatch,
} from "./merge-catalog.ts";
import type { ContributionTable, MergeDialect } from "./merge-dialect.ts";
import { renderRejected } from "./render-seal.ts";
import { sealBranch, type SealedBranch } from "./seal-branches.ts";

/** Merges in a store: the same sequence of statements on every engine, rendered by its dialect. One for each open store. */
export function createMergeEngine(dialect: MergeDialect): MergeEngine {
  const tables = new Map<string, Promise<void>>();
  return {
    async ensureTables(session, { assetId, target }) {
      const { schema } = target.asset;
      const name = contributionTableName(assetId, schema);
      // One makes the tables, the others wait: two at once would conflict in the engine's catalog.
      const waiting = [...tables.values()];
      const making =
        tables.get(name) ?? Promise.allSettled(waiting).then(() => makeTables(session, dialect, { name, schema }));
      tables.set(name, making);
      await making.catch((error: unknown) => {
        tables.delete(name);
        throw error;
      });
    },
    stage: (host, merge) => stageMerge(dialect, host, merge),
    publish: publishMerges,
    discard: discardMerges,
    openArchive: createMergeArchive,
  };
}

async function makeTables(
  session: SqlSession,
  dialect: MergeDialect,
  { name, schema }: { readonly name: string; readonly schema: RowSchema },
): Promise<void> {
  if (dialect.lockCatalog !== null) await session.run(dialect.lockCatalog);
  for (const statement of [...renderMergeCatalog(), ...renderContributionTable(dialect, name, schema)]) {
    await session.run(statement);
  }
}

/**
 * Seals what the branches deliver and folds the batches of all of them. A delivery is complete: it takes the place of what its branch delivered for the
 * partition before, so that the rows are a function of the pinned inputs alone, as the commit id promises.
 */
async function stageMerge(dialect: MergeDialect, host: MergeStageHost, merge: StagedMerge): Promise<MergeStaged> {
  const { session, assetId, target } = host;
  const { partition, attempt } = target;
  const spec: MergeSpec = { policy: merge.policy, schema: target.asset.schema };
  refuseUnfitPolicy(host, spec);
  await discardMerges(session, { attempts: [attempt] });
  const known = await listBatches(session, { assetId, partition });
  const base =
    merge.baseVersion === null ? [] : await findCut(session, { assetId, partition, version: merge.baseVersion });
  const context = { dialect, host, spec, known, live: new Set(base) };
  const sealed: SealedBranch[] = [];
  for (const { name, columns, deliveries } of merge.branches) {
    for (const delivery of deliveries) sealed.push(await sealBranch(context, { ...delivery, name, columns }));
  }
  const batches = sealed.map(({ batch }) => batch);
  const fates = await foldBatches(dialect, host, { spec, batches });
  await insertCut(
    session,
    { assetId, partition },
    { cutId: nameCut(spec, batches), batches: batches.map(({ number }) => number), fates, stagedBy: attempt },
  );
  return {
    fates,
    batches: sealed.map(({ batch, outcome }) => ({
      branch: batch.source,
      batchKey: batch.batchKey,
      batchId: batch.batchId,
      generation: batch.generation,
      digest: batch.digest,
      rowCount: batch.rowCount,
      outcome,
    })),
  };
}

/** The same batches under the same policy are the same cut, whoever joins them and when. */
function nameCut(spec: MergeSpec, batches: readonly CatalogBatch[]): string {
  const ids = batches.map(({ batchId }) => batchId).sort(compareStrings);
  return fingerprint(["cut-1", stableJson(spec.policy), ...ids]);
}

async function foldBatches(
  dialect: MergeDialect,
  host: MergeStageHost,
  { spec, batches }: { readonly spec: MergeSpec; readonly batches: readonly CatalogBatch[] },
): Promise<FateCounts> {
  const rejected = batches.filter((batch) => batch.rejectedCount > 0);
  const table: ContributionTable = {
    name: contributionTableName(host.assetId, spec.schema),
    schema: spec.schema,
    hasFaults: rejected.length > 0,
  };
  const plan = planFold(spec, batches.map(toFoldBatch));
  const folded = dialect.renderFold(plan, table);
  if (folded.conflicts !== null) await refuseConflicts(host, folded.conflicts);
  const findings = host.stagingTable("fold");
  let winner: number;
  if (folded.findings === null) winner = await host.stageRows(folded.renderRows(findings));
  else {
    await host.session.run(`${host.createStagingTable} ${findings} as ${folded.findings}`);
    await host.stageRows(folded.renderRows(findings));
    const [row] = await host.session.run(`select coalesce(sum(winners), 0) as winners from ${findings}`);
    winner = row === undefined ? 0 : numberOf(row, "winners");
  }
  if (rejected.length > 0)
    await host.stageQuarantine(renderRejected(dialect, spec, { table: table.name, batches: rejected }));
  return countFates(batches, plan, winner);
}

/** Every contribution of the cut has one fate: what is no winner, duplicate or rejected has lost. */
function countFates(batches: readonly CatalogBatch[], plan: FoldPlan, winner: number): FateCounts {
  const sum = (count: (batch: CatalogBatch) => number) => batches.reduce((all, batch) => all + count(batch), 0);
  const rejected = sum((batch) => batch.rejectedCount);
  const repeated = sum((batch) => batch.duplicateCount);
  const lost = sum((batch) => batch.rowCount) - rejected - repeated - winner;
  return plan.isUnionDistinct
    ? { ...noFates, winner, rejected, duplicate: repeated + lost }
    : { ...noFates, winner, rejected, duplicate: repeated, superseded: lost };
}

function refuseUnfitPolicy({ target }: MergeStageHost, spec: MergeSpec): void {
  const [problem] = checkMergePolicy(target.asset.key, spec);
  if (problem === undefined) return;
  throw new WatersmeetError(
    "MERGE_POLICY_INVALID",
    problem.message,
    problem.hint === undefined ? {} : { hint: problem.hint },
  );
}

/** @throws {MERGE_ROWS_CONFLICT} */
async function refuseConflicts({ session, target }: MergeStageHost, conflicts: string): Promise<void> {
  const keys = (await session.run(conflicts)).map((row) => textOf(row, "key_json"));
  if (keys.length === 0) return;
  throw new WatersmeetError(
    "MERGE_ROWS_CONFLICT",
    `Branches of ${target.asset.key} deliver different rows for ${keys.slice(0, 3).join(", ")}${keys.length > 3 ? ", …" : ""}`,
    {
      hint: "unionDistinct keeps one of equal rows. Choose recencyFirst or priorityFirst to let one of different rows win.",
      details: { asset: target.asset.key, partition: target.partition, keys },
    },
  );
}

async function publishMerges(session: SqlSession, publications: readonly MergePublication[]): Promise<void> {
  const attempts = publications.map(({ target }) => target.attempt);
  const versions = `(select unnest($1::varchar[]) as attempt, unnest($2::integer[]) as version, unnest($3::integer[]) as base_version) as p`;
  await session.run(
    `update ${internalSchema}.merge_cut set version = p.version, base_version = p.base_version from ${versions} where merge_cut.staged_by = p.attempt and merge_cut.version is null`,
    [attempts, publications.map(({ version }) => version), publications.map(({ baseVersion }) => baseVersion)],
  );
  await session.run(
    `update ${internalSchema}.merge_batch set staged_by = null where staged_by in (select unnest($1::varchar[]))`,
    [attempts],
  );
}

async function discardMerges(session: SqlSession, which: MergeDiscard): Promise<void> {
  const hasTables = await session.run(
    "select 1 as one from information_schema.tables where table_schema = $1 and table_name = 'merge_batch'",
    [internalSchema],
  );
  if (hasTables.length === 0) return;
  const [condition, attempts] =
    "attempts" in which ? (["in", which.attempts] as const) : (["not in", which.except] as const);
  const staged = `staged_by is not null and staged_by ${condition} (select unnest($1::varchar[]))`;
  const batches = await session.run(
    `select number, asset_id, schema_id from ${internalSchema}.merge_batch where ${staged}`,
    [attempts],
  );
  const byTable = Map.groupBy(batches, (row) =>
    contributionTableBareName(numberOf(row, "asset_id"), textOf(row, "schema_id")),
  );
  for (const [table, rows] of byTable) {
    await session.run(
      `delete from ${internalSchema}."${table}" where _batch in (${rows.map((row) => numberOf(row, "number")).join(", ")})`,
    );
  }
  await session.run(`delete from ${internalSchema}.merge_batch where ${staged}`, [attempts]);
  await session.run(`delete from ${internalSchema}.merge_cut where version is null and ${staged}`, [attempts]);
}
