import { unreachable } from "../../errors/unreachable.ts";
import { WatersmeetError } from "../../errors/watersmeet-error.ts";
import { parseSpan, parseStart, type Span } from "../time/civil-time.ts";
import { createTimeline, type Timeline } from "../time/timeline.ts";
import { createZoneOffsets, type ZoneOffsets } from "../time/zone-offsets.ts";
import { unpartitioned, type PartitionKey } from "./partition-key.ts";
import type {
  BucketPartitions,
  ListedPartitions,
  PartitionsSpec,
  ProductPartitions,
  TimePartitions,
} from "./partitions-spec.ts";

/** A window of time as instants in ISO-8601 UTC, e.g. `2001-01-30T23:00:00.000Z`; `end` is exclusive. */
export interface PartitionWindow {
  readonly start: string;
  readonly end: string;
}

/**
 * The partitions of one asset at one instant, numbered from 0 in their natural order: time ascending, listed keys as listed, buckets by number,
 * a product by its first dimension, then its second (`ordinal = first * second.size + second`).
 */
export interface PartitionSpace {
  readonly spec: PartitionsSpec | null;
  readonly size: number;
  /** @throws {RangeError} outside `[0, size)` */
  keyAt(ordinal: number): PartitionKey;
  ordinalOf(key: string): number | undefined;
  /** The time that a partition covers; of a product, the window of its time dimension; `null` when it has none. */
  windowOf(ordinal: number): PartitionWindow | null;
  /** Only of time partitions. */
  readonly time: TimeDimension | null;
  /** What a product is made of; of every other space, the space itself; none when not partitioned. */
  readonly dimensions: readonly PartitionSpace[];
}

export interface TimeDimension {
  readonly timeline: Timeline;
  /** Reads a month, day or hour in the time zone of the partitions. */
  parseSpan(text: string): Span | undefined;
}

/**
 * A space ends at `now` when its time is open-ended: a window exists once it has ended. With an explicit end, its whole windows exist from the beginning.
 * @throws {PARTITION_INVALID} when the specification is at fault
 */
export function createPartitionSpace(spec: PartitionsSpec | null, now: Date): PartitionSpace {
  if (spec === null) return createSingleSpace();
  switch (spec.kind) {
    case "time":
      return createTimeSpace(spec, now);
    case "listed":
      return createListedSpace(spec);
    case "buckets":
      return createBucketSpace(spec);
    case "product":
      return createProductSpace(spec, now);
    default:
      return unreachable(spec);
  }
}

function createSingleSpace(): PartitionSpace {
  return {
    spec: null,
    size: 1,
    keyAt: (ordinal) => checkOrdinal(ordinal, 1) ?? unpartitioned,
    ordinalOf: (key) => (key === unpartitioned ? 0 : undefined),
    windowOf: () => null,
    time: null,
    dimensions: [],
  };
}

function createTimeSpace(spec: TimePartitions, now: Date): PartitionSpace {
  const zone = createZone(spec.timeZone);
  const start = parseBoundary(spec.start, zone, "start");
  const endMs = spec.end === null ? now.getTime() : parseBoundary(spec.end, zone, "end").startMs;
  const horizonMs = Math.max(endMs, now.getTime());
  const timeline = createTimeline(spec.grain, { zone, startMs: start.startMs, horizonMs });
  if (timeline.startOf(0) !== start.startMs) refuseStart(spec, timeline);
  if (spec.end !== null && endMs < start.startMs) {
    throw invalid(
      `The partitions end at ${spec.end}, before they start at ${spec.start}`,
      "The end is exclusive and comes after the start.",
    );
  }
  const size = Math.max(0, timeline.ordinalAt(endMs));
  const space: PartitionSpace = {
    spec,
    size,
    keyAt: (ordinal) => checkOrdinal(ordinal, size) ?? toKey(timeline.nameOf(ordinal)),
    ordinalOf: (key) => findTimeOrdinal({ key, timeline, size, zone }),
    windowOf(ordinal) {
      checkOrdinal(ordinal, size);
      return { start: toIso(timeline.startOf(ordinal)), end: toIso(timeline.startOf(ordinal + 1)) };
    },
    time: { timeline, parseSpan: (text) => parseSpan(text, zone) },
    get dimensions() {
      return [space];
    },
  };
  return space;
}

function findTimeOrdinal(options: {
  key: string;
  timeline: Timeline;
  size: number;
  zone: ZoneOffsets;
}): number | undefined {
  const startMs = parseStart(options.key, options.zone);
  if (startMs === undefined) return undefined;
  const ordinal = options.timeline.ordinalAt(startMs);
  if (ordinal < 0 || ordinal >= options.size) return undefined;
  return options.timeline.nameOf(ordinal) === options.key ? ordinal : undefined;
}

function createZone(timeZone: string): ZoneOffsets {
  try {
    return createZoneOffsets(timeZone);
  } catch (cause) {
    throw new WatersmeetError("PARTITION_INVALID", `"${timeZone}" is not a time zone`, {
      hint: "Use a name of the IANA database: UTC, Europe/Berlin, America/New_York",
      cause,
    });
  }
}

function parseBoundary(text: string, zone: ZoneOffsets, boundary: "start" | "end"): Span {
  const span = parseSpan(text, zone);
  if (span !== undefined) return span;
  throw invalid(
    `The ${boundary} "${text}" of the partitions is not a date`,
    "Write 2001-01-31, 2001-01 or 2001-01-31T05:00",
  );
}

function refuseStart(spec: TimePartitions, timeline: Timeline): never {
  throw invalid(
    `No ${spec.grain} begins at ${spec.start} in ${spec.timeZone}`,
    spec.grain === "week"
      ? `Weeks begin on Mondays: start at ${timeline.nameOf(0)} or ${timeline.nameOf(1)}`
      : `Start at ${timeline.nameOf(0)} or ${timeline.nameOf(1)}`,
  );
}

function createListedSpace(spec: ListedPartitions): PartitionSpace {
  const ordinals = new Map(spec.keys.map((key, ordinal) => [key, ordinal]));
  if (ordinals.size !== spec.keys.length) {
    const twice = spec.keys.find((key, index) => spec.keys.indexOf(key) !== index);
    throw invalid(`The partition "${twice}" is listed twice`, "List every key once.");
  }
  const reserved = spec.keys.find((key) => key === "" || reservedKey.test(key));
  if (reserved !== undefined) {
    throw invalid(
      `"${reserved}" cannot be the key of a partition`,
      'Keys are not empty, have no "|", "," or ".." and no space around them, and are none of *, all, latest, failed, stale, missing.',
    );
  }
  return createKeySpace(spec, {
    size: spec.keys.length,
    nameAt: (ordinal) => spec.keys[ordinal] ?? "",
    ordinalOf: (key) => ordinals.get(key),
  });
}

const reservedKey = /[|,]|\.\.|^\s|\s$|^(\*|all|latest|failed|stale|missing)$/;

function createBucketSpace(spec: BucketPartitions): PartitionSpace {
  if (!Number.isSafeInteger(spec.count) || spec.count < 1) {
    throw invalid(`${spec.count} is not a number of buckets`, "A number of buckets is a whole number from 1 on.");
  }
  return createKeySpace(spec, {
    size: spec.count,
    nameAt: String,
    ordinalOf: (key) => (/^(0|[1-9]\d*)$/.test(key) && Number(key) < spec.count ? Number(key) : undefined),
  });
}

interface KeyList {
  readonly size: number;
  readonly nameAt: (ordinal: number) => string;
  readonly ordinalOf: (key: string) => number | undefined;
}

function createKeySpace(spec: ListedPartitions | BucketPartitions, list: KeyList): PartitionSpace {
  const space: PartitionSpace = {
    spec,
    size: list.size,
    keyAt: (ordinal) => checkOrdinal(ordinal, list.size) ?? toKey(list.nameAt(ordinal)),
    ordinalOf: list.ordinalOf,
    windowOf: () => null,
    time: null,
    get dimensions() {
      return [space];
    },
  };
  return space;
}

function createProductSpace(spec: ProductPartitions, now: Date): PartitionSpace {
  const first = createPartitionSpace(spec.first, now);
  const second = createPartitionSpace(spec.second, now);
  const size = first.size * second.size;
  const firstOf = (ordinal: number): number => Math.floor(ordinal / second.size);
  const secondOf = (ordinal: number): number => ordinal % second.size;
  return {
    spec,
    size,
    keyAt: (ordinal) =>
      checkOrdinal(ordinal, size) ?? toKey(`${first.keyAt(firstOf(ordinal))}|${second.keyAt(secondOf(ordinal))}`),
    ordinalOf(key) {
      const bar = key.indexOf("|");
      if (bar < 0) return undefined;
      const i = first.ordinalOf(key.slice(0, bar));
      const j = second.ordinalOf(key.slice(bar + 1));
      return i === undefined || j === undefined ? undefined : i * second.size + j;
    },
    windowOf(ordinal) {
      checkOrdinal(ordinal, size);
      return first.windowOf(firstOf(ordinal)) ?? second.windowOf(secondOf(ordinal));
    },
    time: null,
    dimensions: [first, second],
  };
}

function checkOrdinal(ordinal: number, size: number): undefined {
  if (ordinal >= 0 && ordinal < size) return undefined;
  throw new RangeError(`partition ${ordinal} of ${size} does not exist`);
}

function toKey(name: string): PartitionKey {
  return name as PartitionKey;
}

function toIso(instantMs: number): string {
  return new Date(instantMs).toISOString();
}

function invalid(message: string, hint: string): WatersmeetError {
  return new WatersmeetError("PARTITION_INVALID", message, { hint });
}
