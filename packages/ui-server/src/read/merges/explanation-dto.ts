import type { BatchStanding, Fate, LateClass, Operation } from "@watersmeet/core/merge";
import type { Json } from "@watersmeet/core/values";
import type { ExplainedContribution, Explanation } from "@watersmeet/runtime";
import { toJsonRow, toJsonValue } from "../row-json.ts";
import type { OriginDto } from "./batch-dto.ts";

type JsonRow = Readonly<Record<string, Json>>;

export interface ContributionDto {
  readonly fate: Fate;
  readonly operation: Operation;
  readonly branch: string;
  /** Cells that it says something of. */
  readonly cells: JsonRow;
  /** What decides, in its order. */
  readonly token: readonly { readonly part: string; readonly value: string }[];
  readonly lateClass: LateClass;
  readonly batch: {
    readonly id: string;
    readonly generation: number;
    readonly epoch: number;
    readonly standing: BatchStanding;
    readonly cursor: { readonly from: string | null; readonly to: string } | null;
    readonly origin: (OriginDto & { readonly materializationId: string | null }) | null;
  };
}

export interface ExplainedCellDto {
  readonly column: string;
  readonly policy: string;
  readonly value: Json;
  readonly winners: readonly ContributionDto[];
  /** In the order in which they would win. */
  readonly runnersUp: readonly ContributionDto[];
}

/** Why a row of a merge is as it is. */
export interface ExplanationDto {
  readonly asset: string;
  readonly partition: string;
  readonly version: number;
  readonly cutId: string;
  readonly isByPresentRules: boolean;
  readonly key: JsonRow;
  readonly row: JsonRow | null;
  readonly isConflict: boolean;
  readonly cells: readonly ExplainedCellDto[];
  readonly tombstones: readonly ContributionDto[];
  readonly others: readonly ContributionDto[];
}

export function toExplanationDto(explanation: Explanation): ExplanationDto {
  const { key, row, cells, tombstones, others, ...rest } = explanation;
  return {
    ...rest,
    key: toJsonRow(key),
    row: row === null ? null : toJsonRow(row),
    cells: cells.map(({ column, policy, value, winners, runnersUp }) => ({
      column,
      policy,
      value: toJsonValue(value),
      winners: winners.map(toContributionDto),
      runnersUp: runnersUp.map(toContributionDto),
    })),
    tombstones: tombstones.map(toContributionDto),
    others: others.map(toContributionDto),
  };
}

function toContributionDto({ cells, batch, ...rest }: ExplainedContribution): ContributionDto {
  const { batchId, ...others } = batch;
  return { ...rest, cells: toJsonRow(cells), batch: { id: batchId, ...others } };
}
