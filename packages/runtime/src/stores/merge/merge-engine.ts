import type { RowSchema } from "@watersmeet/core/schema";
import { internalSchema } from "../catalog/names.ts";
import type { MergeDiscard, MergeEngine, MergePublication } from "../merge-seam.ts";
import { numberOf, textOf, type SqlSession } from "../sql-session.ts";
import { addColumns, addMergeColumns, renderMergeCatalog } from "./catalog/merge-tables.ts";
import { parseNumbers } from "./catalog/number-list.ts";
import {
  addedContributionColumns,
  contributionTableBareName,
  contributionTableName,
  renderContributionTable,
  schemaIdOf,
} from "./contribution-table.ts";
import { createMergeArchive } from "./merge-archive.ts";
import type { MergeDialect } from "./merge-dialect.ts";
import { stageMerge, type MergeSettings } from "./stage-merge.ts";

/** Of 1,000 keys. A fold of some keys reads their contributions twice: above this it is slower than a fold of all. */
const partialPerMille = 300;

/** Merges in a store: the same sequence of statements on every engine, rendered by its dialect. One for each open store. */
export function createMergeEngine(dialect: MergeDialect, settings: MergeSettings = { partialPerMille }): MergeEngine {
  const tables = new Map<string, Promise<void>>();
  return {
    async ensureTables(session, { assetId, target }) {
      const { schema } = target.asset;
      const name = contributionTableName(assetId, schema);
      // One makes the tables, the others wait: two at once would conflict in the engine's catalog.
      const waiting = [...tables.values()];
      const making =
        tables.get(name) ?? Promise.allSettled(waiting).then(() => makeTables(session, dialect, { assetId, schema }));
      tables.set(name, making);
      await making.catch((error: unknown) => {
        tables.delete(name);
        throw error;
      });
    },
    async stage(host, merge) {
      // Its tables are there: `ensureTables` comes before.
      await discardStaged(host.session, { attempts: [host.target.attempt] });
      return await stageMerge(dialect, settings, { host, merge });
    },
    publish: publishMerges,
    discard: discardMerges,
    openArchive: (access) => createMergeArchive(dialect, access),
  };
}

async function makeTables(
  session: SqlSession,
  dialect: MergeDialect,
  { assetId, schema }: { readonly assetId: number; readonly schema: RowSchema },
): Promise<void> {
  const name = contributionTableName(assetId, schema);
  if (dialect.lockCatalog !== null) await session.run(dialect.lockCatalog);
  for (const statement of [...renderMergeCatalog(), ...renderContributionTable(dialect, name, schema)]) {
    await session.run(statement);
  }
  await addMergeColumns(session);
  await addColumns(session, contributionTableBareName(assetId, schemaIdOf(schema)), addedContributionColumns);
}

async function publishMerges(session: SqlSession, publications: readonly MergePublication[]): Promise<void> {
  const attempts = publications.map(({ target }) => target.attempt);
  const versions = `(select unnest($1::varchar[]) as attempt, unnest($2::integer[]) as version, unnest($3::integer[]) as base_version) as p`;
  await session.run(
    `update ${internalSchema}.merge_cut set version = p.version, base_version = p.base_version from ${versions} where merge_cut.staged_by = p.attempt and merge_cut.version is null`,
    [attempts, publications.map(({ version }) => version), publications.map(({ baseVersion }) => baseVersion)],
  );
  for (const table of ["merge_batch", "merge_epoch"]) {
    await session.run(
      `update ${internalSchema}.${table} set staged_by = null where staged_by in (select unnest($1::varchar[]))`,
      [attempts],
    );
  }
  await noteVersions(session, publications);
}

/** Says of each batch in which version it counted first. */
async function noteVersions(session: SqlSession, publications: readonly MergePublication[]): Promise<void> {
  const cuts = await session.run(
    `select version, batches from ${internalSchema}.merge_cut where staged_by in (select unnest($1::varchar[]))`,
    [publications.map(({ target }) => target.attempt)],
  );
  const counted = cuts.flatMap((row) => {
    const batches = parseNumbers(textOf(row, "batches"));
    return batches.map((number) => ({ number, version: numberOf(row, "version") }));
  });
  if (counted.length === 0) return;
  await session.run(
    `update ${internalSchema}.merge_batch set since_version = c.version from (select unnest($1::integer[]) as number, unnest($2::integer[]) as version) as c where merge_batch.number = c.number and merge_batch.since_version is null`,
    [counted.map(({ number }) => number), counted.map(({ version }) => version)],
  );
}

async function discardMerges(session: SqlSession, which: MergeDiscard): Promise<void> {
  const hasTables = await session.run(
    "select 1 as one from information_schema.tables where table_schema = $1 and table_name = 'merge_epoch'",
    [internalSchema],
  );
  if (hasTables.length > 0) await discardStaged(session, which);
}

async function discardStaged(session: SqlSession, which: MergeDiscard): Promise<void> {
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
  await session.run(`delete from ${internalSchema}.merge_epoch where ${staged}`, [attempts]);
  await session.run(`delete from ${internalSchema}.merge_cut where version is null and ${staged}`, [attempts]);
}
