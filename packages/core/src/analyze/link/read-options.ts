import type { Condition } from "../../automation/condition/condition.ts";
import type { PartitionsSpec } from "../../values/partitions/partitions-spec.ts";
import type { Expr } from "../facts/file-facts.ts";
import { readCondition } from "./automation/read-condition.ts";
import type { AssetHead, Place, PlacedExpr } from "./heads.ts";
import { report, type Linking } from "./linking.ts";
import { readValidPartitions } from "./read-partitions.ts";
import { reduceItems, reduceLiteral, reduceValue } from "./reduce-value.ts";

/** What an asset's options say statically. */
export interface AssetOptions {
  readonly name: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly group: string | null;
  readonly resource: string | null;
  readonly partitions: PartitionsSpec | null;
  /** `null`: it has none, or its condition was reported. */
  readonly automation: Condition | null;
  /** Every option as it is written. */
  readonly members: OptionMembers;
}

export type OptionMembers = ReadonlyMap<string, PlacedExpr>;

/** Reads the options of an asset. What cannot be known is reported, and left at its default. */
export function readOptions(linking: Linking, { call, place, maker }: AssetHead): AssetOptions {
  const [options] = call.args;
  const members = new Map<string, PlacedExpr>();
  const isKnown = options !== undefined && collectMembers(linking, { expr: options, place }, members);
  const reader: Reader = { linking, members };
  if (isKnown && !members.has("schema")) {
    report(linking, {
      code: "ANALYZE_OPTION_MISSING",
      message: `${maker}() has no schema`,
      hint: "Give it a zod object: { schema: z.object({ … }) }",
      file: place.file,
      at: options.at,
    });
  }
  return {
    name: readText(reader, "name"),
    description: readText(reader, "description"),
    tags: readTexts(reader, "tags"),
    group: readText(reader, "group"),
    resource: readResource(reader),
    partitions: readPartitionsOption(reader),
    automation: readAutomation(reader),
    members,
  };
}

/** Options of something that is no asset. */
export interface OptionReader {
  readonly linking: Linking;
  /** Where they are written. */
  readonly at: PlacedExpr;
  /** `null`: it is left out. */
  readonly member: (name: string) => PlacedExpr | null;
  /** `null`: it is left out, or not known, which is then reported. */
  readonly text: (name: string) => string | null;
}

/** `null` when what is written are no options that can be known, which is then reported. */
export function openOptions(linking: Linking, at: PlacedExpr): OptionReader | null {
  const members = new Map<string, PlacedExpr>();
  if (!collectMembers(linking, at, members)) return null;
  return {
    linking,
    at,
    member(name) {
      const member = members.get(name);
      return member === undefined || isAbsent(linking, member) ? null : member;
    },
    text: (name) => readText({ linking, members }, name),
  };
}

interface Reader {
  readonly linking: Linking;
  readonly members: OptionMembers;
}

/** Lays out an object literal, spreads included; later members replace earlier ones. Says whether all of it is known. */
function collectMembers(linking: Linking, { expr, place }: PlacedExpr, members: Map<string, PlacedExpr>): boolean {
  const head = reduceValue(linking, expr, place);
  if (head.kind === "unresolved") return false;
  if (head.kind !== "expr" || head.expr.kind !== "object") {
    reportNotStatic(linking, "the options", { expr, place });
    return false;
  }
  let isKnown = true;
  for (const { name, value } of head.expr.members) {
    const member = { expr: value, place: head.place };
    if (name === null) isKnown = collectMembers(linking, member, members) && isKnown;
    else members.set(name, member);
  }
  return isKnown;
}

function readText({ linking, members }: Reader, name: string): string | null {
  const member = members.get(name);
  if (member === undefined || isAbsent(linking, member)) return null;
  const value = reduceLiteral(linking, member.expr, member.place);
  if (typeof value === "string") return value;
  reportNotStatic(linking, `\`${name}\``, member);
  return null;
}

function readTexts({ linking, members }: Reader, name: string): readonly string[] {
  const member = members.get(name);
  if (member === undefined || isAbsent(linking, member)) return [];
  const items = reduceItems(linking, member.expr, member.place);
  const texts = items?.map(({ expr, place }) => reduceLiteral(linking, expr, place));
  if (texts?.every((text) => typeof text === "string") === true) return texts;
  reportNotStatic(linking, `\`${name}\``, member);
  return [];
}

/** The name, or the first of a list of names and of objects with a name. */
function readResource({ linking, members }: Reader): string | null {
  const member = members.get("resource");
  if (member === undefined || isAbsent(linking, member)) return null;
  const value = reduceLiteral(linking, member.expr, member.place);
  if (typeof value === "string") return value;
  const names = reduceItems(linking, member.expr, member.place)?.map((item) => readResourceName(linking, item));
  if (names?.every((name) => name !== null) === true) return names[0] ?? null;
  reportNotStatic(linking, "`resource`", member);
  return null;
}

function readResourceName(linking: Linking, { expr, place }: PlacedExpr): string | null {
  const text = reduceLiteral(linking, expr, place);
  if (typeof text === "string") return text;
  const head = reduceValue(linking, expr, place);
  if (head.kind !== "expr" || head.expr.kind !== "object") return null;
  const named = head.expr.members.find((member) => member.name === "name");
  const name = named === undefined ? undefined : reduceLiteral(linking, named.value, head.place);
  return typeof name === "string" ? name : null;
}

function readPartitionsOption({ linking, members }: Reader): PartitionsSpec | null {
  const member = members.get("partitions");
  return member === undefined || isAbsent(linking, member) ? null : readValidPartitions(linking, member);
}

function readAutomation({ linking, members }: Reader): Condition | null {
  const member = members.get("automation");
  return member === undefined || isAbsent(linking, member) ? null : readCondition(linking, member);
}

export function isAbsent(linking: Linking, { expr, place }: PlacedExpr): boolean {
  const head = reduceValue(linking, expr, place);
  return head.kind === "expr" && head.expr.kind === "undefined";
}

export function reportNotStatic(linking: Linking, what: string, { expr, place }: { expr: Expr; place: Place }): void {
  report(linking, {
    code: "ANALYZE_OPTION_NOT_STATIC",
    message: `${what} cannot be known without running the code${expr.kind === "other" ? `: it is ${expr.what}` : ""}`,
    hint: "Write a literal, or a constant of this project that holds one",
    file: place.file,
    at: expr.at,
  });
}
