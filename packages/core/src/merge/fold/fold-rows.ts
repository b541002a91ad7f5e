import { canonicalRow } from "../../schema/canonical-row.ts";
import type { Column, Row } from "../../schema/row-schema.ts";
import { hasCell, type Contribution, type MergeSpec } from "../contribution/contribution.ts";
import { hashCells, stratumOf, type TokenOrder } from "../contribution/token.ts";
import { cellPolicyOf, type CellPolicy, type RowPolicy } from "../policy.ts";
import { cellRules, type CellOutcome, type CellRule } from "./cell-policies.ts";
import type { Fate } from "./fates.ts";
import { rowRules } from "./row-policies.ts";

/** One row of a merged table and where it comes from. */
export interface FoldedRow {
  /** Every column of the schema; a cell that nobody set is `null`, or 0 where contributions are counted. */
  readonly row: Row;
  /** By column: the contributions that its cell comes from. Columns that nobody set are not in it. */
  readonly winners: Readonly<Record<string, readonly Contribution[]>>;
}

/** A contribution with its tokens. */
export interface Entry {
  readonly contribution: Contribution;
  readonly index: number;
  /** Hex sorts like the bytes it stands for. */
  readonly keyHex: string;
  readonly recency: Buffer;
  readonly priority: Buffer;
}

/** What the survivors of a key come to. */
export interface KeyRows {
  readonly rows: readonly FoldedRow[];
  readonly winning: readonly Entry[];
  /** Of survivors that win nothing. */
  readonly losers: Fate;
  readonly isConflict: boolean;
}

/** The replaceable parts of choosing cells. */
export interface CellRules {
  hasCell(contribution: Contribution, column: string): boolean;
  readonly cells: Readonly<Record<CellPolicy, CellRule>>;
}

/** The rules as they are. */
export const rowCellRules: CellRules = { hasCell, cells: cellRules };

/** The rows of one key, of the upserts of it that no delete or retract hides. */
export function foldRows(rules: CellRules, spec: MergeSpec, survivors: readonly Entry[]): KeyRows {
  if (survivors.length === 0) return { rows: [], winning: [], losers: "superseded", isConflict: false };
  return shapes[spec.policy.rows](rules, spec, survivors);
}

type Shape = (rules: CellRules, spec: MergeSpec, survivors: readonly Entry[]) => KeyRows;

const shapes: Readonly<Record<RowPolicy, Shape>> = {
  recencyFirst: foldByCell,
  priorityFirst: foldByCell,
  unionDistinct: keepEqualRow,
  unionAll: keepAllRows,
  keepConflicts: keepMaximalRows,
};

function foldByCell(rules: CellRules, spec: MergeSpec, survivors: readonly Entry[]): KeyRows {
  const { order } = rowRules[spec.policy.rows];
  const owner = survivors.reduce((best, other) =>
    Buffer.compare(tokenOf(order, other), tokenOf(order, best)) > 0 ? other : best,
  );
  const row: Record<string, unknown> = {};
  const winners: Record<string, readonly Contribution[]> = {};
  const winning = [owner];
  for (const column of spec.schema.columns) {
    const { name } = column;
    if (spec.policy.key.includes(name)) {
      row[name] = owner.contribution.key[name];
      continue;
    }
    const outcome = chooseCell(rules, spec, { column, entries: survivors });
    row[name] = outcome.value;
    if (outcome.winners.length > 0) winners[name] = outcome.winners.map((entry) => entry.contribution);
    winning.push(...outcome.winners);
  }
  return { rows: [{ row, winners }], winning, losers: "superseded", isConflict: false };
}

/** All are equal, and the latest stands for them; otherwise there is a conflict and no row. */
function keepEqualRow(rules: CellRules, spec: MergeSpec, survivors: readonly Entry[]): KeyRows {
  if (haveDifferentCells(rules, spec, survivors))
    return { rows: [], winning: [], losers: "rejected", isConflict: true };
  return { ...foldByCell(rules, spec, survivors), losers: "duplicate" };
}

function keepAllRows(rules: CellRules, spec: MergeSpec, survivors: readonly Entry[]): KeyRows {
  const rows = sortRows(
    spec,
    survivors.map((entry) => readRow(rules, spec, entry)),
  );
  return { rows, winning: survivors, losers: "superseded", isConflict: false };
}

/** Of the contributions that nothing comes before in time (or its bucket) and trust, the latest of each source; of equal rows one, which comes from each of them. */
function keepMaximalRows(rules: CellRules, spec: MergeSpec, survivors: readonly Entry[]): KeyRows {
  const strata = survivors.map(({ recency }) => stratumOf(recency));
  const first = strata.reduce((best, other) => (Buffer.compare(other, best) > 0 ? other : best));
  const maximal = survivors.filter(({ recency }) => stratumOf(recency).equals(first));
  const ascending = maximal.toSorted((a, b) => Buffer.compare(a.recency, b.recency));
  const latest = [...new Map(ascending.map((entry) => [entry.contribution.source, entry])).values()];
  const said = latest.map((entry) => readRow(rules, spec, entry));
  const alike = Map.groupBy(said, ({ row }) => canonicalRow(spec.schema, row).toString("hex"));
  return {
    rows: sortRows(spec, [...alike.values()].flatMap(joinEqual)),
    winning: latest,
    losers: "superseded",
    isConflict: false,
  };
}

function joinEqual(rows: readonly FoldedRow[]): readonly FoldedRow[] {
  const winners: Record<string, readonly Contribution[]> = {};
  for (const [name, some] of rows.flatMap((row) => Object.entries(row.winners)))
    winners[name] = [...(winners[name] ?? []), ...some];
  return rows.slice(0, 1).map(({ row }) => ({ row, winners }));
}

/** A contribution as a row of its own: what it does not carry is null. */
function readRow(rules: CellRules, spec: MergeSpec, { contribution }: Entry): FoldedRow {
  const row: Record<string, unknown> = {};
  const winners: Record<string, readonly Contribution[]> = {};
  for (const { name } of spec.schema.columns) {
    const isKey = spec.policy.key.includes(name);
    row[name] = (isKey ? contribution.key[name] : contribution.cells[name]) ?? null;
    if (!isKey && rules.hasCell(contribution, name)) winners[name] = [contribution];
  }
  return { row, winners };
}

function sortRows(spec: MergeSpec, rows: readonly FoldedRow[]): readonly FoldedRow[] {
  return rows
    .map((folded) => ({ folded, bytes: canonicalRow(spec.schema, folded.row) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ folded }) => folded);
}

function chooseCell(rules: CellRules, spec: MergeSpec, { column, entries }: CellEntries): CellOutcome<Entry> {
  const rule = rules.cells[cellPolicyOf(spec.policy, column.name)];
  const candidates = entries
    .filter(({ contribution }) => rules.hasCell(contribution, column.name))
    .map((entry) => ({
      contribution: entry,
      value: entry.contribution.cells[column.name] ?? null,
      token: tokenOf(rule.order, entry),
    }));
  return rule.choose(candidates, { column, reducer: spec.reducers?.[column.name] });
}

interface CellEntries {
  readonly column: Column;
  readonly entries: readonly Entry[];
}

function tokenOf(order: TokenOrder, entry: Entry): Buffer {
  return order === "recencyFirst" ? entry.recency : entry.priority;
}

/** Whether two rows of a key say different things of a column that both carry. */
function haveDifferentCells(rules: CellRules, spec: MergeSpec, survivors: readonly Entry[]): boolean {
  return spec.schema.columns.some((column) => {
    const only = { columns: [column] };
    const said = survivors.filter(({ contribution }) => rules.hasCell(contribution, column.name));
    return new Set(said.map(({ contribution }) => hashCells(only, contribution).toString("hex"))).size > 1;
  });
}
