import type { LateClass } from "@watersmeet/core/merge";
import type { BatchDto, OriginDto } from "../../../../src/read/merges/batch-dto.ts";
import type { DecisionDto } from "../../../../src/read/merges/cut-dto.ts";
import { formatCount, formatDuration } from "../../format.ts";

// How merges are spoken of on every page.

export const lateWords: Readonly<Record<LateClass, string>> = {
  onTime: "on time",
  inGrace: "in grace",
  beyondGrace: "beyond grace",
  beyondHorizon: "beyond the horizon",
  closed: "of a closed period",
};

/** `3f2a91c0d1e2`: enough to name a batch or a cut at the command line. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

export function labelPartition(asset: string, partition: string): string {
  return partition === "" ? asset : `${asset}@${partition}`;
}

export function describeOrigin(origin: OriginDto | null): string {
  return origin === null ? "" : `${labelPartition(origin.asset, origin.partition)} version ${origin.version}`;
}

export function describeLateness(lateness: BatchDto["lateness"]): string {
  const said = Object.entries(lateness).filter(([lateClass, count]) => lateClass !== "onTime" && count > 0);
  if (said.length === 0) return "on time";
  return said.map(([lateClass, count]) => `${formatCount(count)} ${lateWords[lateClass as LateClass]}`).join(", ");
}

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
