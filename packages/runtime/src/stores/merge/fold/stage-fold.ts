import { WatersmeetError } from "@watersmeet/core/errors";
import {
  addFates,
  noFates,
  planFold,
  rowRules,
  type FateCounts,
  type FoldPlan,
  type MergeSpec,
} from "@watersmeet/core/merge";
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
import type { ContributionTable, MergeDialect, RenderedFold } from "../merge-dialect.ts";
import { checkShadow } from "./check-shadow.ts";
import { countFolded, countWinners } from "./count-fates.ts";
import { renderJoinKeys, renderKeys } from "./key-tables.ts";
import { reduceCustom } from "./reduce-custom.ts";
import { hasHiddenFates, renderSurvivors } from "./render-survivors.ts";

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
  const total = work.reader.isPresent(work.live) ? countRead(work.reader, work.live) : null;
  if (host.tip === null) {
    const rowCount = await host.stageRows(rows);
    return { fates: await folded.countFates(rowCount, total), delta: null };
  }
  const changes = await host.stageChanges({ rows, keys: null, keyColumns: spec.policy.key });
  return { fates: await folded.countFates(changes.rowCount, total), delta: null };
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
  const table = await findAffected(work, { before, keys });
  const folded = await fold(work, { table, live: work.live });
  const select = await folded.finishRows();
  const rows = work.shadowPerMille === 0 && isCountedByRows(work, folded) ? null : host.stagingTable("rows");
  if (rows !== null) await host.session.run(`${host.createStagingTable} ${rows} as ${select}`);
  const names = spec.schema.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const changes = await host.stageChanges({
    rows: rows === null ? select : `select ${names} from ${rows}`,
    keys,
    keyColumns: spec.policy.key,
  });
  return {
    fates: await countPartly(work, { before, table, folded, rows, rowCount: changes.rowCount }),
    delta: {
      baseVersion: before.cut.version,
      affectedKeys,
      changedRows: Math.max(changes.openedRows, changes.closedRows),
    },
    ...(rows === null ? {} : await checkStaged(work, { keys, rows })),
  };
}

/** What became of all contributions: it follows from the number of rows, or from what has changed for the affected keys. */
async function countPartly(
  work: FoldWork,
  {
    before,
    table,
    folded,
    rows,
    rowCount,
  }: {
    readonly before: PreviousFold;
    readonly table: ContributionTable;
    readonly folded: Folded;
    readonly rows: string | null;
    /** Of the whole version. */
    readonly rowCount: number;
  },
): Promise<FateCounts> {
  if (rows === null || isCountedByRows(work, folded))
    return await folded.countFates(rowCount, countRead(work.reader, work.live));
  const now = await folded.countFates(await count(work, `select count(*) as count from ${rows}`), null);
  const old = await fold(work, { table, live: before.live, suffix: "old" });
  const then = await old.countFates(await old.countRows(), null);
  return addFates(before.fates, now, negate(then));
}

/** Whether nothing but the rows tells what became of contributions. Of those in an earlier form it is known only when they are read which can be. */
function isCountedByRows({ reader, live }: FoldWork, folded: Folded): boolean {
  return folded.isCountedByRows && reader.isPresent(live);
}

/** The contributions of the affected keys: where they stand when the fold reads them once, otherwise in a working table. */
async function findAffected(
  work: FoldWork,
  { before, keys }: { readonly before: PreviousFold; readonly keys: string },
): Promise<ContributionTable> {
  const { dialect, host, live, reader, spec } = work;
  const joined = renderJoinKeys(spec, keys);
  const own = {
    ...describeTable(work, { name: contributionTableName(host.assetId, spec.schema), batches: live }),
    joined,
  };
  const plan = planFold(
    spec,
    live.map((batch) => reader.toFoldBatch(batch)),
  );
  const folded = dialect.renderFold(plan, own);
  const isCounted = reader.isPresent(live) && isFoldCountedByRows(plan, folded);
  if (isCounted && dialect.foldsInPlace && folded.conflicts === null) return own;
  const table = await gather(work, {
    batches: isCounted ? live : unionOf(live, before.live),
    suffix: "part",
    joined,
  });
  for (const statement of dialect.renderAnalyze(table.name)) await host.session.run(statement);
  return table;
}

/** Whether the fates of all contributions follow from how many there are, and how many rows: each row is one of them, and no other one has a part in it. */
function isFoldCountedByRows(plan: FoldPlan, folded: RenderedFold): boolean {
  return folded.renderWinners("") === null && !hasHiddenFates(plan);
}

/** Whether sampled keys have the rows that a fold of all that is known of them gives: the changed ones, and those of the latest version that were left alone. */
async function checkStaged(
  work: FoldWork,
  { keys, rows }: { readonly keys: string; readonly rows: string },
): Promise<Pick<StagedFold, "shadow">> {
  const { dialect, host, live, reader, shadowPerMille, spec } = work;
  if (shadowPerMille === 0 || host.tip === null) return {};
  const { version } = host.tip;
  const before = await host.renderVersions({
    asset: host.target.asset,
    versions: [{ partition: host.target.partition, version }],
  });
  const names = spec.schema.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const same = spec.policy.key.map((name) => `k.${quoteIdentifier(name)} = v.${quoteIdentifier(name)}`).join(" and ");
  const shadow = await checkShadow({
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
  return { shadow };
}

interface Folded {
  /** A SELECT of the rows, columns in schema order. */
  finishRows(): Promise<string>;
  /** How many rows there are, where fates depend on it; without reading them where a key has at most one. */
  countRows(): Promise<number>;
  readonly isCountedByRows: boolean;
  /** `total`: contributions that are read; `null`: to be counted. */
  countFates(rowCount: number, total: number | null): Promise<FateCounts>;
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
    isCountedByRows: isFoldCountedByRows(plan, folded),
    async countFates(rowCount, total) {
      const winners = await countWinners(host.session, { folded, findings, rows: rowCount });
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
