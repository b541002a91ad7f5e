import { WatersmeetError } from "../../errors/watersmeet-error.ts";
import type { AssetKey } from "../asset-key.ts";
import { normalizeRanges, type OrdinalRange } from "../ordinal-ranges.ts";
import type { PartitionSpace } from "./partition-space.ts";

/** Words that depend on what has been made; the planner knows. */
export type StateWord = "failed" | "stale" | "missing";

/** What a person wrote to choose partitions, e.g. `2001-01-01..2001-01-31`, `eu,us`, `*|eu`, `latest`, `missing`. */
export interface PartitionExpression {
  readonly text: string;
  readonly words: readonly StateWord[];
  /** The terms that name partitions, not yet looked up in any space. */
  readonly terms: readonly string[];
}

/** @throws {PARTITION_INVALID} when a term is empty */
export function parsePartitionExpression(text: string): PartitionExpression {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) {
    throw new WatersmeetError("PARTITION_INVALID", `The partitions "${text}" have an empty term`, {
      hint: "Write a key, a range A..B, or all, latest, failed, stale, missing; separate several by commas.",
    });
  }
  return { text, words: parts.filter(isStateWord), terms: parts.filter((part) => !isStateWord(part)) };
}

function isStateWord(text: string): text is StateWord {
  return text === "failed" || text === "stale" || text === "missing";
}

/** What one term means in one space. */
export type TermMeaning =
  | {
      readonly kind: "found";
      readonly ranges: readonly OrdinalRange[];
      /** Some of what was named lies outside the space. */ readonly isCut: boolean;
    }
  /** Well-formed, but wholly outside. */
  | { readonly kind: "outside" }
  /** Not how partitions of this space are written. */
  | { readonly kind: "foreign" };

/**
 * Both ends of `A..B` belong to the range. In time, a month, a day or an hour stands for the windows that overlap it, whatever their grain:
 * `2001-01` is 31 daily partitions, and `2001-01-17` is the week from 2001-01-15.
 */
export function findTerm(term: string, space: PartitionSpace): TermMeaning {
  // Nothing is all of nothing: an asset whose first window has not ended yet is no mistake.
  if (term === "all" || term === "*")
    return { kind: "found", ranges: normalizeRanges([[0, space.size]]), isCut: false };
  if (term === "latest") return findLatest(space);
  const exact = space.ordinalOf(term);
  if (exact !== undefined) return found([[exact, exact + 1]], false);
  if (space.dimensions.length === 2) return findInProduct(term, space);
  const [from, to, ...rest] = term.split("..").map((end) => end.trim());
  if (from === undefined || rest.length > 0) return { kind: "foreign" };
  return space.time === null
    ? findKeyRange(space, from, to)
    : findTimeRange({ space, time: space.time, from, to: to ?? from });
}

function found(ranges: readonly OrdinalRange[], isCut: boolean): TermMeaning {
  const normal = normalizeRanges(ranges);
  return normal.length === 0 ? { kind: "outside" } : { kind: "found", ranges: normal, isCut };
}

/** Of a product: the latest window of its time, with every partition of the other dimension. */
function findLatest(space: PartitionSpace): TermMeaning {
  if (space.dimensions.length === 2) {
    const sides = space.dimensions.map((one) =>
      one.time === null && space.dimensions.some((other) => other.time !== null) ? "*" : "latest",
    );
    return findInProduct(sides.join("|"), space);
  }
  return space.size === 0 ? { kind: "outside" } : found([[space.size - 1, space.size]], false);
}

function findKeyRange(space: PartitionSpace, from: string, to: string | undefined): TermMeaning {
  const first = space.ordinalOf(from);
  const last = to === undefined ? undefined : space.ordinalOf(to);
  if (first === undefined || last === undefined) return { kind: "foreign" };
  return found([[first, last + 1]], false);
}

interface TimeRange {
  readonly space: PartitionSpace;
  readonly time: NonNullable<PartitionSpace["time"]>;
  readonly from: string;
  readonly to: string;
}

function findTimeRange({ space, time, from, to }: TimeRange): TermMeaning {
  const first = time.parseSpan(from);
  const last = time.parseSpan(to);
  if (first === undefined || last === undefined || last.endMs <= first.startMs) return { kind: "foreign" };
  const start = time.timeline.ordinalAt(first.startMs);
  const end = time.timeline.ordinalAt(last.endMs - 1) + 1;
  const isCut = start < 0 || end > space.size;
  return found([[Math.max(0, start), Math.min(end, space.size)]], isCut);
}

function findInProduct(term: string, space: PartitionSpace): TermMeaning {
  const [first, second] = space.dimensions;
  const sides = term.split("|").map((side) => side.trim());
  if (first === undefined || second === undefined || sides.length > 2) return { kind: "foreign" };
  if (sides.length === 1) return findInOneDimension(term, space);
  const rows = findTerm(sides[0] ?? "", first);
  const columns = findTerm(sides[1] ?? "", second);
  if (rows.kind !== "found") return rows;
  if (columns.kind !== "found") return columns;
  const ranges = rows.ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, index) =>
      columns.ranges.map(([a, b]): OrdinalRange => [
        (from + index) * second.size + a,
        (from + index) * second.size + b,
      ]),
    ).flat(),
  );
  return found(ranges, rows.isCut || columns.isCut);
}

/** `2001-01-01..2001-01-31` or `eu` of a product leave the other dimension whole. */
function findInOneDimension(term: string, space: PartitionSpace): TermMeaning {
  const [first, second] = space.dimensions;
  if (first === undefined || second === undefined) return { kind: "foreign" };
  const inFirst = findTerm(term, first);
  if (inFirst.kind !== "foreign") return findInProduct(`${term}|*`, space);
  return findTerm(term, second).kind === "foreign" ? inFirst : findInProduct(`*|${term}`, space);
}

/** The error that names the asset, what is wrong with the term, and what would be right. */
export function describeTermFault(options: {
  readonly asset: AssetKey;
  readonly term: string;
  readonly space: PartitionSpace;
}): WatersmeetError {
  const { asset, term, space } = options;
  const examples = listExamples(space);
  const isOutside = findTerm(term, space).kind !== "foreign";
  const message = isOutside
    ? `"${term}" lies outside the partitions of ${asset}`
    : `"${term}" names no partition of ${asset}`;
  return new WatersmeetError("PARTITION_INVALID", message, {
    hint:
      examples.length === 0
        ? `${asset} has no partitions yet.`
        : `${asset} has ${describeSize(space)}; try ${examples.join(", ")}`,
    details: { asset, term, examples },
  });
}

function describeSize(space: PartitionSpace): string {
  if (space.spec === null) return "no partitions";
  const ends = space.size === 1 ? space.keyAt(0) : `${space.keyAt(0)} to ${space.keyAt(space.size - 1)}`;
  return `${space.size} ${space.size === 1 ? "partition" : "partitions"}, ${ends}`;
}

function listExamples(space: PartitionSpace): readonly string[] {
  if (space.spec === null) return ["all"];
  if (space.size === 0) return [];
  const first = space.keyAt(0);
  if (space.size === 1 || space.dimensions.length === 2) return [first, "all"];
  return [first, `${first}..${space.keyAt(Math.min(space.size, 7) - 1)}`, "latest", "all"];
}
