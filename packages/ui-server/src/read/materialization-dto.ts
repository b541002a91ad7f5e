import type { Json } from "@watersmeet/core/values";
import type { Materialization } from "@watersmeet/runtime";

/** The record of one version. */
export interface MaterializationDto {
  readonly id: string;
  readonly asset: string;
  readonly partition: string;
  readonly version: number;
  readonly commitId: string;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly dataDigest: string;
  readonly rowCount: number;
  readonly sizeBytes: number;
  readonly quarantinedCount: number;
  readonly facts: Json;
  readonly store: string;
  readonly environment: string;
  readonly runId: string | null;
  readonly attempt: number;
  readonly requestedBy: string;
  readonly traceId: string;
  readonly startedAt: string;
  readonly committedAt: string;
  readonly isHead: boolean;
  /** The versions that this one was made from. */
  readonly inputs: readonly {
    readonly position: string;
    readonly asset: string;
    readonly partition: string;
    readonly version: number;
    readonly commitId: string;
    readonly materializationId: string | null;
  }[];
}

export function toMaterializationDto(record: Materialization): MaterializationDto {
  return { ...record, startedAt: record.startedAt.toISOString(), committedAt: record.committedAt.toISOString() };
}
