import type { BatchStanding, Fate, LegState, MergePolicy } from "@watersmeet/core/merge";
import type { MergeOverview, MergePartitionOverview } from "@watersmeet/runtime";
import { toDecisionDto, type DecisionDto } from "./cut-dto.ts";
import { renderEventTimeOrNull } from "./event-time.ts";

export interface MergeLegDto {
  readonly branch: string;
  readonly state: LegState;
  readonly watermark: string | null;
  readonly isLastGood: boolean;
  readonly batches: Readonly<Record<BatchStanding, number>>;
  readonly inputs: readonly { readonly asset: string; readonly partition: string; readonly version: number }[];
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
}

/** A merge's synchronization point in one partition: what readers see now, and what it waits for. */
export interface MergePartitionDto {
  readonly partition: string;
  readonly version: number | null;
  readonly cutId: string | null;
  readonly committedAt: string | null;
  readonly decision: DecisionDto | null;
  readonly watermark: string | null;
  readonly fates: Readonly<Partial<Record<Fate, number>>>;
  readonly legs: readonly MergeLegDto[];
  readonly waitingFor: readonly { readonly branch: string; readonly why: string }[];
  /** Batches in the holding area. */
  readonly held: number;
}

export interface MergeDto {
  readonly asset: string;
  readonly policy: MergePolicy;
  readonly isFrozen: boolean;
  readonly partitions: readonly MergePartitionDto[];
}

export function toMergeDto({ asset, policy, isFrozen, partitions }: MergeOverview): MergeDto {
  return { asset, policy, isFrozen, partitions: partitions.map(toMergePartitionDto) };
}

function toMergePartitionDto({ decision, watermark, legs, ...rest }: MergePartitionOverview): MergePartitionDto {
  return {
    ...rest,
    decision: decision === null ? null : toDecisionDto(decision),
    watermark: renderEventTimeOrNull(watermark),
    legs: legs.map((leg) => ({ ...leg, watermark: renderEventTimeOrNull(leg.watermark) })),
  };
}
