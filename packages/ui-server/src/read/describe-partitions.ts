import type { PartitionStatus, Watersmeet } from "@watersmeet/runtime";
import {
  buildPartitionRanges,
  buildStatusVector,
  countStatuses,
  type PartitionRangeDto,
  type StatusCounts,
} from "./partition-ranges.ts";
import { requireAsset } from "./require-asset.ts";

export interface PartitionStatesDto {
  readonly asset: string;
  readonly count: number;
  readonly counts: StatusCounts;
  readonly ranges: readonly PartitionRangeDto[];
  readonly vector: string;
  readonly keys?: readonly string[];
}

/** `status` narrows the ranges alone: counts and vector are always of all partitions. @throws {ASSET_UNKNOWN} */
export async function describePartitions(
  watersmeet: Watersmeet,
  asset: string,
  options: { readonly status?: PartitionStatus | undefined; readonly withKeys?: boolean },
): Promise<PartitionStatesDto> {
  const { key } = requireAsset(watersmeet.project().graph, asset);
  const states = await watersmeet.partitionStatuses(key);
  const ranges = buildPartitionRanges(states);
  const dto = {
    asset: key,
    count: states.length,
    counts: countStatuses(states),
    ranges: options.status === undefined ? ranges : ranges.filter(({ status }) => status === options.status),
    vector: buildStatusVector(states),
  };
  return options.withKeys === true ? { ...dto, keys: states.map(({ partition }) => partition) } : dto;
}
