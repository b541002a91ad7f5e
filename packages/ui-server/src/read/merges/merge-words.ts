import type { Fate, LateClass } from "@watersmeet/core/merge";
import { labelPartition } from "../label-partition.ts";
import type { OriginDto } from "./batch-dto.ts";
import type { DecisionDto } from "./cut-dto.ts";

// How merges are spoken of, at the command line and on every page. The web app bundles it: it may import nothing that a browser has not.

/** Every fate, in the order in which counts are told. */
export const fates = [
  "winner",
  "superseded",
  "masked",
  "duplicate",
  "held",
  "rejected",
  "revoked",
] as const satisfies readonly Fate[];

/** From what is in time to what is latest. */
export const lateClasses = [
  "onTime",
  "inGrace",
  "beyondGrace",
  "beyondHorizon",
  "closed",
] as const satisfies readonly LateClass[];

export const lateWords: Readonly<Record<LateClass, string>> = {
  onTime: "on time",
  inGrace: "in grace",
  beyondGrace: "beyond grace",
  beyondHorizon: "beyond the horizon",
  closed: "of a closed period",
};

/** Enough of the id of a batch or a cut to name it: `3f2a91c0d1e2`. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

export function renderOrigin(origin: OriginDto | null): string {
  return origin === null ? "" : `${labelPartition(origin.asset, origin.partition)} version ${origin.version}`;
}

/** `2 beyond grace, 1 of a closed period`; what is on time is said only when it is all. */
export function renderLateness(lateness: Readonly<Partial<Record<LateClass, number>>>): string {
  const late = lateClasses.filter((lateClass) => lateClass !== "onTime" && (lateness[lateClass] ?? 0) > 0);
  const said = late.map((name) => `${(lateness[name] ?? 0).toLocaleString("en-US")} ${lateWords[name]}`);
  return said.length === 0 ? "on time" : said.join(", ");
}

/** Why a merge went on. Times are worded by the caller, who knows for whom. */
export function renderDecision(
  { kind, missing, allowed }: DecisionDto,
  formatDuration: (ms: number) => string,
): string {
  if (kind === "complete") return "complete: every branch brought its newest work";
  const without = `without the newest work of ${missing.join(", ")}`;
  return kind === "quorum"
    ? `${without}: a quorum of ${allowed ?? 0} was there`
    : `${without}: it waited ${formatDuration(allowed ?? 0)}`;
}
