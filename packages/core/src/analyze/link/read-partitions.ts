import { isWatersmeetError } from "../../errors/watersmeet-error.ts";
import { createPartitionSpace } from "../../values/partitions/partition-space.ts";
import type { PartitionsSpec, ProductPartitions, TimeGrain } from "../../values/partitions/partitions-spec.ts";
import { stableJson } from "../../values/stable-json.ts";
import type { Expr } from "../facts/file-facts.ts";
import type { CallExpr, Place, PlacedExpr } from "./heads.ts";
import { report, type Linking } from "./linking.ts";
import { reduceItems, reduceLiteral, reduceMember, reduceValue } from "./reduce-value.ts";

/** Partitions written as calls of the language: `daily("2001-01-01")`. `null` when they cannot be known or cannot be, which is then reported. */
export function readValidPartitions(linking: Linking, { expr, place }: PlacedExpr): PartitionsSpec | null {
  const spec = readPartitions(linking, { expr, place });
  if (spec === null) return null;
  const text = stableJson(spec);
  const fault = linking.partitionFaults.get(text) ?? findFault(spec);
  linking.partitionFaults.set(text, fault);
  if (fault === "") return spec;
  return rejectInvalid({ linking, place }, expr, fault);
}

/** Why the calendar or the language refuses partitions; empty when they are fine. */
function findFault(spec: PartitionsSpec): string {
  try {
    // Which windows have passed does not matter: nothing is looked up in the space.
    createPartitionSpace(spec, new Date(0));
    return "";
  } catch (error) {
    if (isWatersmeetError(error)) return error.message;
    throw error;
  }
}

function readPartitions(linking: Linking, { expr, place }: PlacedExpr): PartitionsSpec | null {
  const head = reduceValue(linking, expr, place);
  if (head.kind === "unresolved") return null;
  if (head.kind !== "frameworkCall") return rejectUnknown(linking, expr, place);
  const reading: Reading = { linking, call: head.call, place: head.place };
  const grain = grains.get(head.name);
  if (grain !== undefined) return readTime(reading, grain);
  if (head.name === "listed") return readListed(reading);
  if (head.name === "buckets") return readBuckets(reading);
  if (head.name === "product") return readProduct(reading);
  return rejectUnknown(linking, expr, place);
}

interface Reading {
  readonly linking: Linking;
  readonly call: CallExpr;
  readonly place: Place;
}

const grains: ReadonlyMap<string, TimeGrain> = new Map([
  ["hourly", "hour"],
  ["daily", "day"],
  ["weekly", "week"],
  ["monthly", "month"],
]);

function readTime(reading: Reading, grain: TimeGrain): PartitionsSpec | null {
  const { call, linking, place } = reading;
  const [start, ...rest] = call.args;
  const [end, options] = isObject(reading, rest[0]) ? [undefined, rest[0]] : rest;
  const from = start === undefined ? undefined : reduceLiteral(linking, start, place);
  if (start === undefined || typeof from !== "string") return rejectUnknown(linking, start ?? call, place);
  const to = readOptionalText(reading, end);
  if (to === undefined) return rejectUnknown(linking, end ?? call, place);
  const timeZone = readTimeZone(reading, options);
  return timeZone === null
    ? rejectUnknown(linking, options ?? call, place)
    : { kind: "time", grain, start: from, end: to, timeZone };
}

/** The end may be left out before the options. */
function isObject({ linking, place }: Reading, expr: Expr | undefined): boolean {
  const head = expr === undefined ? null : reduceValue(linking, expr, place);
  return head?.kind === "expr" && head.expr.kind === "object";
}

/** `undefined` when it is not known, `null` when it is left out. */
function readOptionalText({ linking, place }: Reading, expr: Expr | undefined): string | null | undefined {
  if (expr === undefined) return null;
  const head = reduceValue(linking, expr, place);
  if (head.kind === "expr" && head.expr.kind === "undefined") return null;
  const value = reduceLiteral(linking, expr, place);
  return value === null || typeof value === "string" ? value : undefined;
}

function readTimeZone(reading: Reading, options: Expr | undefined): string | null {
  const { linking, place } = reading;
  if (options === undefined) return "UTC";
  const head = reduceValue(linking, options, place);
  if (head.kind !== "expr") return null;
  if (head.expr.kind === "undefined") return "UTC";
  if (head.expr.kind !== "object") return null;
  const zone = reduceMember(linking, head, "timeZone");
  if (zone.kind === "missing") return "UTC";
  if (zone.kind !== "expr") return null;
  const value = reduceLiteral(linking, zone.expr, zone.place);
  return typeof value === "string" ? value : null;
}

function readListed({ linking, call, place }: Reading): PartitionsSpec | null {
  const [list] = call.args;
  const items = list === undefined ? null : reduceItems(linking, list, place);
  if (items === null) return rejectUnknown(linking, list ?? call, place);
  const keys: string[] = [];
  for (const item of items) {
    const key = reduceLiteral(linking, item.expr, item.place);
    if (typeof key !== "string") return rejectUnknown(linking, item.expr, item.place);
    keys.push(key);
  }
  if (keys.length > 0 && new Set(keys).size === keys.length) return { kind: "listed", keys };
  return rejectInvalid({ linking, place }, list ?? call, "listed() needs keys, each once");
}

function readBuckets({ linking, call, place }: Reading): PartitionsSpec | null {
  const [argument] = call.args;
  const count = argument === undefined ? undefined : reduceLiteral(linking, argument, place);
  if (argument === undefined || typeof count !== "number") return rejectUnknown(linking, argument ?? call, place);
  if (Number.isInteger(count) && count >= 1) return { kind: "buckets", count };
  return rejectInvalid({ linking, place }, argument, "buckets() needs a whole number of at least 1");
}

function readProduct({ linking, call, place }: Reading): PartitionsSpec | null {
  const [first, second] = call.args;
  if (first === undefined || second === undefined) return rejectUnknown(linking, call, place);
  const one = readPartitions(linking, { expr: first, place });
  const other = readPartitions(linking, { expr: second, place });
  if (one === null || other === null) return null;
  if (isSimple(one) && isSimple(other)) return { kind: "product", first: one, second: other };
  return rejectInvalid(
    { linking, place },
    isSimple(one) ? second : first,
    "product() joins two partitionings that are no products themselves",
  );
}

function isSimple(spec: PartitionsSpec): spec is Exclude<PartitionsSpec, ProductPartitions> {
  return spec.kind !== "product";
}

function rejectUnknown(linking: Linking, expr: Expr, place: Place): null {
  report(linking, {
    code: "ANALYZE_OPTION_NOT_STATIC",
    message: "the partitions cannot be known without running the code",
    hint: 'Call hourly, daily, weekly, monthly, listed, buckets or product with literals or constants: daily("2001-01-01")',
    file: place.file,
    at: expr.at,
  });
  return null;
}

function rejectInvalid({ linking, place }: Pick<Reading, "linking" | "place">, expr: Expr, message: string): null {
  report(linking, {
    code: "ANALYZE_PARTITIONS_INVALID",
    message,
    hint: 'Write hourly, daily, weekly, monthly, listed, buckets or product with values that exist: daily("2001-01-01", "2001-02-01")',
    file: place.file,
    at: expr.at,
  });
  return null;
}
