import type { MappingSpec } from "@watersmeet/core/values";

/** `1,204`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `420 ms`, `3.2 s`, `2 min 4 s`, `2 h 4 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Local time of day and date; the UTC instant belongs in the title. */
export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function formatPartition(partition: string): string {
  return partition === "" ? "unpartitioned" : partition;
}

/** `1.2 kB`, `3.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${step === 0 ? bytes : (bytes / 1000 ** step).toFixed(1)} ${units[step]}`;
}

/** `same`, `all`, `last 7`, `offset -1`. */
export function describeMapping(mapping: MappingSpec): string {
  if (mapping.kind === "last") return `last ${mapping.count}`;
  if (mapping.kind === "offset") return `offset ${mapping.by}`;
  return mapping.kind;
}
