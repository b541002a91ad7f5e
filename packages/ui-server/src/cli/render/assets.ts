import type { PartitionStatus } from "@watersmeet/runtime";
import type { AssetDto } from "../../read/asset-dto.ts";
import { formatCount, formatInstant } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

export function renderAssetList(assets: readonly AssetDto[], style: Style): string {
  if (assets.length === 0) return "No assets. Write one in assets/, or see watersmeet check";
  const columns = [
    { title: "asset" },
    { title: "kind" },
    { title: "reads" },
    { title: "built", align: "right" },
    { title: "rows", align: "right" },
    { title: "last" },
    { title: "state" },
  ] as const;
  const rows = assets.map((asset) => [
    style.bold(asset.key),
    asset.kind,
    [...new Set(asset.inputs.map((input) => input.asset))].join(", "),
    countBuilt(asset),
    asset.head === null ? "" : formatCount(asset.head.rowCount),
    asset.head === null ? "" : formatInstant(new Date(asset.head.lastCommittedAt)),
    colorStatus(asset.health, style),
  ]);
  return renderTable(columns, rows, style);
}

export function colorStatus(status: PartitionStatus, style: Style): string {
  return statusColors[status](status, style);
}

const statusColors: Readonly<Record<PartitionStatus, (text: string, style: Style) => string>> = {
  materialized: (text, style) => style.green(text),
  stale: (text, style) => style.yellow(text),
  missing: (text, style) => style.dim(text),
  failed: (text, style) => style.red(text),
  running: (text, style) => style.cyan(text),
};

function countBuilt({ counts, partitions }: AssetDto): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const built = counts.materialized + counts.stale;
  if (partitions === null) return built > 0 ? "yes" : "no";
  return `${formatCount(built)}/${formatCount(total)}`;
}
