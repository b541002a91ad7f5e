import type { BatchDto } from "../../../../src/read/merges/batch-dto.ts";
import type { DecisionDto } from "../../../../src/read/merges/cut-dto.ts";
import { formatCount, formatDuration } from "../../format.ts";

// What pages say of merges, besides what the command line says too.

export function describeEventTimes(times: BatchDto["eventTimes"]): string {
  if (times === null) return "";
  return times.least === times.greatest ? times.least : `${times.least} … ${times.greatest}`;
}

export function describeDecision({ kind, missing, allowed }: DecisionDto): string {
  if (kind === "complete") return "complete: every branch brought its newest work";
  const without = `without the newest work of ${missing.join(", ")}`;
  return kind === "quorum"
    ? `${without}: a quorum of ${formatCount(allowed ?? 0)} was there`
    : `${without}: it waited ${formatDuration(allowed ?? 0)}`;
}
