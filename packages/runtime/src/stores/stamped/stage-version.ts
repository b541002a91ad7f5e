import type { MergePolicy } from "@watersmeet/core/merge";
import type { RowSchema } from "@watersmeet/core/schema";
import { quoteIdentifier, renderColumnNames } from "../../exchange/quote.ts";
import type { StagedRows } from "../catalog/move-rows.ts";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import type { Dialect } from "../dialect.ts";
import type { MergeStageHost } from "../merge-seam.ts";
import type { StageTarget } from "../port/staging.ts";
import { compareSchemas } from "../schema-change.ts";
import type { SqlSession, SqlValue } from "../sql-session.ts";
import type { VersionDifference } from "../store.ts";
import { stageChanges, type StampedChange } from "./stage-changes.ts";
import { findTip, type Tip } from "./stamped-catalog.ts";
import type { RowKey, StampedStaging } from "./stamped-staging.ts";
import { columnsIdOf, renderNotInVersion, renderStampedVersion } from "./stamped-table.ts";

/** How the rows of an attempt are to be staged. */
export interface StampedStart {
  readonly seen: Tip | null;
  /** The seen version, when its table can hold the rows. */
  readonly base: Tip | null;
  readonly form: StampedStaging["form"];
}

/** Looks where a partition stands. */
export async function startStamped(
  session: SqlSession,
  dialect: Dialect,
  { target, asset }: { readonly target: StageTarget; readonly asset: Pick<CatalogAsset, "assetId" | "isPartitioned"> },
): Promise<StampedStart> {
  const seen = await findTip(session, asset, target.partition);
  const renderType = (type: RowSchema["columns"][number]["type"]) => dialect.renderType(type);
  const change =
    seen === null ? null : compareSchemas(target.asset.schema, seen.table.schema, { hasRows: true, renderType });
  const base = change !== null && change.conflicts.length + change.added.length === 0 ? seen : null;
  return { seen, base, form: chooseForm(dialect, asset, base) };
}

/** Partitions share a table: those of many steps that run at once would otherwise make a table each. */
function chooseForm(
  dialect: Dialect,
  { isPartitioned }: Pick<CatalogAsset, "isPartitioned">,
  base: Tip | null,
): StampedStaging["form"] {
  if (isPartitioned) return "changes";
  if (base === null) return "whole";
  return dialect.createOwnChanges === null ? "changes" : "ownChanges";
}

/** Nothing is staged yet. */
export function emptyStaging({ base, form, seen }: StampedStart): StampedStaging {
  return {
    form,
    seen: seen === null ? null : { strand: seen.strand, version: seen.version },
    isDifference: base !== null,
    openedRows: 0,
    closedRows: 0,
    key: { columns: [], isUnique: false },
    measured: null,
  };
}

/** For `MergeStageHost.tip`. */
export function describeTip({ base }: StampedStart, schema: RowSchema): MergeStageHost["tip"] {
  return base === null ? null : { version: base.version, hasSameColumns: base.columnsId === columnsIdOf(schema) };
}

/** Rows of a version, and how many. */
export interface StagedVersion {
  readonly staging: StampedStaging;
  readonly rowCount: number;
  readonly difference: VersionDifference | null;
}

/** Stages a version of an attempt that has begun. */
export async function stageVersion(
  session: SqlSession,
  attempt: { readonly dialect: Dialect; readonly rows: StagedRows; readonly start: StampedStart },
  change: StampedChange,
): Promise<StagedVersion> {
  const { base, form } = attempt.start;
  const { openedRows, closedRows } = await stageChanges(session, { ...attempt, base, form }, change);
  const { earlier, key, keys } = change;
  return {
    staging: {
      ...emptyStaging(attempt.start),
      openedRows,
      closedRows,
      key,
      ...(earlier === undefined || keys !== null ? {} : { earlier }),
    },
    rowCount: (base?.rowCount ?? 0) + openedRows - closedRows,
    difference: base === null ? null : { from: base.version, openedRows, closedRows, rowChecks: base.rowChecks },
  };
}

/** A version of which nothing is known but its rows. */
export function wholeChange(rows: string, parameters: readonly SqlValue[] = []): StampedChange {
  return { rows, parameters, keys: null, key: { columns: [], isUnique: false } };
}

/** Rows of an earlier version of the base's strand, all of them or some others for some keys. Those that the base has, too, are not looked at. */
export function earlierChange({ base }: StampedStart, { schema, version, key, folded }: EarlierRows): StampedChange {
  if (base === null) throw new TypeError("Without a base there is no version before it");
  const kept = `${renderStampedVersion(schema, base.rows, version)} and ${renderNotInVersion(base.rows, base.version)}`;
  if (folded === null) return { rows: kept, parameters: [], keys: null, earlier: version, key };
  const names = renderColumnNames(schema.columns);
  const same = key.columns.map(quoteIdentifier).map((column) => `k.${column} = e.${column}`);
  const rows = `select ${names} from (${kept}) as e where not exists (select 1 from ${folded.keys} as k where ${same.join(" and ")}) union all select ${names} from (${folded.rows}) as f`;
  return { rows, parameters: [], keys: folded.keys, earlier: version, key };
}

interface EarlierRows {
  readonly schema: RowSchema;
  readonly version: number;
  readonly key: RowKey;
  readonly folded: { readonly rows: string; readonly keys: string } | null;
}

/**
 * What identifies the rows that a policy makes, and those of the base beside them. No row that a policy makes has NULL in its key; one of a base that had other
 * columns may, where the key is called otherwise now.
 */
export function keyOfPolicy({ key, rows }: MergePolicy, schema: RowSchema, start: StampedStart | null): RowKey {
  const base = start?.base ?? null;
  const mayBeNull = schema.columns.some(({ name, isNullable }) => isNullable && key.includes(name));
  if (base !== null && mayBeNull && base.columnsId !== columnsIdOf(schema)) return { columns: [], isUnique: false };
  return { columns: key, isUnique: rows !== "unionAll" && rows !== "keepConflicts" };
}
