import type { Expr, FileFacts, TypeExpr } from "../facts/file-facts.ts";
import { findOwn } from "../facts/find-own.ts";
import type { AssetHead, Head, Place, PlacedType, TypePlace } from "./heads.ts";
import { describeMissing, reportNotAsset } from "./input-problems.ts";
import { factsOf, report, type Linking } from "./linking.ts";
import { reduceBinding, reduceMember, reduceValue } from "./reduce-value.ts";
import { resolveIn } from "./resolve-names.ts";
import { argumentPlace, isTooDeep, resolveType } from "./resolve-types.ts";

/** The asset that the first argument of `In` names; `null` when it names none, which is then reported. */
export function resolveInputAsset(linking: Linking, type: TypeExpr, place: TypePlace): AssetHead | null {
  if (isTooDeep(linking, type, place)) return null;
  if (type.kind === "typeof") return resolveTypeof(linking, type, place);
  if (type.kind === "ref" || type.kind === "imported") return resolveNamed(linking, type, place);
  if (type.kind === "indexed" && type.object.kind === "typeof" && typeof literalOf(type.index) === "string") {
    return acceptAsset(
      linking,
      reduceMember(linking, reduceTypeof(linking, type.object, place), literalOf(type.index) ?? ""),
      { type, place },
    );
  }
  return rejectForm(linking, type, place);
}

function literalOf(type: TypeExpr): string | undefined {
  return type.kind === "literal" && typeof type.value === "string" ? type.value : undefined;
}

function rejectForm(linking: Linking, type: TypeExpr, place: TypePlace): null {
  report(linking, {
    code: "ANALYZE_INPUT_NOT_TYPEOF",
    message: "the argument of `In` is not the type of an asset",
    hint: "Write In<typeof asset>: which asset is meant is in its name, not in its type",
    file: place.file,
    at: type.at,
  });
  return null;
}

function resolveNamed(
  linking: Linking,
  type: Extract<TypeExpr, { kind: "ref" | "imported" }>,
  place: TypePlace,
): AssetHead | null {
  const named = resolveType(linking, type, place);
  if (named.kind === "bound") return resolveBound(linking, named.bound, { type, place });
  if (named.kind === "declared" && named.declaration.kind === "alias" && followed.has(named.declaration.type.kind)) {
    return resolveInputAsset(linking, named.declaration.type, named.place);
  }
  if (named.kind === "unresolved") return null;
  return rejectForm(linking, type, place);
}

/** Types that may lead to an asset; for others the place where the alias is used says more. */
const followed: ReadonlySet<TypeExpr["kind"]> = new Set(["typeof", "ref", "imported", "indexed"]);

interface Use {
  readonly type: TypeExpr;
  readonly place: TypePlace;
}

/** A type parameter of an alias or factory. */
function resolveBound(linking: Linking, bound: PlacedType | null, use: Use): AssetHead | null {
  if (bound === null) return acceptAsset(linking, { kind: "runtime", name: pathOf(use.type) }, use);
  if ("type" in bound) return resolveInputAsset(linking, bound.type, argumentPlace(bound, use.place));
  return acceptAsset(linking, reduceValue(linking, bound.expr, bound.place), use);
}

function resolveTypeof(
  linking: Linking,
  type: Extract<TypeExpr, { kind: "typeof" }>,
  place: TypePlace,
): AssetHead | null {
  const [root = ""] = type.path;
  if (type.specifier === null && place.hidden.has(root)) return rejectShadowed(linking, type, place);
  const asset = acceptAsset(linking, reduceTypeof(linking, type, place), { type, place });
  if (asset !== null && type.specifier === null && place.env?.values.has(root) !== true)
    checkTypeImport(linking, root, { type, place });
  return asset;
}

function reduceTypeof(linking: Linking, type: Extract<TypeExpr, { kind: "typeof" }>, place: Place): Head {
  const [root = "", ...rest] = type.path;
  let head: Head;
  if (type.specifier === null) {
    const expr: Expr = { kind: "ref", name: root, at: type.at };
    head = reduceValue(linking, expr, place);
  } else
    head = reduceBinding(linking, resolveIn(linking, place.file, { specifier: type.specifier, name: root || "*" }));
  for (const name of rest) head = reduceMember(linking, head, name);
  return head;
}

function acceptAsset(linking: Linking, head: Head, { type, place }: Use): AssetHead | null {
  if (head.kind === "asset") return head;
  if (head.kind === "missing")
    report(linking, describeMissing(linking, head, { path: pathOf(type), file: place.file, at: type.at }));
  else reportNotAsset(linking, head, { path: pathOf(type), file: place.file, at: type.at });
  return null;
}

function rejectShadowed(linking: Linking, type: Extract<TypeExpr, { kind: "typeof" }>, place: TypePlace): null {
  const [name = ""] = type.path;
  report(linking, {
    code: "ANALYZE_PARAMETER_SHADOWS_ASSET",
    message: `parameter "${name}" has the same name as the asset: \`typeof ${name}\` means the parameter here (TS2502)`,
    hint: `Rename the parameter, or \`import type * as upstream from "…"\` and write In<typeof upstream.${name}>`,
    file: place.file,
    at: type.at,
  });
  return null;
}

/** An asset that is only named in types must not be imported at run time: the modules of assets would load each other. */
function checkTypeImport(linking: Linking, root: string, { place }: Use): void {
  const facts = factsOf(linking, place.file);
  const imported = findOwn(facts.imports, root);
  if (imported === undefined || imported.isErased) return;
  // A module that gives values too is loaded anyway.
  const names = imported.isTypeOnly ? namesFrom(facts, imported.specifier) : [root];
  if (names.some((name) => isValueUsed(facts, name))) return;
  report(linking, {
    code: "ANALYZE_VALUE_IMPORT",
    message: imported.isTypeOnly
      ? `only types are imported from "${imported.specifier}", and the module is loaded all the same`
      : `"${root}" is imported as a value, but only its type is used`,
    hint: "Start the statement with `import type`: it is erased then, and the modules of assets do not load each other",
    file: place.file,
    at: imported.at,
  });
}

function namesFrom({ imports }: FileFacts, specifier: string): string[] {
  return Object.entries(imports).flatMap(([name, fact]) =>
    fact.specifier === specifier && !fact.isTypeOnly ? [name] : [],
  );
}

function isValueUsed({ calls, uses, exports }: FileFacts, name: string): boolean {
  const isUsed = [...Object.keys(calls), ...Object.keys(uses)].some(
    (path) => path === name || path.startsWith(`${name}.`),
  );
  return isUsed || Object.values(exports).some((fact) => fact.kind === "local" && fact.name === name);
}

function pathOf(type: TypeExpr): string {
  if (type.kind === "typeof" || type.kind === "ref" || type.kind === "imported") return type.path.join(".");
  return type.kind === "indexed" ? `${pathOf(type.object)}.${literalOf(type.index) ?? ""}` : "";
}
