import type { BatchStanding, LateClass, Operation } from "@watersmeet/core/merge";
import type { Json } from "@watersmeet/core/values";
import type { BatchRecord, StoredContribution } from "@watersmeet/runtime";
import { toJsonRow } from "../row-json.ts";
import { renderEventTime, renderEventTimeOrNull } from "./event-time.ts";

/** The version that a batch was delivered by. */
export interface OriginDto {
  readonly asset: string;
  readonly partition: string;
  readonly version: number;
  readonly commitId: string;
  readonly codeVersion: string;
  readonly runId: string | null;
  readonly traceId: string | null;
}

/** What a branch handed to a merge. Event times and watermarks are ISO-8601 to the microsecond. */
export interface BatchDto {
  readonly id: string;
  readonly asset: string;
  readonly partition: string;
  readonly branch: string;
  readonly batchKey: string;
  readonly generation: number;
  readonly epoch: number;
  readonly digest: string;
  readonly sequence: string;
  readonly rowCount: number;
  readonly duplicateCount: number;
  readonly rejectedCount: number;
  /** Rows that were delivered with it and belong to other partitions; they are in no other count. */
  readonly outsideCount: number;
  readonly eventTimes: { readonly least: string; readonly greatest: string } | null;
  readonly cursor: { readonly from: string | null; readonly to: string } | null;
  readonly promise: { readonly watermark: string | null; readonly isFinished: boolean } | null;
  readonly origin: OriginDto | null;
  readonly standing: BatchStanding;
  readonly lateness: Readonly<Partial<Record<LateClass, number>>>;
  readonly sealedAt: string;
  readonly sinceVersion: number | null;
}

/** One row of a batch, as it was delivered. */
export interface BatchRowDto {
  readonly operation: Operation;
  readonly key: Readonly<Record<string, Json>>;
  /** Cells that it says something of. */
  readonly cells: Readonly<Record<string, Json>>;
  readonly eventTime: string | null;
  readonly sequence: string;
  readonly lateClass: LateClass;
  /** Why it cannot count; `null`: it can. */
  readonly fault: string | null;
}

export interface BatchRowsDto {
  readonly batch: BatchDto;
  readonly rows: readonly BatchRowDto[];
}

export function toBatchDto(record: BatchRecord): BatchDto {
  // That a batch cannot be taken back is said by who is asked to.
  const { batchId, eventTimes, promise, outsideCount = 0, settledBefore: _, ...rest } = record;
  return {
    id: batchId,
    ...rest,
    outsideCount,
    eventTimes:
      eventTimes === null
        ? null
        : { least: renderEventTime(eventTimes.least), greatest: renderEventTime(eventTimes.greatest) },
    promise: promise === null ? null : { ...promise, watermark: renderEventTimeOrNull(promise.watermark) },
  };
}

export function toBatchRowDto(row: StoredContribution): BatchRowDto {
  const { operation, sequence, lateClass, fault } = row;
  return {
    operation,
    key: toJsonRow(row.key),
    cells: toJsonRow(row.cells),
    eventTime: renderEventTimeOrNull(row.eventTimeUs),
    sequence,
    lateClass,
    fault,
  };
}
