import type { Fate } from "@watersmeet/core/merge";
import type { BatchDto } from "../../../read/merges/batch-dto.ts";
import { fates } from "../../../read/merges/merge-words.ts";
import { formatCount, formatInstant } from "../quantities.ts";

// What the command line says of merges, in every list and sentence.

export const fateWords: Readonly<Record<Fate, string>> = {
  winner: "won",
  superseded: "superseded",
  masked: "masked by a delete or retract",
  duplicate: "duplicate",
  held: "held",
  rejected: "rejected",
  revoked: "revoked",
};

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

/** `9,123 in all: 8,000 won, 1,123 superseded` */
export function renderFates(counts: Readonly<Partial<Record<string, number>>>): string {
  const met = fates.filter((fate) => (counts[fate] ?? 0) > 0);
  const total = met.reduce((sum, fate) => sum + (counts[fate] ?? 0), 0);
  const said = met.map((fate) => `${formatCount(counts[fate] ?? 0)} ${fateWords[fate]}`);
  return met.length === 0 ? "none" : `${formatCount(total)} in all: ${said.join(", ")}`;
}
