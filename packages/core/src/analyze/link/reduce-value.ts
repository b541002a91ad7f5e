import type { Expr, FunctionFact, Span } from "../facts/file-facts.ts";
import { findOwn } from "../facts/find-own.ts";
import { groupMaker, isAssetMaker } from "./framework.ts";
import type {
  Binding,
  CallExpr,
  Environment,
  Frame,
  GroupHead,
  Head,
  Origin,
  Place,
  PlacedExpr,
  PlacedType,
} from "./heads.ts";
import { factsOf, type Linking } from "./linking.ts";
import { resolveExport, resolveLocal } from "./resolve-names.ts";

const maxFactories = 6;

/** Follows an expression as far as it can be known without running it. */
export function reduceValue(linking: Linking, expr: Expr, place: Place): Head {
  return reduce({ linking, factories: 0, origin: null, passed: [] }, expr, place);
}

/** The value of a top-level declaration. */
export function reduceDeclaration(linking: Linking, file: string, name: string): Head {
  return reduceOrigin({ linking, factories: 0, origin: null, passed: [] }, { file, name });
}

/** Follows what a name was resolved to. */
export function reduceBinding(linking: Linking, binding: Binding): Head {
  return binding.kind === "declaration" ? reduceDeclaration(linking, binding.file, binding.name) : binding;
}

/** A member of a namespace, object or group. */
export function reduceMember(linking: Linking, head: Head, name: string): Head {
  return memberOf({ linking, factories: 0, origin: null, passed: [] }, head, name);
}

/** The keys of a group when they are literal; else where the trouble is. */
export function readGroupKeys(linking: Linking, { call, place }: GroupHead): readonly string[] | Span {
  const [list] = call.args;
  if (list === undefined) return call.at;
  const items = reduceItems(linking, list, place);
  if (items === null) return list.at;
  const keys: string[] = [];
  for (const { expr, place: at } of items) {
    const key = reduceLiteral(linking, expr, at);
    if (typeof key !== "string") return expr.at;
    keys.push(key);
  }
  return keys;
}

/** The items of an array, those of spread arrays included; `null` when they are not known. */
export function reduceItems(linking: Linking, expr: Expr, place: Place): readonly PlacedExpr[] | null {
  const head = reduceValue(linking, expr, place);
  if (head.kind !== "expr" || head.expr.kind !== "array") return null;
  const items: PlacedExpr[] = [];
  for (const item of head.expr.items) {
    const spread =
      item.kind === "spread" ? reduceItems(linking, item.of, head.place) : [{ expr: item, place: head.place }];
    if (spread === null) return null;
    items.push(...spread);
  }
  return items;
}

/** A text, number, `true`, `false` or `null`, where it is known; templates over known texts too. */
export function reduceLiteral(
  linking: Linking,
  expr: Expr,
  place: Place,
): string | number | boolean | null | undefined {
  const head = reduceValue(linking, expr, place);
  if (head.kind !== "expr") return undefined;
  if (head.expr.kind === "literal") return head.expr.value;
  if (head.expr.kind !== "template") return undefined;
  const parts = head.expr.parts.map((part) => reduceLiteral(linking, part, head.place));
  return parts.some((part) => part === undefined) ? undefined : parts.join("");
}

/** How far a search has come. */
interface Search {
  readonly linking: Linking;
  readonly factories: number;
  readonly origin: Origin | null;
  /** Declarations on the way: one that leads back to itself has no value. */
  readonly passed: readonly string[];
}

function reduce(search: Search, expr: Expr, place: Place): Head {
  if (expr.kind === "ref") return reduceReference(search, expr.name, place);
  if (expr.kind === "member") return memberOf(search, reduce(search, expr.of, place), expr.name);
  if (expr.kind === "call") return reduceCall(search, expr, place);
  return { kind: "expr", expr, place, origin: search.origin };
}

function reduceReference(search: Search, name: string, place: Place): Head {
  const bound = place.env?.values.get(name);
  if (bound === null) return { kind: "runtime", name };
  if (bound !== undefined) return reduce(search, bound.expr, bound.place);
  const binding = resolveLocal(search.linking, place.file, name);
  return binding.kind === "declaration" ? reduceOrigin(search, binding) : binding;
}

function reduceOrigin(search: Search, { file, name }: Origin): Head {
  const known = headsOf(search.linking, file);
  const head = known.get(name);
  if (head !== undefined) return head;
  const value = findOwn(factsOf(search.linking, file).values, name);
  if (value === undefined) return { kind: "missing", file, name };
  const key = `${file}\n${name}`;
  if (search.passed.includes(key)) return { kind: "runtime", name };
  const inner: Search = { ...search, origin: { file, name }, factories: 0, passed: [...search.passed, key] };
  let found = reduce(inner, value.value, { file, env: null });
  for (const member of value.path) found = memberOf(inner, found, member);
  known.set(name, found);
  return found;
}

function headsOf({ declarationHeads }: Linking, file: string): Map<string, Head> {
  let heads = declarationHeads.get(file);
  if (heads === undefined) {
    heads = new Map();
    declarationHeads.set(file, heads);
  }
  return heads;
}

function memberOf(search: Search, head: Head, name: string): Head {
  if (head.kind === "namespace") {
    const binding = resolveExport(search.linking, head.file, name);
    return binding.kind === "declaration" ? reduceOrigin(search, binding) : binding;
  }
  if (head.kind === "framework" && head.name === "*") return { kind: "framework", name };
  if (head.kind === "package" && head.name === "*") return { ...head, name };
  if (head.kind === "group") return reduceGroupMember(search, head, name);
  if (head.kind !== "expr") return head.kind === "asset" ? { kind: "runtime", name } : head;
  if (head.expr.kind !== "object") return { kind: "runtime", name };
  const member = head.expr.members.findLast((candidate) => candidate.name === name || candidate.name === null);
  if (member === undefined) return { kind: "missing", file: null, name };
  const value = reduce({ ...search, origin: null }, member.value, head.place);
  return member.name === null ? memberOf(search, value, name) : value;
}

function reduceGroupMember(search: Search, group: GroupHead, name: string): Head {
  const keys = readGroupKeys(search.linking, group);
  const [, make] = group.call.args;
  if (make === undefined || !isKeyList(keys)) return { kind: "runtime", name };
  if (!keys.includes(name)) return { kind: "missing", file: null, name, among: keys };
  const head = reduce({ ...search, origin: null }, make, group.place);
  if (head.kind !== "expr" || head.expr.kind !== "function") return { kind: "runtime", name };
  const key: PlacedExpr = { expr: { kind: "literal", value: name, at: group.call.at }, place: group.place };
  const made = applyFactory(
    search,
    { fn: head.expr.fn, file: head.place.file, args: [key] },
    { outer: head.place, typeArgs: [] },
  );
  if (made.kind !== "asset") return { kind: "runtime", name };
  return { ...made, origin: group.origin, member: name, group, frames: [...group.frames, ...made.frames] };
}

export function isKeyList(keys: readonly string[] | Span): keys is readonly string[] {
  return keys.every((key: string | number) => typeof key === "string");
}

function reduceCall(search: Search, call: CallExpr, place: Place): Head {
  const callee = reduce({ ...search, origin: null }, call.callee, place);
  if (callee.kind === "framework") return reduceFrameworkCall(search, callee.name, { call, place });
  if (callee.kind !== "expr" || callee.expr.kind !== "function") {
    return callee.kind === "unresolved" || callee.kind === "tooDeep"
      ? callee
      : { kind: "expr", expr: call, place, origin: search.origin };
  }
  const { fn } = callee.expr;
  if (fn.result === null) return { kind: "expr", expr: call, place, origin: search.origin };
  const args = call.args.map((expr) => ({ expr, place }));
  const typeArgs = call.typeArgs.map((type) => ({ type, place: { ...place, hidden: new Set<string>(), depth: 0 } }));
  const made = applyFactory(search, { fn, file: callee.place.file, args }, { outer: callee.place, typeArgs });
  // A function that makes no asset is not followed: its result is made when it runs.
  return made.kind === "asset" || made.kind === "group" || made.kind === "tooDeep"
    ? made
    : { kind: "expr", expr: call, place, origin: search.origin };
}

function reduceFrameworkCall(search: Search, name: string, { call, place }: { call: CallExpr; place: Place }): Head {
  const { origin } = search;
  if (isAssetMaker(name))
    return { kind: "asset", maker: name, call, place, origin, member: null, group: null, frames: [] };
  if (name === groupMaker) return { kind: "group", call, place, origin, frames: [] };
  return { kind: "frameworkCall", name, call, place };
}

function applyFactory(search: Search, frame: Frame, around: Surroundings): Head {
  const { fn, file, args } = frame;
  if (fn.result === null) return { kind: "runtime", name: "" };
  if (search.factories >= maxFactories) return { kind: "tooDeep" };
  const env = bindParameters(fn, args, around);
  const made = reduce({ ...search, factories: search.factories + 1 }, fn.result, { file, env });
  if (made.kind !== "asset" && made.kind !== "group") return made;
  return { ...made, frames: [frame, ...made.frames] };
}

/** What a factory's body sees besides its arguments. */
interface Surroundings {
  readonly outer: Place;
  readonly typeArgs: readonly PlacedType[];
}

function bindParameters(fn: FunctionFact, args: readonly PlacedExpr[], { outer, typeArgs }: Surroundings): Environment {
  const values = new Map(outer.env?.values);
  const types = new Map(outer.env?.types);
  fn.typeParams.forEach((name, index) => types.set(name, typeArgs[index] ?? null));
  fn.params.forEach((param, index) => {
    const arg = args[index] ?? null;
    for (const name of param.names) values.set(name, param.name === name && !param.isRest ? arg : null);
    for (const [local, member] of param.members) values.set(local, arg === null ? null : memberExpr(arg, member));
    const { type } = param;
    if (
      type?.kind === "ref" &&
      type.path.length === 1 &&
      type.path[0] !== undefined &&
      types.get(type.path[0]) === null
    ) {
      types.set(type.path[0], arg);
    }
  });
  return { values, types };
}

function memberExpr({ expr, place }: PlacedExpr, name: string): PlacedExpr {
  return { expr: { kind: "member", of: expr, name, at: expr.at }, place };
}
