import type { OrdinalRange, Plan, PlannedAsset, PlanRequest, RunReason, SkipReason } from "@watersmeet/core/plan";
import { createPartitionSpace, type PartitionSpace } from "@watersmeet/core/values";

/** Neighbouring partitions by key; both ends belong to it. */
export interface KeyRangeDto {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

export interface PlanGroupDto<Reason> {
  readonly reason: Reason;
  readonly partitionCount: number;
  readonly ranges: readonly KeyRangeDto[];
}

/** A plan as faces show it: partitions by key. */
export interface PlanDto {
  readonly environment: string;
  readonly request: PlanRequest;
  readonly plannedAt: string;
  readonly stepCount: number;
  readonly skipCount: number;
  readonly assets: readonly {
    readonly asset: string;
    readonly partitionCount: number;
    readonly stepCount: number;
    readonly skipCount: number;
    readonly run: readonly PlanGroupDto<RunReason>[];
    readonly skip: readonly PlanGroupDto<SkipReason>[];
  }[];
}

export function buildPlanDto(plan: Plan): PlanDto {
  const plannedAt = new Date(plan.plannedAt);
  const assets = plan.assets.map((planned) => toAssetDto(planned, createPartitionSpace(planned.partitions, plannedAt)));
  return {
    environment: plan.environment,
    request: plan.request,
    plannedAt: plan.plannedAt,
    stepCount: plan.stepCount,
    skipCount: assets.reduce((total, { skipCount }) => total + skipCount, 0),
    assets,
  };
}

function toAssetDto(planned: PlannedAsset, space: PartitionSpace): PlanDto["assets"][number] {
  const run = planned.run.map((group) => toGroupDto(group, space));
  const skip = planned.skip.map((group) => toGroupDto(group, space));
  const { asset, partitionCount } = planned;
  return { asset, partitionCount, stepCount: countPartitions(run), skipCount: countPartitions(skip), run, skip };
}

function toGroupDto<Reason>(
  group: { readonly reason: Reason; readonly partitions: readonly OrdinalRange[] },
  space: PartitionSpace,
): PlanGroupDto<Reason> {
  const ranges = group.partitions.map(([from, to]) => ({
    from: space.keyAt(from),
    to: space.keyAt(to - 1),
    count: to - from,
  }));
  return { reason: group.reason, partitionCount: ranges.reduce((total, { count }) => total + count, 0), ranges };
}

function countPartitions(groups: readonly { readonly partitionCount: number }[]): number {
  return groups.reduce((total, { partitionCount }) => total + partitionCount, 0);
}
