import { parseTimestamp } from "../../schema/instant.ts";
import type { Cut } from "../cut/cut.ts";
import type { LateClass, LatePolicy } from "./late-policy.ts";

/** What the lateness of a row is judged by. All of it is recorded: nothing is read from a clock. */
export interface LatenessTerms {
  readonly policy: LatePolicy;
  /** The instant of the cut, as its caller judged it: ISO-8601 UTC. */
  readonly asOf: string;
  /** Window of the merge's partition, microseconds as text, the end exclusive; `null`: it has none. */
  readonly window: { readonly from: string; readonly to: string } | null;
  /** What the cut that is built on knows: see `lateBase`. The watermark is microseconds as text, or `infinity`. `null`: nothing can be late. */
  readonly base: { readonly watermark: string | null } | null;
  /** How long tombstones are kept behind the watermark; `null`: for ever. */
  readonly keepMs: number | null;
}

/**
 * The classes as comparisons of a row's time with constants, microseconds since 1970, each within 64 signed bits. In this order: later than `futureAfterUs`, the row is set aside
 * (`eventTimeFuture`); before `closedBeforeUs`, `closed`; before `horizonFromUs`, `beyondHorizon`; from `onTimeFromUs` on, `onTime`; from `graceFromUs` on, `inGrace`;
 * else `beyondGrace`. An undated row is on time.
 */
export interface LateBounds {
  readonly futureAfterUs: bigint;
  readonly closedBeforeUs: bigint;
  readonly horizonFromUs: bigint;
  readonly onTimeFromUs: bigint;
  readonly graceFromUs: bigint;
}

/** What to do with a row of a class. `hold`: it waits for an order. `reject`: it is recorded and left out. */
export type LateTreatment = "admit" | "hold" | "reject";

const defaultMaxFutureMs = 86_400_000;
const usPerMs = 1_000n;
/** Times of rows lie between these; the one before the least stands for "undated" in tokens. */
const times = { least: -(2n ** 63n) + 1n, greatest: 2n ** 63n - 2n };

/**
 * What rows of a branch are judged against: the watermark of the cut that is built on. A branch that it had nothing of, because it is new or has never delivered, cannot be late:
 * nothing was published in the belief that it was there.
 */
export function lateBase(cut: Cut | null, branch: string): LatenessTerms["base"] {
  const leg = cut?.legs.find((each) => each.branch === branch);
  return cut === null || leg === undefined || leg.state === "missing" ? null : { watermark: cut.watermark };
}

/** When a row came, judged against the cut before (M29). A row of a window is late when the watermark has passed the window's end; one without, when it has passed the row's time. */
export function classify(eventTimeUs: bigint | null, terms: LatenessTerms): LateClass {
  if (eventTimeUs === null || terms.base === null) return "onTime";
  if (isClosed(eventTimeUs, terms.policy)) return "closed";
  const watermark = readWatermark(terms.base.watermark);
  if (watermark === null) return "onTime";
  const horizonMs = horizonOf(terms);
  if (horizonMs !== null && isBehind(eventTimeUs, watermark, horizonMs)) return "beyondHorizon";
  const due = lastOf(terms.window) ?? eventTimeUs;
  if (!isBehind(due, watermark, 0)) return "onTime";
  return isBehind(due, watermark, terms.policy.graceMs) ? "beyondGrace" : "inGrace";
}

/** Whether a row claims a time so far ahead that it is set aside and moves no watermark (M28). */
export function isFuture(eventTimeUs: bigint, terms: Pick<LatenessTerms, "policy" | "asOf">): boolean {
  return eventTimeUs > futureAfter(terms);
}

/** The same as `classify` and `isFuture`, in the form that SQL renders. */
export function lateBounds(terms: LatenessTerms): LateBounds {
  const futureAfterUs = futureAfter(terms);
  const all = { onTimeFromUs: times.least, graceFromUs: times.least, horizonFromUs: times.least };
  if (terms.base === null) return { futureAfterUs, closedBeforeUs: times.least, ...all };
  const closedBeforeUs = clamp(readInstant(terms.policy.closedBefore) ?? times.least);
  const watermark = readWatermark(terms.base.watermark);
  if (watermark === null) return { futureAfterUs, closedBeforeUs, ...all };
  const horizonMs = horizonOf(terms);
  const dueFrom = (behindMs: number) => dueBound(terms, startOf(watermark, behindMs));
  return {
    futureAfterUs,
    closedBeforeUs,
    horizonFromUs: horizonMs === null ? times.least : clamp(startOf(watermark, horizonMs)),
    onTimeFromUs: dueFrom(0),
    graceFromUs: dueFrom(terms.policy.graceMs),
  };
}

/**
 * What becomes of rows of a class under a policy (M30). Rows of a closed period or beyond the horizon always wait; those that would amend a published version wait when the cap on
 * amendments is reached. `amendmentsLeft` is that function's answer.
 */
export function treatLate(lateClass: LateClass, policy: LatePolicy, amendmentsLeft: number | null): LateTreatment {
  switch (lateClass) {
    case "onTime":
      return "admit";
    case "closed":
    case "beyondHorizon":
      return "hold";
    case "inGrace":
      return amendmentsLeft === 0 ? "hold" : "admit";
    case "beyondGrace":
      if (policy.beyond !== "amend") return policy.beyond;
      return amendmentsLeft === 0 ? "hold" : "admit";
  }
}

/** Microseconds of a stored watermark; `null`: not known. */
export function readWatermark(text: string | null): bigint | "infinity" | null {
  if (text === null) return null;
  return text === "infinity" ? text : BigInt(text);
}

function isClosed(eventTimeUs: bigint, policy: LatePolicy): boolean {
  const closedBefore = readInstant(policy.closedBefore);
  return closedBefore !== null && eventTimeUs < closedBefore;
}

/** Whether a time is more than so many milliseconds behind the watermark. Everything is behind the end of all sources. */
function isBehind(timeUs: bigint, watermark: bigint | "infinity", byMs: number): boolean {
  return watermark === "infinity" || timeUs < watermark - BigInt(byMs) * usPerMs;
}

/** First time that is not more than so much behind. */
function startOf(watermark: bigint | "infinity", behindMs: number): bigint {
  return watermark === "infinity" ? times.greatest + 1n : watermark - BigInt(behindMs) * usPerMs;
}

/** In a window all rows are due at its end: from its start on all of them are within the bound, or none is. */
function dueBound({ window }: LatenessTerms, start: bigint): bigint {
  const last = lastOf(window);
  if (last === null) return clamp(start);
  return last >= start ? times.least : times.greatest + 1n;
}

/** The last microsecond of a window: when the watermark is beyond it, nothing of the window is to come. */
function lastOf(window: LatenessTerms["window"]): bigint | null {
  return window === null ? null : BigInt(window.to) - 1n;
}

/** The shorter of what is said and what is kept: beyond either, tombstones may be gone (M14). */
function horizonOf({ policy, keepMs }: LatenessTerms): number | null {
  const said = [policy.horizonMs ?? null, keepMs].filter((ms) => ms !== null);
  return said.length === 0 ? null : Math.min(...said);
}

function futureAfter({ policy, asOf }: Pick<LatenessTerms, "policy" | "asOf">): bigint {
  const limit = (readInstant(asOf) ?? times.greatest) + BigInt(policy.maxFutureMs ?? defaultMaxFutureMs) * usPerMs;
  return limit < times.greatest ? limit : times.greatest;
}

function readInstant(text: string | undefined): bigint | null {
  return text === undefined ? null : parseTimestamp(text);
}

/** Into the times that rows have, and the one after them, which none reaches. */
function clamp(us: bigint): bigint {
  if (us < times.least) return times.least;
  return us > times.greatest ? times.greatest + 1n : us;
}
