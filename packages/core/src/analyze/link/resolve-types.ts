import type { TypeDeclarationFact, TypeExpr } from "../facts/file-facts.ts";
import { findOwn } from "../facts/find-own.ts";
import type { Binding, Environment, Place, PlacedType, TypePlace } from "./heads.ts";
import { factsOf, report, type Linking } from "./linking.ts";
import { resolveExport, resolveIn, resolveLocal } from "./resolve-names.ts";

/** What a named type turned out to be. */
export type NamedType =
  | { readonly kind: "bound"; readonly bound: PlacedType | null }
  | { readonly kind: "declared"; readonly declaration: TypeDeclarationFact; readonly place: TypePlace }
  /** A name of the language itself, or none at all. */
  | { readonly kind: "global"; readonly name: string }
  | Exclude<Binding, { kind: "declaration" }>;

type TypeReference = Extract<TypeExpr, { kind: "ref" | "imported" }>;

const maxDepth = 12;

/** The place of the types that stand in an expression or, with its names, in a parameter list. */
export function typePlace(place: Place, hidden: ReadonlySet<string> = new Set()): TypePlace {
  return { file: place.file, env: place.env, hidden, depth: 0 };
}

/** Where a type argument was written. It counts as one more expansion, so that aliases that nest each other come to an end. */
export function argumentPlace(bound: { readonly place: TypePlace }, from: TypePlace): TypePlace {
  return { ...bound.place, depth: from.depth + 1 };
}

export function resolveType(linking: Linking, type: TypeReference, place: TypePlace): NamedType {
  const [root = "", ...rest] = type.path;
  if (type.kind === "ref" && rest.length === 0) {
    const bound = place.env?.types.get(root);
    if (bound !== undefined) return { kind: "bound", bound };
  }
  let binding =
    type.kind === "imported"
      ? resolveIn(linking, place.file, { specifier: type.specifier, name: root || "*" })
      : resolveLocal(linking, place.file, root);
  for (const name of rest) binding = memberOf(linking, binding, name);
  if (binding.kind === "missing" && binding.file === null && rest.length === 0) return { kind: "global", name: root };
  if (binding.kind !== "declaration") return binding;
  const declaration = findOwn(factsOf(linking, binding.file).types, binding.name);
  if (declaration === undefined) return { kind: "missing", file: binding.file, name: binding.name };
  return { kind: "declared", declaration, place: enterDeclaration(declaration, { binding, type, place }) };
}

/** Whether the expansion of aliases must end here; reports it. */
export function isTooDeep(linking: Linking, type: TypeExpr, place: TypePlace): boolean {
  if (place.depth <= maxDepth) return false;
  report(linking, {
    code: "ANALYZE_ALIAS_TOO_DEEP",
    message: `the type is an alias of an alias, more than ${maxDepth} deep`,
    hint: "Write the input where the parameter is: In<typeof asset>",
    file: place.file,
    at: type.at,
  });
  return true;
}

function memberOf(linking: Linking, binding: Binding, name: string): Binding {
  if (binding.kind === "namespace") return resolveExport(linking, binding.file, name);
  if (binding.kind === "framework" && binding.name === "*") return { kind: "framework", name };
  if (binding.kind === "package" && binding.name === "*") return { ...binding, name };
  return binding.kind === "declaration" ? { kind: "missing", file: binding.file, name } : binding;
}

interface Entering {
  readonly binding: { readonly file: string };
  readonly type: TypeReference;
  readonly place: TypePlace;
}

/** Inside a declaration its type parameters mean the arguments, which are read where they were written. */
function enterDeclaration(declaration: TypeDeclarationFact, { binding, type, place }: Entering): TypePlace {
  const params = declaration.kind === "other" ? [] : declaration.params;
  const types = new Map(params.map((param, index) => [param, boundArgument(type.args[index], place)]));
  const env: Environment = { values: new Map(), types };
  return { file: binding.file, env, hidden: new Set(), depth: place.depth + 1 };
}

function boundArgument(type: TypeExpr | undefined, place: TypePlace): PlacedType | null {
  return type === undefined ? null : { type, place };
}
