import type { ManifestInjection } from "../../manifest/manifest.ts";
import type { MappingSpec } from "../../values/partitions/partitions-spec.ts";
import type { FunctionFact, Span, TypeExpr, TypeMember } from "../facts/file-facts.ts";
import type { AssetHead, Place, TypePlace } from "./heads.ts";
import type { Linking } from "./linking.ts";
import { findParametersOf, listSlots, rejectNotStatic, type Slot } from "./list-slots.ts";
import { rejectParameter, rejectUnion, rejectUntyped } from "./parameter-problems.ts";
import { readMapping } from "./read-mapping.ts";
import { resolveInputAsset } from "./resolve-input-asset.ts";
import { argumentPlace, isTooDeep, resolveType, type NamedType } from "./resolve-types.ts";

/** An input before keys are known. */
export interface FoundInput {
  readonly asset: AssetHead;
  readonly position: string;
  readonly name: string;
  readonly mapping: MappingSpec;
  readonly isOptional: boolean;
  readonly file: string;
  readonly at: Span;
}

/** What the parameters of one function turn out to be. */
export interface FoundInputs {
  readonly inputs: FoundInput[];
  readonly injections: ManifestInjection[];
}

interface Expansion {
  readonly linking: Linking;
  readonly found: FoundInputs;
}

/** Reads the inputs of a function from its parameters' types. What is neither an input nor injected is reported. */
export function readInputs(linking: Linking, fn: FunctionFact, place: Place): FoundInputs {
  const expansion: Expansion = { linking, found: { inputs: [], injections: [] } };
  for (const slot of listSlots(linking, fn, place)) expand(expansion, slot);
  return expansion.found;
}

function expand(expansion: Expansion, slot: Slot): void {
  const { type } = slot;
  if (type === null || type.kind === "untyped") return rejectUntyped(expansion.linking, slot);
  if (isTooDeep(expansion.linking, type, slot.place)) return;
  if (type.kind === "ref" || type.kind === "imported") return expandNamed(expansion, slot, type);
  if (type.kind === "object") return expandMembers(expansion, slot, type.members);
  if (type.kind === "union") return expandUnion(expansion, slot, type.types);
  if (type.kind === "indexed") return expandIndexed(expansion, slot, type);
  rejectParameter(expansion.linking, slot, type);
}

function expandNamed(expansion: Expansion, slot: Slot, type: Extract<TypeExpr, { kind: "ref" | "imported" }>): void {
  const named = resolveType(expansion.linking, type, slot.place);
  if (named.kind === "unresolved") return;
  if (named.kind === "framework")
    return expandFramework(expansion, slot, { name: named.name, args: type.args, at: type.at });
  if (named.kind === "bound" && named.bound !== null && "type" in named.bound) {
    return expand(expansion, { ...slot, type: named.bound.type, place: argumentPlace(named.bound, slot.place) });
  }
  if (named.kind === "declared" && named.declaration.kind === "alias") {
    return expand(expansion, { ...slot, type: named.declaration.type, place: named.place });
  }
  if (named.kind === "declared" && named.declaration.kind === "interface")
    return expandInterface(expansion, slot, named);
  const [argument] = type.args;
  if (named.kind === "global" && named.name === "Readonly" && argument !== undefined)
    return expand(expansion, { ...slot, type: argument });
  rejectParameter(expansion.linking, slot, type);
}

interface FrameworkType {
  readonly name: string;
  readonly args: readonly TypeExpr[];
  readonly at: Span;
}

function expandFramework({ linking, found }: Expansion, slot: Slot, { name, args, at }: FrameworkType): void {
  const { position, isOptional, place } = slot;
  if (name === "Ctx") found.injections.push({ kind: "ctx", position });
  else if (name === "Db") found.injections.push({ kind: "db", position });
  else if (name === "Self") {
    const mapping = args[1] === undefined ? selfMapping : readMapping(linking, args[1], place);
    if (mapping !== null) found.injections.push({ kind: "self", position, mapping });
  } else if (name === "In" && args[0] !== undefined) {
    const asset = resolveInputAsset(linking, args[0], place);
    const mapping = args[1] === undefined ? inMapping : readMapping(linking, args[1], place);
    const where = { file: place.file, at };
    if (asset !== null && mapping !== null)
      found.inputs.push({ asset, position, name: slot.name, mapping, isOptional, ...where });
  } else rejectParameter(linking, slot, slot.type ?? { kind: "other", what: name, at });
}

const inMapping: MappingSpec = { kind: "same" };
const selfMapping: MappingSpec = { kind: "offset", by: -1 };

function expandMembers(expansion: Expansion, slot: Slot, members: readonly TypeMember[]): void {
  for (const { name, type, isOptional, at } of members) {
    if (name === null) rejectParameter(expansion.linking, { ...slot, at }, type);
    else
      expand(expansion, {
        ...slot,
        type,
        name,
        position: `${slot.position}.${name}`,
        isOptional: slot.isOptional || isOptional,
        at,
      });
  }
}

function expandInterface(expansion: Expansion, slot: Slot, named: Extract<NamedType, { kind: "declared" }>): void {
  const { declaration, place } = named;
  if (declaration.kind !== "interface") return;
  for (const type of declaration.parents) expand(expansion, { ...slot, type, place });
  expandMembers(expansion, { ...slot, place }, declaration.members);
}

function expandUnion(expansion: Expansion, slot: Slot, types: readonly TypeExpr[]): void {
  const present = types.filter(({ kind }) => kind !== "nothing");
  const [only, ...others] = present;
  if (only !== undefined && others.length === 0) return expand(expansion, { ...slot, type: only, isOptional: true });
  rejectUnion(expansion.linking, slot, present);
}

/** `Parameters<typeof f>[0]`, and a member of an object type. */
function expandIndexed(expansion: Expansion, slot: Slot, type: Extract<TypeExpr, { kind: "indexed" }>): void {
  const { linking } = expansion;
  const index = type.index.kind === "literal" ? type.index.value : null;
  const params = index === null ? null : findParametersOf(linking, type.object, slot.place);
  const param = params?.fn.params[Number(index)];
  if (params !== undefined && params !== null && param !== undefined && !param.isRest) {
    const { type: inner, isOptional } = param;
    return expand(expansion, {
      ...slot,
      type: inner,
      place: params.place,
      isOptional: slot.isOptional || isOptional,
      at: slot.at,
    });
  }
  const member = index === null ? undefined : findMember(linking, type.object, { name: `${index}`, place: slot.place });
  if (member === undefined) return rejectNotStatic(linking, slot.place.file, type.at);
  expand(expansion, {
    ...slot,
    type: member.type,
    place: member.place,
    isOptional: slot.isOptional || member.isOptional,
  });
}

interface PlacedMember {
  readonly type: TypeExpr;
  readonly place: TypePlace;
  readonly isOptional: boolean;
}

function findMember(
  linking: Linking,
  type: TypeExpr,
  { name, place }: { name: string; place: TypePlace },
): PlacedMember | undefined {
  if (type.kind === "object") {
    const member = type.members.find((candidate) => candidate.name === name);
    return member === undefined ? undefined : { type: member.type, place, isOptional: member.isOptional };
  }
  if ((type.kind !== "ref" && type.kind !== "imported") || isTooDeep(linking, type, place)) return undefined;
  const named = resolveType(linking, type, place);
  if (named.kind !== "declared") return undefined;
  const { declaration } = named;
  if (declaration.kind === "alias") return findMember(linking, declaration.type, { name, place: named.place });
  if (declaration.kind !== "interface") return undefined;
  const own: TypeExpr = { kind: "object", members: declaration.members, at: declaration.at };
  return [own, ...declaration.parents]
    .map((part) => findMember(linking, part, { name, place: named.place }))
    .find((found) => found !== undefined);
}
