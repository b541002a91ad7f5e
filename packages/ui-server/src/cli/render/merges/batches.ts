import { labelPartition } from "../../../read/label-partition.ts";
import type { BatchDto, BatchRowsDto } from "../../../read/merges/batch-dto.ts";
import { lateWords, renderLateness, renderOrigin, shortId } from "../../../read/merges/merge-words.ts";
import { renderCell } from "../cells.ts";
import { countOf, formatCount } from "../quantities.ts";
import type { Style } from "../style.ts";
import { renderTable, type TableColumn } from "../table.ts";
import { renderAt, renderCursor, renderEventTimes } from "./merge-words.ts";

const standingColors: Readonly<Record<BatchDto["standing"], (text: string, style: Style) => string>> = {
  live: (text, style) => style.green(text),
  superseded: (text, style) => style.dim(text),
  revoked: (text, style) => style.red(text),
  held: (text, style) => style.yellow(text),
  rejected: (text, style) => style.red(text),
};

export function colorStanding(standing: BatchDto["standing"], style: Style): string {
  return standingColors[standing](standing, style);
}

interface BatchColumn extends TableColumn {
  readonly cell: (batch: BatchDto, style: Style) => string;
}

const batchColumns: readonly BatchColumn[] = [
  { title: "batch", cell: ({ id }) => shortId(id) },
  { title: "merge", cell: ({ asset, partition }, style) => style.bold(labelPartition(asset, partition)) },
  { title: "branch", cell: ({ branch }) => branch },
  { title: "standing", cell: ({ standing }, style) => colorStanding(standing, style) },
  { title: "gen", align: "right", cell: ({ generation }) => String(generation) },
  { title: "rows", align: "right", cell: ({ rowCount }) => formatCount(rowCount) },
  { title: "lateness", cell: ({ lateness }) => renderLateness(lateness) },
  { title: "event times", cell: ({ eventTimes }) => renderEventTimes(eventTimes) },
  { title: "delivered by", cell: ({ origin }) => renderOrigin(origin) },
  { title: "sealed", cell: ({ sealedAt }) => renderAt(sealedAt) },
];

/** A list of batches; `without` names columns that would say the same of each. */
export function renderBatchTable(batches: readonly BatchDto[], style: Style, without: readonly string[] = []): string {
  const columns = batchColumns.filter(({ title }) => !without.includes(title));
  const rows = batches.map((batch) => columns.map(({ cell }) => cell(batch, style)));
  return renderTable(columns, rows, style);
}

/** What is said where a list was longer than its limit. */
export function renderMore(nextCursor: string | null, style: Style): readonly string[] {
  return nextCursor === null ? [] : ["", style.dim("There are more: --limit shows them")];
}

export function renderBatchRows({ batch, rows }: BatchRowsDto, style: Style): string {
  return [
    `${style.bold("batch")} ${batch.id}  ${colorStanding(batch.standing, style)}`,
    ...renderBatchFacts(batch),
    "",
    ...renderRows({ batch, rows }, style),
  ].join("\n");
}

function renderBatchFacts(batch: BatchDto): readonly string[] {
  const { asset, partition, branch, generation, epoch, origin, cursor, sinceVersion } = batch;
  const facts: readonly (readonly [string, string])[] = [
    ["of", `${labelPartition(asset, partition)}, branch ${branch}, generation ${generation}, epoch ${epoch}`],
    ["rows", describeRowCounts(batch)],
    ["lateness", renderLateness(batch.lateness)],
    ["event times", renderEventTimes(batch.eventTimes)],
    ["cursor", renderCursor(cursor)],
    ["delivered by", renderOrigin(origin)],
    ["run", origin?.runId ?? ""],
    ["code", origin?.codeVersion.slice(0, 12) ?? ""],
    ["trace", origin?.traceId ?? ""],
    ["sealed", renderAt(batch.sealedAt)],
    ["counts since", sinceVersion === null ? "" : `version ${sinceVersion}`],
  ];
  return facts.filter(([, text]) => text !== "").map(([name, text]) => `${name.padEnd(14)}${text}`);
}

function describeRowCounts({ rowCount, duplicateCount, rejectedCount, outsideCount }: BatchDto): string {
  const more = [
    ...(duplicateCount > 0 ? [countOf(duplicateCount, "duplicate")] : []),
    ...(rejectedCount > 0 ? [`${formatCount(rejectedCount)} rejected`] : []),
    ...(outsideCount > 0 ? [`${formatCount(outsideCount)} of other partitions`] : []),
  ];
  return [formatCount(rowCount), ...more].join(", ");
}

function renderRows({ batch, rows }: BatchRowsDto, style: Style): readonly string[] {
  if (rows.length === 0) return ["No rows"];
  const columns = [...new Set(rows.flatMap((row) => [...Object.keys(row.key), ...Object.keys(row.cells)]))];
  const heads = ["does", ...columns, "event time", "came", "fault"].map((title) => ({ title }));
  const cells = rows.map((row) => [
    row.operation,
    ...columns.map((column) => {
      const value = { ...row.cells, ...row.key }[column];
      return value === undefined ? "" : renderCell(value, style);
    }),
    row.eventTime ?? "",
    lateWords[row.lateClass],
    row.fault === null ? "" : style.red(row.fault),
  ]);
  const all = batch.rowCount + batch.rejectedCount;
  const count = rows.length < all ? `${countOf(rows.length, "row")} of ${formatCount(all)}` : countOf(all, "row");
  return [renderTable(heads, cells, style), "", count];
}
