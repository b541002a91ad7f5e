import { WatersmeetError } from "@watersmeet/core/errors";
import { addFates, noFates, planFold, rowRules, type FateCounts } from "@watersmeet/core/merge";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import type { MergeStageHost } from "../../merge-seam.ts";
import { numberOf, textOf } from "../../sql-session.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import { cellOf } from "../contribution-table.ts";
import type { FormReader } from "../forms/read-forms.ts";
import type { ContributionTable } from "../merge-dialect.ts";
import { checkSample } from "./check-shadow.ts";
import { countFolded, countWinners } from "./count-fates.ts";
import { differenceOf } from "./find-before.ts";
import { findAffected, findTable, isFoldCountedByRows } from "./find-contributions.ts";
import type { FoldWork, PreviousFold, StagedFold } from "./fold-work.ts";
import { renderKeys } from "./key-tables.ts";
import { reduceCustom } from "./reduce-custom.ts";
import { renderSurvivors } from "./render-survivors.ts";
import { stageEarlier, stageOnto } from "./stage-earlier.ts";

/** Folds the live batches and stages the rows: those of the keys that may have changed since a version that was folded before, or all. */
export async function stageFold(work: FoldWork): Promise<StagedFold> {
  const { before, host, live } = work;
  if (before === undefined) return await stageWhole(work);
  const isAgain = before.cut.version !== host.tip?.version && differenceOf(live, before.live).length === 0;
  if (isAgain) return await stageEarlier(work, before);
  return (await stagePartial(work, before)) ?? (await stageWhole(work));
}

async function stageWhole(work: FoldWork): Promise<StagedFold> {
  const { host } = work;
  const folded = await fold(work, { table: await findTable(work), live: work.live });
  const rows = await folded.finishRows();
  const total = work.reader.isPresent(work.live) ? countRead(work.reader, work.live) : null;
  if (host.tip === null) {
    const rowCount = await host.stageRows(rows);
    return { fates: await folded.countFates(rowCount, total), delta: null };
  }
  const changes = await host.stageChanges({ rows, keys: null });
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
  const changes = await stageOnto(work, before, {
    rows: rows === null ? select : `select ${names} from ${rows}`,
    keys,
  });
  return {
    fates: await countPartly(work, { before, table, folded, rows, rowCount: changes.rowCount }),
    delta: {
      baseVersion: before.cut.version,
      affectedKeys,
      changedRows: Math.max(changes.openedRows, changes.closedRows),
    },
    ...(rows === null ? {} : await checkStaged(work, before, { keys, rows })),
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

/** Whether sampled keys have the rows that a fold of all that is known of them gives: the changed ones, and those of the latest version that were left alone. */
async function checkStaged(
  work: FoldWork,
  { cut: { version } }: PreviousFold,
  { keys, rows }: { readonly keys: string; readonly rows: string },
): Promise<Pick<StagedFold, "shadow">> {
  const { host, spec } = work;
  const before = await host.renderVersions({
    asset: host.target.asset,
    versions: [{ partition: host.target.partition, version }],
  });
  const names = spec.schema.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const same = spec.policy.key.map((name) => `k.${quoteIdentifier(name)} = v.${quoteIdentifier(name)}`).join(" and ");
  const actual = `select ${names} from (${before}) as v where not exists (select 1 from ${keys} as k where ${same}) union all select ${names} from ${rows}`;
  return await checkSample(work, actual);
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
    (sum, batch) =>
      sum +
      batch.rowCount -
      batch.rejectedCount -
      batch.duplicateCount -
      batch.settledCount -
      reader.countFailed(batch),
    0,
  );
}

async function count({ host }: FoldWork, sql: string): Promise<number> {
  const [row] = await host.session.run(sql);
  return row === undefined ? 0 : numberOf(row, "count");
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
