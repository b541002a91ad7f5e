import { WatersmeetError } from "@watersmeet/core/errors";
import { addFates, noFates, planFold, rowRules, type FateCounts, type MergeSpec } from "@watersmeet/core/merge";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import type { MergeStageHost } from "../../merge-seam.ts";
import type { MergeFunctions } from "../../port/staged-merge.ts";
import { numberOf, textOf } from "../../sql-session.ts";
import type { Staged } from "../../store.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import type { CatalogCut } from "../catalog/cuts.ts";
import {
  cellOf,
  contributionColumns,
  contributionTableName,
  renderContributionColumns,
} from "../contribution-table.ts";
import type { FormReader } from "../forms/read-forms.ts";
import type { ContributionTable, MergeDialect } from "../merge-dialect.ts";
import { checkShadow } from "./check-shadow.ts";
import { countFolded, countWinners } from "./count-fates.ts";
import { renderJoinKeys, renderKeys } from "./key-tables.ts";
import { reduceCustom } from "./reduce-custom.ts";
import { renderSurvivors } from "./render-survivors.ts";

/** What is folded, and onto what. */
export interface FoldWork {
  readonly dialect: MergeDialect;
  readonly host: MergeStageHost;
  readonly spec: MergeSpec;
  readonly reader: FormReader;
  /** Batches that count. */
  readonly live: readonly CatalogBatch[];
  /** What the partition's latest version was folded from; `undefined`: there is none, or it was folded by other rules. */
  readonly before: PreviousFold | undefined;
  /** Of 1,000 keys, how many may be affected for a fold of them alone. */
  readonly partialPerMille: number;
  readonly functions: MergeFunctions | undefined;
  /** Of 1,000 keys, how many are folded a second time, in full, when some were folded alone. */
  readonly shadowPerMille: number;
}

export interface PreviousFold {
  readonly cut: CatalogCut;
  readonly live: readonly CatalogBatch[];
  readonly fates: FateCounts;
  readonly rowCount: number;
}

/** What a fold came to. */
export interface StagedFold {
  /** Of the contributions that count. */
  readonly fates: FateCounts;
  readonly delta: Staged["delta"];
  readonly shadow?: NonNullable<Staged["shadow"]>;
}

/** Folds the live batches and stages the rows: those of the keys that may have changed since the latest version, or all. */
export async function stageFold(work: FoldWork): Promise<StagedFold> {
  const partial = work.before === undefined ? null : await stagePartial(work, work.before);
  return partial ?? (await stageWhole(work));
}

async function stageWhole(work: FoldWork): Promise<StagedFold> {
  const { host, spec } = work;
  const folded = await fold(work, { table: await findTable(work), live: work.live });
  const rows = await folded.finishRows();
  if (host.tip === null) {
    const rowCount = await host.stageRows(rows);
    return { fates: await folded.countFates(rowCount), delta: null };
  }
  const changes = await host.stageChanges({ rows, keys: null, keyColumns: spec.policy.key });
  return { fates: await folded.countFates(changes.rowCount), delta: null };
}

/** `null`: too much has changed. */
async function stagePartial(work: FoldWork, before: PreviousFold): Promise<StagedFold | null> {
  const { dialect, host, reader, spec } = work;
  const changed = differenceOf(work.live, before.live);
  const keys = host.stagingTable("keys");
  await host.session.run(
    `${host.createStagingTable} ${keys} as ${renderKeys(spec, reader.renderContributions(changed))}`,
  );
  const affectedKeys = await count(work, `select count(*) as count from ${keys}`);
  if (affectedKeys * 1000 > work.partialPerMille * Math.max(before.rowCount, affectedKeys)) return null;
  for (const statement of dialect.renderAnalyze(keys)) await host.session.run(statement);
  const table = await gather(work, {
    batches: unionOf(work.live, before.live),
    suffix: "part",
    joined: renderJoinKeys(spec, keys),
  });
  for (const statement of dialect.renderAnalyze(table.name)) await host.session.run(statement);
  const folded = await fold(work, { table, live: work.live });
  const rows = host.stagingTable("rows");
  await host.session.run(`${host.createStagingTable} ${rows} as ${await folded.finishRows()}`);
  const names = spec.schema.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const changes = await host.stageChanges({ rows: `select ${names} from ${rows}`, keys, keyColumns: spec.policy.key });
  const now = await folded.countFates(await count(work, `select count(*) as count from ${rows}`));
  const shadow = await checkStaged(work, { keys, rows });
  const old = await fold(work, { table, live: before.live, suffix: "old" });
  const then = await old.countFates(await old.countRows());
  return {
    fates: addFates(before.fates, now, negate(then)),
    delta: {
      baseVersion: before.cut.version,
      affectedKeys,
      changedRows: Math.max(changes.openedRows, changes.closedRows),
    },
    ...(shadow === undefined ? {} : { shadow }),
  };
}

/** Whether sampled keys have the rows that a fold of all that is known of them gives: the changed ones, and those of the latest version that were left alone. */
async function checkStaged(
  work: FoldWork,
  { keys, rows }: { readonly keys: string; readonly rows: string },
): Promise<StagedFold["shadow"]> {
  const { dialect, host, live, reader, shadowPerMille, spec } = work;
  if (shadowPerMille === 0 || host.tip === null) return undefined;
  const { version } = host.tip;
  const before = await host.renderVersions({
    asset: host.target.asset,
    versions: [{ partition: host.target.partition, version }],
  });
  const names = spec.schema.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const same = spec.policy.key.map((name) => `k.${quoteIdentifier(name)} = v.${quoteIdentifier(name)}`).join(" and ");
  return await checkShadow({
    dialect,
    session: host.session,
    spec,
    reader,
    live,
    sample: { salt: version + 1, perMille: shadowPerMille },
    createTable: host.createStagingTable,
    nameTable: (suffix) => host.stagingTable(suffix),
    actual: `select ${names} from (${before}) as v where not exists (select 1 from ${keys} as k where ${same}) union all select ${names} from ${rows}`,
  });
}

interface Folded {
  /** A SELECT of the rows, columns in schema order. */
  finishRows(): Promise<string>;
  /** How many rows there are, where fates depend on it; without reading them where a key has at most one. */
  countRows(): Promise<number>;
  countFates(rowCount: number): Promise<FateCounts>;
}

async function fold(
  work: FoldWork,
  {
    table,
    live,
    suffix = "fold",
  }: { readonly table: ContributionTable; readonly live: readonly CatalogBatch[]; readonly suffix?: string },
): Promise<Folded> {
  const { dialect, host, reader, spec } = work;
  const plan = planFold(
    spec,
    live.map((batch) => reader.toFoldBatch(batch)),
  );
  const folded = dialect.renderFold(plan, table);
  if (folded.conflicts !== null && suffix === "fold") await refuseConflicts(host, folded.conflicts);
  const findings = host.stagingTable(suffix);
  if (folded.findings !== null) await host.session.run(`${host.createStagingTable} ${findings} as ${folded.findings}`);
  const overflows = folded.renderOverflows(findings);
  if (overflows !== null) await refuseOverflows(host, overflows);
  const rows = folded.renderRows(findings);
  return {
    finishRows: () => reduceCustom({ dialect, host, functions: work.functions, plan, table, rows }),
    async countRows() {
      if (folded.renderWinners(findings) !== null) return 0;
      const key = plan.key.map((column) => cellOf(spec.schema, column)).join(", ");
      const keys = `with ${renderSurvivors(dialect, plan, table)} select count(*) as count from (select 1 as one from u group by ${key}) as keys`;
      return await count(
        work,
        rowRules[plan.rows].isKeyUnique ? keys : `select count(*) as count from (${rows}) as all_rows`,
      );
    },
    async countFates(rowCount) {
      const winners = await countWinners(host.session, { folded, findings, rows: rowCount });
      const total =
        suffix === "fold" && table.name === contributionTableName(host.assetId, spec.schema)
          ? countRead(reader, live)
          : null;
      return await countFolded({ session: host.session, dialect }, { plan, table, winners, total });
    },
  };
}

function countRead(reader: FormReader, batches: readonly CatalogBatch[]): number {
  return batches.reduce(
    (sum, batch) => sum + batch.rowCount - batch.rejectedCount - batch.duplicateCount - reader.countFailed(batch),
    0,
  );
}

/** The table that the contributions stand in, or a working table with those of several. */
async function findTable(work: FoldWork): Promise<ContributionTable> {
  const { host, reader, spec, live } = work;
  if (!reader.isPresent(live)) return await gather(work, { batches: live, suffix: "all" });
  return describeTable(work, { name: contributionTableName(host.assetId, spec.schema), batches: live });
}

async function gather(
  work: FoldWork,
  {
    batches,
    suffix,
    joined,
  }: { readonly batches: readonly CatalogBatch[]; readonly suffix: string; readonly joined?: string },
): Promise<ContributionTable> {
  const { dialect, host, reader, spec } = work;
  const name = host.stagingTable(suffix);
  const columns = [...contributionColumns, ...spec.schema.columns.map((_, index) => `c${index}`)];
  await host.session.run(`${host.createStagingTable} ${name} (${renderContributionColumns(dialect, spec.schema)})`);
  await host.session.run(`insert into ${name} (${columns.join(", ")}) ${reader.renderContributions(batches, joined)}`);
  return describeTable(work, { name, batches });
}

function describeTable(
  { reader, spec }: FoldWork,
  { name, batches }: { readonly name: string; readonly batches: readonly CatalogBatch[] },
): ContributionTable {
  return {
    name,
    schema: spec.schema,
    hasFaults: batches.some((batch) => batch.rejectedCount > 0 || reader.countFailed(batch) > 0),
    hasCopies: batches.some((batch) => batch.duplicateCount > 0),
  };
}

async function count({ host }: FoldWork, sql: string): Promise<number> {
  const [row] = await host.session.run(sql);
  return row === undefined ? 0 : numberOf(row, "count");
}

function differenceOf(some: readonly CatalogBatch[], others: readonly CatalogBatch[]): readonly CatalogBatch[] {
  const [a, b] = [some, others].map((batches) => new Set(batches.map(({ number }) => number)));
  return [
    ...some.filter(({ number }) => b?.has(number) !== true),
    ...others.filter(({ number }) => a?.has(number) !== true),
  ];
}

function unionOf(some: readonly CatalogBatch[], others: readonly CatalogBatch[]): readonly CatalogBatch[] {
  return [...new Map([...some, ...others].map((batch) => [batch.number, batch])).values()];
}

function negate(fates: FateCounts): FateCounts {
  const { winner, superseded, masked, duplicate } = fates;
  return { ...noFates, winner: -winner, superseded: -superseded, masked: -masked, duplicate: -duplicate };
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

/** @throws {MERGE_SUM_OVERFLOW} */
async function refuseOverflows({ session, target }: MergeStageHost, overflows: string): Promise<void> {
  const [row] = await session.run(overflows);
  if (row === undefined) return;
  const column = textOf(row, "column_name");
  throw new WatersmeetError(
    "MERGE_SUM_OVERFLOW",
    `A sum of "${column}" in ${target.asset.key} is ${textOf(row, "sum")}`,
    {
      hint: "Give the column a wider type, z.bigint() or a decimal of more digits, or correct what was delivered.",
      details: { asset: target.asset.key, partition: target.partition, column },
    },
  );
}
