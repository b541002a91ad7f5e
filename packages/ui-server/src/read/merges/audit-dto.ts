import type { Json } from "@watersmeet/core/values";
import type { AuditEntry } from "@watersmeet/runtime";
import { toJsonRow } from "../row-json.ts";

/** One thing that happened to an asset, in the order of commit. */
export interface AuditEntryDto extends Omit<AuditEntry, "partition" | "details"> {
  readonly partition: string | null;
  readonly details: Readonly<Record<string, Json>>;
}

export function toAuditEntryDto(entry: AuditEntry): AuditEntryDto {
  return { ...entry, details: toJsonRow(entry.details) };
}
