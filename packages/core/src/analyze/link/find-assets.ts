import type { Span } from "../facts/file-facts.ts";
import { conditionMakers, partitionMakers, triggerMakers } from "./framework.ts";
import type { AssetHead, GroupHead, Head, Origin } from "./heads.ts";
import { factsOf, report, type Linking } from "./linking.ts";
import { isKeyList, readGroupKeys, reduceDeclaration, reduceMember } from "./reduce-value.ts";

/** An asset as it is declared: a top-level name that receives it, directly or as a group with members. */
export interface DeclaredAsset {
  readonly head: AssetHead;
  readonly origin: Origin;
}

/** What the search for assets brought. */
export interface Declared {
  readonly assets: readonly DeclaredAsset[];
  /** Calls that are accounted for, as `file:start`. */
  readonly reachedCalls: ReadonlySet<string>;
  /** Stretches in which calls need no further report, by file. */
  readonly reportedSpans: ReadonlyMap<string, readonly Span[]>;
}

/** Identity of an asset within one linking, the same wherever it is mentioned. */
export function identify({ origin, member }: Pick<AssetHead, "origin" | "member">): string {
  if (origin === null) return "";
  return `${origin.file}\n${origin.name}${member === null ? "" : `\n${member}`}`;
}

export function callKey(file: string, start: number): string {
  return `${file}:${start}`;
}

/** Every asset that a top-level name of the project's files receives, whether exported or not. */
export function findAssets(linking: Linking): Declared {
  const search: Search = { linking, assets: [], reachedCalls: new Set(), reportedSpans: new Map(), groups: new Map() };
  for (const [file, { facts }] of linking.files) {
    for (const name of Object.keys(facts.values)) {
      const origin = { file, name };
      addHead(search, origin, reduceDeclaration(linking, file, name));
    }
  }
  reportLostMembers(search);
  return search;
}

interface Search {
  readonly linking: Linking;
  readonly assets: DeclaredAsset[];
  readonly reachedCalls: Set<string>;
  readonly reportedSpans: Map<string, Span[]>;
  /** Members that were found of each group, by the group's call. */
  readonly groups: Map<string, { readonly group: GroupHead; readonly members: ReadonlySet<string> }>;
}

function addHead(search: Search, origin: Origin, head: Head): void {
  if (head.kind === "asset") {
    if (isSame(head.origin, origin)) addAsset(search, origin, head);
  } else if (head.kind === "group") {
    if (isSame(head.origin, origin)) addGroup(search, origin, head);
  } else if (head.kind === "frameworkCall" && !isValueMaker(head.name)) {
    reportUnknownFunction(search.linking, head);
  } else if (head.kind === "tooDeep") reportTooDeep(search.linking, origin);
}

/** What the function makes is no asset, and read where it is used. */
function isValueMaker(name: string): boolean {
  return partitionMakers.has(name) || conditionMakers.has(name) || triggerMakers.has(name);
}

function isSame(a: Origin | null, b: Origin): boolean {
  return a !== null && a.file === b.file && a.name === b.name;
}

function addAsset(search: Search, origin: Origin, head: AssetHead): void {
  search.assets.push({ head, origin });
  search.reachedCalls.add(callKey(head.place.file, head.call.at[0]));
  if (head.group === null || head.member === null) return;
  const { call, place } = head.group;
  const id = callKey(place.file, call.at[0]);
  search.reachedCalls.add(id);
  const members = search.groups.get(id) ?? { group: head.group, members: new Set() };
  search.groups.set(id, { ...members, members: new Set([...members.members, head.member]) });
}

/** `const { eu } = assets(["eu", "us"], …)` would leave a member without a name. */
function reportLostMembers({ linking, groups }: Search): void {
  for (const { group, members } of groups.values()) {
    const keys = readGroupKeys(linking, group);
    const lost = isKeyList(keys) ? keys.filter((key) => !members.has(key)) : [];
    if (lost.length === 0) continue;
    report(linking, {
      code: "ANALYZE_NOT_EXPORTED",
      message: `no name receives ${lost.map((key) => `"${key}"`).join(", ")} of this group`,
      hint: "Name each member in the pattern, or export the group as a whole",
      file: group.place.file,
      at: group.call.args[0]?.at ?? group.call.at,
    });
  }
}

function addGroup(search: Search, origin: Origin, group: GroupHead): void {
  const { linking } = search;
  const { file } = group.place;
  search.reachedCalls.add(callKey(file, group.call.at[0]));
  const keys = readGroupKeys(linking, group);
  if (!isKeyList(keys)) {
    reportIn(search, group, {
      code: "ANALYZE_GROUP_KEYS_NOT_LITERAL",
      message: `the keys of the group "${origin.name}" are not a list of literal texts`,
      hint: 'Write them out: assets(["eu", "us"], (key) => …)',
      file,
      at: keys,
    });
    return;
  }
  for (const key of keys) {
    const member = reduceMember(linking, group, key);
    if (member.kind === "asset") addAsset(search, origin, member);
    else if (member.kind === "runtime") reportGroupFunction(search, group);
  }
}

function reportGroupFunction(search: Search, group: GroupHead): void {
  const [, make] = group.call.args;
  reportIn(search, group, {
    code: "ANALYZE_FUNCTION_UNKNOWN",
    message: "the function given to assets() does not return one asset",
    hint: "Give it an arrow function with one result: (key) => asset({ … }, …)",
    file: group.place.file,
    at: make?.kind === "function" ? [make.at[0], make.at[0] + 1] : (make?.at ?? group.call.at),
  });
}

function reportIn(search: Search, group: GroupHead, finding: Parameters<typeof report>[1]): void {
  report(search.linking, finding);
  const { file } = group.place;
  search.reportedSpans.set(file, [...(search.reportedSpans.get(file) ?? []), group.call.at]);
}

function reportUnknownFunction(
  linking: Linking,
  { name, call, place }: Extract<Head, { kind: "frameworkCall" }>,
): void {
  report(linking, {
    code: "ANALYZE_UNKNOWN_FUNCTION",
    message: `${name}() of @watersmeet/core is called at the top level, and this version does not know what it makes`,
    hint: "Use asset(), source(), query(), merge() or assets()",
    file: place.file,
    at: call.callee.at,
  });
}

function reportTooDeep(linking: Linking, { file, name }: Origin): void {
  const declared = factsOf(linking, file).values[name];
  report(linking, {
    code: "ANALYZE_KNOWN_ONLY_AT_RUN_TIME",
    message: `"${name}" is made by factories that call each other more than 6 deep`,
    hint: "Call asset() nearer to the export",
    file,
    at: declared?.at ?? [0, 0],
  });
}
