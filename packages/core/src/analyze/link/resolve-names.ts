import { findOwn } from "../facts/find-own.ts";
import { frameworkPackage, isFrameworkName } from "./framework.ts";
import type { Binding, StarIndex } from "./heads.ts";
import { factsOf, sourceOf, type Linking } from "./linking.ts";

/** A name as it is seen at the top level of a file. */
export function resolveLocal(linking: Linking, file: string, name: string): Binding {
  return resolveLocalVia({ linking, seen: [] }, file, name);
}

/** A name as another module sees it. */
export function resolveExport(linking: Linking, file: string, name: string): Binding {
  const key = `${file}\n${name}`;
  const known = linking.exportBindings.get(key);
  if (known !== undefined) return known;
  const binding = resolveExportVia({ linking, seen: [] }, file, name);
  linking.exportBindings.set(key, binding);
  return binding;
}

/** What `name` of a module means, named by a specifier in `file`. */
export function resolveIn(linking: Linking, file: string, target: { specifier: string; name: string }): Binding {
  return resolveInVia({ linking, seen: [] }, file, target);
}

/** Names that a module exports, directly and through `export *`, sorted. */
export function listExportedNames(linking: Linking, file: string): readonly string[] {
  return listNames(linking, file, []);
}

/** Every name is looked up once, however many modules a barrel has. */
function listNames(linking: Linking, file: string, seen: readonly string[]): readonly string[] {
  const known = linking.exportedNames.get(file);
  if (known !== undefined) return known;
  if (seen.includes(file)) return [];
  const { facts, targets } = sourceOf(linking, file);
  const names = new Set(Object.keys(facts.exports));
  for (const specifier of facts.stars) {
    const target = targets.get(specifier);
    if (target?.kind !== "file") continue;
    for (const name of listNames(linking, target.path, [...seen, file])) if (name !== "default") names.add(name);
  }
  const sorted = [...names].sort();
  // Within a circle of barrels only the first one's list is complete.
  if (seen.length === 0) linking.exportedNames.set(file, sorted);
  return sorted;
}

interface Search {
  readonly linking: Linking;
  /** Exports on the way, so that barrels that re-export each other come to an end. */
  readonly seen: readonly string[];
}

function resolveLocalVia(search: Search, file: string, name: string): Binding {
  const facts = factsOf(search.linking, file);
  if (findOwn(facts.values, name) !== undefined || findOwn(facts.types, name) !== undefined) {
    return { kind: "declaration", file, name };
  }
  const imported = findOwn(facts.imports, name);
  if (imported === undefined) return { kind: "missing", file: null, name };
  return resolveInVia(search, file, imported);
}

function resolveInVia(search: Search, file: string, { specifier, name }: { specifier: string; name: string }): Binding {
  if (specifier === frameworkPackage) return { kind: "framework", name };
  const target = sourceOf(search.linking, file).targets.get(specifier);
  if (target === undefined || target.kind === "missing") return { kind: "unresolved", specifier };
  if (target.kind === "package") return { kind: "package", package: target.name, name };
  if (name === "*") return { kind: "namespace", file: target.path };
  return resolveExportVia(search, target.path, name);
}

function resolveExportVia(search: Search, file: string, name: string): Binding {
  const key = `${file}\n${name}`;
  if (search.seen.includes(key)) return { kind: "missing", file, name };
  const inner = { ...search, seen: [...search.seen, key] };
  const own = findOwn(factsOf(search.linking, file).exports, name);
  if (own?.kind === "from") return resolveInVia(inner, file, own);
  if (own?.kind === "local") return resolveLocalVia(inner, file, own.name);
  return name === "default" ? { kind: "missing", file, name } : resolveThroughStars(inner, file, name);
}

function resolveThroughStars(search: Search, file: string, name: string): Binding {
  const { byName, others } = starsOf(search.linking, file);
  const found = new Map<string, Binding & { readonly kind: "declaration" | "namespace" }>();
  let fromPackage: Binding | null = null;
  for (const specifier of [...(byName.get(name) ?? []), ...others]) {
    const binding = resolveInVia(search, file, { specifier, name });
    if (binding.kind === "ambiguous" || binding.kind === "unresolved") return binding;
    if (binding.kind === "framework" && isFrameworkName(name)) return binding;
    if (binding.kind === "package" || binding.kind === "framework") fromPackage ??= binding;
    if (binding.kind === "declaration" || binding.kind === "namespace") found.set(JSON.stringify(binding), binding);
  }
  const [first, ...more] = found.values();
  if (first === undefined) return fromPackage ?? { kind: "missing", file, name };
  if (more.length === 0) return first;
  return { kind: "ambiguous", files: [first, ...more].map(({ file: from }) => from), name };
}

/** The modules behind `export *` by the names that they give; `others` are packages, whose names cannot be listed. */
function starsOf(linking: Linking, file: string): StarIndex {
  const known = linking.starIndexes.get(file);
  if (known !== undefined) return known;
  const { facts, targets } = sourceOf(linking, file);
  const byName = new Map<string, string[]>();
  const others: string[] = [];
  for (const specifier of facts.stars) {
    const target = targets.get(specifier);
    if (target?.kind !== "file" || specifier === frameworkPackage) others.push(specifier);
    else
      for (const name of listExportedNames(linking, target.path))
        byName.set(name, [...(byName.get(name) ?? []), specifier]);
  }
  const index = { byName, others };
  linking.starIndexes.set(file, index);
  return index;
}
