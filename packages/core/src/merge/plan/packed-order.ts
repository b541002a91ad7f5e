import type { Contribution } from "../contribution/contribution.ts";
import { floorDivide, operationRanks, rankOf, type TokenOrder } from "../contribution/token.ts";
import type { MergePolicy } from "../policy.ts";

/** A live batch, as far as the order of its contributions depends on it. */
export interface OrderedBatch {
  /** How the store numbers it. */
  readonly number: number;
  readonly source: string;
  readonly batchSequence: bigint;
  /** Of its contributions; `null` when all are undated. */
  readonly eventTimes: Extent | null;
  readonly sequences: Extent;
  readonly greatestOrdinal: bigint;
  readonly hasDeletes: boolean;
  readonly hasRetracts: boolean;
}

/** Least and greatest of a set of integers. */
export interface Extent {
  readonly least: bigint;
  readonly greatest: bigint;
}

/** An integer taken from a contribution: its distance from `least`, times `weight`. */
export interface Digit {
  readonly least: bigint;
  readonly weight: bigint;
}

/**
 * The event time where it counts in two parts: its bucket before the rank, the rest of it after the rank. With `d` its distance from `least`, which is never
 * negative, the value is `(d / widthUs + 1) * bucketWeight + (d % widthUs) * restWeight`; an undated contribution counts 0.
 */
export interface BucketDigit {
  /** A multiple of the width. */
  readonly least: bigint;
  readonly widthUs: bigint;
  readonly bucketWeight: bigint;
  readonly restWeight: bigint;
}

/**
 * A token packed into one integer, good for the batches it was made for: the components of a token as the digits of a number whose
 * bases are the extents that the components have there. Sorting by it is sorting by the token (without its value hash), and engines
 * compare one integer faster than eight columns. Components that are the same everywhere take no room.
 */
export interface PackedOrder {
  readonly order: TokenOrder;
  /** An undated contribution counts 0, a dated one its distance from `least` and 1 more. */
  readonly eventTime: Digit | null;
  /** Instead of `eventTime`, where a tolerance matters. */
  readonly bucket: BucketDigit | null;
  readonly sequence: Digit | null;
  readonly ordinal: Digit | null;
  readonly operation: Digit | null;
  /** By batch number: what rank, batch sequence and source amount to. */
  readonly offsets: ReadonlyMap<number, bigint>;
  /** All values are in [0, size). */
  readonly size: bigint;
  /** What a value leaves when it is divided by this, rounded down, is its time (or bucket) and rank, or its rank and time: what comes before the producer's own order. */
  readonly stratumSize: bigint;
}

export function packOrder(policy: MergePolicy, batches: readonly OrderedBatch[], order: TokenOrder): PackedOrder {
  const bucket = findBuckets(policy, batches, order);
  const rank = { key: "rank", base: countRanks(policy, batches) } as const;
  const time = { key: "eventTime", base: bucket === null ? timeBase(batches) : bucket.restBase } as const;
  const leading = bucket === null ? [] : [{ key: "bucket", base: bucket.base } as const];
  const own = [
    { key: "sequence", base: span(sequenceExtent(batches)) },
    { key: "lane", base: countOf(lanes(batches)) },
    { key: "ordinal", base: greatest(batches.map((batch) => batch.greatestOrdinal)) + 1n },
    { key: "operation", base: batches.some((batch) => batch.hasDeletes || batch.hasRetracts) ? 3n : 1n },
  ] as const;
  const strata = order === "priorityFirst" || bucket !== null ? [...leading, rank, time] : [time, rank];
  const { weights, size } = weigh([...strata, ...own]);
  const weightOf = (key: ComponentKey) => weights.get(key) ?? 0n;
  const digit = ({ key, base }: Component, least: bigint): Digit | null =>
    base > 1n ? { least, weight: weightOf(key) } : null;
  const [sequence, , ordinal, operation] = own;
  return {
    order,
    eventTime: bucket === null ? digit(time, timeExtent(batches)?.least ?? 0n) : null,
    bucket:
      bucket === null
        ? null
        : {
            least: bucket.least,
            widthUs: bucket.widthUs,
            bucketWeight: weightOf("bucket"),
            restWeight: weightOf("eventTime"),
          },
    sequence: digit(sequence, sequenceExtent(batches).least),
    ordinal: digit(ordinal, 0n),
    operation: digit(operation, 0n),
    offsets: batchOffsets(policy, batches, { rank: weightOf("rank"), lane: weightOf("lane") }),
    size,
    stratumSize: weighStratum(bucket === null ? own : [time, ...own]),
  };
}

type ComponentKey = "bucket" | "eventTime" | "rank" | "sequence" | "lane" | "ordinal" | "operation";

/** One part of a token: `base` is how many values it has. */
interface Component {
  readonly key: ComponentKey;
  readonly base: bigint;
}

/** What one step of each component is worth, the first weighing most. */
function weigh(components: readonly Component[]) {
  const weights = new Map<ComponentKey, bigint>();
  let size = 1n;
  for (const { key, base } of components.toReversed()) {
    weights.set(key, size);
    size *= base;
  }
  return { weights, size };
}

function weighStratum(rest: readonly Component[]): bigint {
  return rest.reduce((size, { base }) => size * base, 1n);
}

interface Buckets {
  readonly least: bigint;
  readonly widthUs: bigint;
  /** With one for undated. */
  readonly base: bigint;
  readonly restBase: bigint;
}

/** `null` where a tolerance changes nothing: trust comes first anyway, nothing is dated, or nobody asks for strata and all sources have one rank. */
function findBuckets(policy: MergePolicy, batches: readonly OrderedBatch[], order: TokenOrder): Buckets | null {
  const widthUs = BigInt(policy.toleranceUs ?? 0);
  const times = timeExtent(batches);
  if (widthUs === 0n || times === null || order === "priorityFirst") return null;
  if (policy.rows !== "keepConflicts" && countRanks(policy, batches) === 1n) return null;
  const least = floorDivide(times.least, widthUs) * widthUs;
  const distance = times.greatest - least;
  const count = distance / widthUs + 1n;
  return { least, widthUs, base: count + 1n, restBase: count === 1n ? distance + 1n : widthUs };
}

function countRanks(policy: MergePolicy, batches: readonly OrderedBatch[]): bigint {
  return countOf(ranks(policy, batches));
}

/** Of no batches too a token has one place. */
function countOf(sorted: readonly string[]): bigint {
  return BigInt(Math.max(1, positions(sorted).size));
}

/** What a contribution of a batch comes to. The SQL renderings compute the same. */
export function packToken(packed: PackedOrder, batch: number, contribution: Contribution): bigint {
  const { sequence, ordinal, operation } = contribution;
  return (
    packTime(packed, contribution.eventTimeUs) +
    (sequence - (packed.sequence?.least ?? 0n)) * (packed.sequence?.weight ?? 0n) +
    ordinal * (packed.ordinal?.weight ?? 0n) +
    BigInt(operationRanks[operation]) * (packed.operation?.weight ?? 0n) +
    (packed.offsets.get(batch) ?? 0n)
  );
}

function packTime({ bucket, eventTime }: PackedOrder, eventTimeUs: bigint | null): bigint {
  if (eventTimeUs === null) return 0n;
  if (bucket === null) return (eventTimeUs - (eventTime?.least ?? 0n) + 1n) * (eventTime?.weight ?? 0n);
  const distance = eventTimeUs - bucket.least;
  return (distance / bucket.widthUs + 1n) * bucket.bucketWeight + (distance % bucket.widthUs) * bucket.restWeight;
}

/** Whether the two order the same way: then one of them is enough. */
export function isSameOrder(a: PackedOrder, b: PackedOrder): boolean {
  return (
    a.eventTime?.weight === b.eventTime?.weight &&
    a.bucket?.bucketWeight === b.bucket?.bucketWeight &&
    a.size === b.size &&
    [...a.offsets].every(([number, offset]) => b.offsets.get(number) === offset)
  );
}

function batchOffsets(
  policy: MergePolicy,
  batches: readonly OrderedBatch[],
  weights: { readonly rank: bigint; readonly lane: bigint },
): ReadonlyMap<number, bigint> {
  const rankPositions = positions(ranks(policy, batches));
  const lanePositions = positions(lanes(batches));
  return new Map(
    batches.map((batch) => {
      const rank = rankPositions.get(rankText(policy, batch)) ?? 0n;
      const lane = lanePositions.get(laneText(batch)) ?? 0n;
      return [batch.number, rank * weights.rank + lane * weights.lane];
    }),
  );
}

/** Positions of the distinct texts, in the order of the sortable values that they stand for. */
function positions(sorted: readonly string[]): ReadonlyMap<string, bigint> {
  return new Map([...new Set(sorted)].map((text, index) => [text, BigInt(index)]));
}

function ranks(policy: MergePolicy, batches: readonly OrderedBatch[]): readonly string[] {
  return batches
    .toSorted((a, b) => compareIntegers(rankOf(policy, a.source), rankOf(policy, b.source)))
    .map((batch) => rankText(policy, batch));
}

function rankText(policy: MergePolicy, batch: OrderedBatch): string {
  return String(rankOf(policy, batch.source));
}

/** Batch sequence, then source, in the order in which a token has them: the source by its length in bytes, then by its bytes. */
function lanes(batches: readonly OrderedBatch[]): readonly string[] {
  return batches
    .toSorted((a, b) => compareIntegers(a.batchSequence, b.batchSequence) || compareSources(a.source, b.source))
    .map(laneText);
}

function laneText(batch: OrderedBatch): string {
  return `${batch.batchSequence}:${batch.source}`;
}

function compareSources(a: string, b: string): number {
  const [first, second] = [Buffer.from(a), Buffer.from(b)];
  return first.length - second.length || Buffer.compare(first, second);
}

function compareIntegers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function timeBase(batches: readonly OrderedBatch[]): bigint {
  const extent = timeExtent(batches);
  return extent === null ? 1n : span(extent) + 1n;
}

function timeExtent(batches: readonly OrderedBatch[]): Extent | null {
  const dated = batches.flatMap((batch) => batch.eventTimes ?? []);
  return dated.length === 0 ? null : join(dated);
}

function sequenceExtent(batches: readonly OrderedBatch[]): Extent {
  return batches.length === 0 ? { least: 0n, greatest: 0n } : join(batches.map((batch) => batch.sequences));
}

function join(extents: readonly Extent[]): Extent {
  const [first = { least: 0n, greatest: 0n }, ...others] = extents;
  return others.reduce(
    (all, { least, greatest }) => ({
      least: least < all.least ? least : all.least,
      greatest: greatest > all.greatest ? greatest : all.greatest,
    }),
    first,
  );
}

function span({ least, greatest }: Extent): bigint {
  return greatest - least + 1n;
}

function greatest(values: readonly bigint[]): bigint {
  return values.reduce((all, value) => (value > all ? value : all), 0n);
}
