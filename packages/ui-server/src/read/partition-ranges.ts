import type { PartitionKey } from "@watersmeet/core/values";
import type { PartitionStatus } from "@watersmeet/runtime";

export interface PartitionState {
  readonly partition: PartitionKey;
  readonly status: PartitionStatus;
}

/** Neighbouring partitions with the same status; both ends belong to it. */
export interface PartitionRangeDto {
  readonly from: string;
  readonly to: string;
  /** Place of `from` in the asset's numbering of its partitions. */
  readonly offset: number;
  readonly count: number;
  readonly status: PartitionStatus;
}

export type StatusCounts = Readonly<Record<PartitionStatus, number>>;

/** Runs of equal status, in the order given. */
export function buildPartitionRanges(states: readonly PartitionState[]): readonly PartitionRangeDto[] {
  const ranges: { from: string; to: string; offset: number; count: number; status: PartitionStatus }[] = [];
  for (const [offset, { partition, status }] of states.entries()) {
    const last = ranges.at(-1);
    if (last?.status === status) {
      last.to = partition;
      last.count += 1;
    } else {
      ranges.push({ from: partition, to: partition, offset, count: 1, status });
    }
  }
  return ranges;
}

/** One letter per partition, in order, for grids: `m` materialized, `s` stale, `-` missing, `f` failed, `r` running. */
export function buildStatusVector(states: readonly PartitionState[]): string {
  return states.map(({ status }) => statusLetters[status]).join("");
}

export function countStatuses(states: readonly PartitionState[]): StatusCounts {
  const counts = { materialized: 0, stale: 0, missing: 0, failed: 0, running: 0 };
  for (const { status } of states) counts[status] += 1;
  return counts;
}

/** The one word for an asset: what most needs a person's eye comes first. */
export function judgeHealth(counts: StatusCounts): PartitionStatus {
  if (counts.failed > 0) return "failed";
  if (counts.running > 0) return "running";
  if (counts.stale > 0) return "stale";
  return counts.missing > 0 ? "missing" : "materialized";
}

const statusLetters: Readonly<Record<PartitionStatus, string>> = {
  materialized: "m",
  stale: "s",
  missing: "-",
  failed: "f",
  running: "r",
};
