import type { Fate, LateClass } from "@watersmeet/core/merge";
import type { BatchDto, OriginDto } from "../../../read/merges/batch-dto.ts";
import type { DecisionDto } from "../../../read/merges/cut-dto.ts";
import { shortIdLength } from "../../../read/merges/find-batches.ts";
import { renderTarget } from "../../target.ts";
import { countOf, formatCount, formatDuration, formatInstant } from "../quantities.ts";

// How merges are spoken of, in every list and sentence.

export const fateWords: Readonly<Record<Fate, string>> = {
  winner: "won",
  superseded: "superseded",
  masked: "masked by a delete or retract",
  duplicate: "duplicate",
  held: "held",
  rejected: "rejected",
  revoked: "revoked",
};

const lateWords: Readonly<Record<LateClass, string>> = {
  onTime: "on time",
  inGrace: "in grace",
  beyondGrace: "beyond grace",
  beyondHorizon: "beyond the horizon",
  closed: "of a closed period",
};

export function shortId(id: string): string {
  return id.slice(0, shortIdLength);
}

/** `2 beyond grace, 1 of a closed period`; what is on time is said only when it is all. */
export function renderLateness(lateness: BatchDto["lateness"]): string {
  const late = Object.entries(lateWords).filter(([lateClass]) => lateClass !== "onTime");
  const counts = late.map(([lateClass, words]) => [lateness[lateClass as LateClass] ?? 0, words] as const);
  const said = counts.filter(([count]) => count > 0).map(([count, words]) => `${formatCount(count)} ${words}`);
  return said.length === 0 ? "on time" : said.join(", ");
}

export function lateWord(lateClass: LateClass): string {
  return lateWords[lateClass];
}

export function renderOrigin(origin: OriginDto | null): string {
  return origin === null ? "" : `${renderTarget(origin.asset, origin.partition)} version ${origin.version}`;
}

/** A range of a source's cursor, or nothing. */
export function renderCursor(cursor: BatchDto["cursor"]): string {
  return cursor === null ? "" : `${cursor.from ?? "the beginning"} to ${cursor.to}`;
}

export function renderEventTimes(times: BatchDto["eventTimes"]): string {
  if (times === null) return "";
  return times.least === times.greatest ? times.least : `${times.least} to ${times.greatest}`;
}

/** Times of the server in seconds: `2001-01-31 05:00:00Z`. */
export function renderAt(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : formatInstant(at);
}

export function renderDecision({ kind, missing, allowed }: DecisionDto): string {
  if (kind === "complete") return "complete: every branch brought its newest work";
  const without = `without the newest work of ${missing.join(", ")}`;
  if (kind === "quorum") return `${without}: a quorum of ${countOf(allowed ?? 0, "branch", "branches")} was there`;
  return `${without}: it waited ${formatDuration(allowed ?? 0)}`;
}

/** `9,123 in all: 8,000 won, 1,123 superseded`, in the order of the words above. */
export function renderFates(fates: Readonly<Partial<Record<string, number>>>): string {
  const known = Object.entries(fateWords).map(([fate, words]) => [fates[fate] ?? 0, words] as const);
  const total = known.reduce((sum, [count]) => sum + count, 0);
  const said = known.filter(([count]) => count > 0).map(([count, words]) => `${formatCount(count)} ${words}`);
  return said.length === 0 ? "none" : `${formatCount(total)} in all: ${said.join(", ")}`;
}
