import type { SplitRecord } from "./read-splits.ts";

/** In words: `orders @ 2001-01-31 is made in 8 slices: it has 1,000,000 rows …`. */
export function describeSplit(split: SplitRecord): string {
  const { asset, partition, parts, rowCount, medianRows, expectedMs, slices } = split;
  const name = partition === "" ? asset : `${asset} @ ${partition}`;
  const rows = `${countRows(rowCount)} to read`;
  const siblings =
    medianRows === null ? "" : `, where its siblings have ${Math.round(medianRows).toLocaleString("en-US")}`;
  const whole = expectedMs === null ? "" : `, and would take ${formatSeconds(expectedMs)} in one piece`;
  const last = slices?.map(({ tookMs }) => tookMs) ?? [];
  const took = last.length === 0 ? "" : `; the longest of them took ${formatSeconds(Math.max(...last))}`;
  return `${name} is made in ${parts} slices: it has ${rows}${siblings}${whole}${took}`;
}

function countRows(count: number): string {
  return `${count.toLocaleString("en-US")} row${count === 1 ? "" : "s"}`;
}

function formatSeconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
