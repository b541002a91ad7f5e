import type { FunctionFact, ParamFact, Span, TypeExpr } from "../facts/file-facts.ts";
import type { Place, TypePlace } from "./heads.ts";
import { report, type Linking } from "./linking.ts";
import { rejectUntyped } from "./parameter-problems.ts";
import { reduceValue } from "./reduce-value.ts";
import { isTooDeep, resolveType, typePlace } from "./resolve-types.ts";

/** A parameter, or a part of one, whose type is to be understood. */
export interface Slot {
  readonly type: TypeExpr | null;
  readonly place: TypePlace;
  readonly position: string;
  readonly name: string;
  readonly isOptional: boolean;
  readonly at: Span;
}

/** The slots of a function's parameters; a rest parameter stands for as many as its tuple has elements. */
export function listSlots(linking: Linking, fn: FunctionFact, place: Place): Slot[] {
  const inside = typePlace(place, new Set(fn.params.flatMap(({ names }) => names)));
  return fn.params.flatMap((param, index) => {
    const slot = slotOf(param, index, inside);
    return param.isRest ? expandRest(linking, slot, { index, names: param.elements ?? [] }) : [slot];
  });
}

function slotOf(param: ParamFact, index: number, place: TypePlace): Slot {
  const { type, isOptional, at } = param;
  return { type, place, position: `${index}`, name: param.name ?? `parameter ${index + 1}`, isOptional, at };
}

export interface FunctionParameters {
  readonly fn: FunctionFact;
  readonly place: TypePlace;
}

/** The function behind `Parameters<typeof f>`. */
export function findParametersOf(linking: Linking, type: TypeExpr, place: TypePlace): FunctionParameters | null {
  if (type.kind !== "ref" || resolveType(linking, type, place).kind !== "global" || type.path[0] !== "Parameters")
    return null;
  const [of] = type.args;
  const [root, ...rest] = of?.kind === "typeof" && of.specifier === null ? of.path : [];
  if (of === undefined || root === undefined) return null;
  const expr = rest.reduce<Parameters<typeof reduceValue>[1]>(
    (inner, name) => ({ kind: "member", of: inner, name, at: of.at }),
    { kind: "ref", name: root, at: of.at },
  );
  const head = reduceValue(linking, expr, place);
  if (head.kind !== "expr" || head.expr.kind !== "function") return null;
  const { fn } = head.expr;
  return {
    fn,
    place: { ...typePlace(head.place, new Set(fn.params.flatMap(({ names }) => names))), depth: place.depth + 1 },
  };
}

export function rejectNotStatic(linking: Linking, file: string, at: Span): void {
  report(linking, {
    code: "ANALYZE_TYPE_NOT_STATIC",
    message: "which type this is cannot be told from the sources alone",
    hint: "Name a function of this project, Parameters<typeof read>, and a literal index or member",
    file,
    at,
  });
}

interface Rest {
  readonly index: number;
  /** Of an array pattern. */
  readonly names: readonly string[];
}

function expandRest(linking: Linking, slot: Slot, rest: Rest): Slot[] {
  const { type, place } = slot;
  if (type === null || type.kind === "untyped") {
    rejectUntyped(linking, slot);
    return [];
  }
  if (isTooDeep(linking, type, place)) return [];
  if (type.kind === "tuple" && !type.elements.some(({ isRest }) => isRest)) {
    return type.elements.map((element, offset) => {
      const name = rest.names[offset] || element.name || `${slot.name}${offset}`;
      const position = `${rest.index + offset}`;
      return { ...slot, type: element.type, name, position, isOptional: element.isOptional, at: element.type.at };
    });
  }
  const params = findParametersOf(linking, type, place);
  if (params !== null) {
    return params.fn.params.flatMap((param, offset) => {
      const inner = slotOf(param, rest.index + offset, params.place);
      const named = { ...inner, name: rest.names[offset] || inner.name };
      return param.isRest
        ? expandRest(linking, named, { index: rest.index + offset, names: param.elements ?? [] })
        : [named];
    });
  }
  return expandNamedRest(linking, slot, rest);
}

function expandNamedRest(linking: Linking, slot: Slot, rest: Rest): Slot[] {
  const { type, place } = slot;
  if (type === null) return [];
  if (type.kind === "ref" || type.kind === "imported") {
    const named = resolveType(linking, type, place);
    if (named.kind === "unresolved") return [];
    if (named.kind === "declared" && named.declaration.kind === "alias") {
      return expandRest(linking, { ...slot, type: named.declaration.type, place: named.place }, rest);
    }
    if (named.kind === "global" && named.name === "Parameters") {
      rejectNotStatic(linking, place.file, type.at);
      return [];
    }
  }
  report(linking, {
    code: "ANALYZE_REST_LENGTH_UNKNOWN",
    message: `how many inputs the rest parameter "${slot.name}" takes is not known`,
    hint: "Give it a tuple: ...[a, b]: [In<typeof x>, In<typeof y>]",
    file: place.file,
    at: type.at,
  });
  return [];
}
