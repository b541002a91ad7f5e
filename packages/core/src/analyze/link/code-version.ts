import { unreachable } from "../../errors/unreachable.ts";
import { compareStrings } from "../../values/compare.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import { dynamicImportPrefix, type Code, type Expr, type FunctionFact } from "../facts/file-facts.ts";
import { findOwn } from "../facts/find-own.ts";
import type { AssetHead, Binding, Frame, Place, PlacedExpr } from "./heads.ts";
import { factsOf, type Linking } from "./linking.ts";
import { reduceDeclaration } from "./reduce-value.ts";
import { listExportedNames, resolveExport, resolveIn, resolveLocal } from "./resolve-names.ts";

/** Version of an installed package, where reached packages are to count as code; `null` where they are not. */
export type PackageVersion = (name: string) => string | null;

export interface CodeOf {
  readonly linking: Linking;
  readonly packageVersion: PackageVersion;
}

/** Structural hash of a function and of every declaration of the project that it reaches, with what factories passed to it. */
export function hashCode(
  of: CodeOf,
  fn: { readonly fact: FunctionFact; readonly file: string },
  { frames }: Pick<AssetHead, "frames">,
): string {
  const reach = startReach();
  follow(of, fn.fact.code, { file: fn.file, reach });
  const own = [fn.fact.code.hash, ...frames.flatMap((frame) => describeFrame(of, frame, reach))];
  return fingerprint(["code", ...own, ...listReached(of, reach)]);
}

/** Structural hash of options, by name, and of what they reach. Options that are not given do not count. */
export function hashOptions(of: CodeOf, members: ReadonlyMap<string, PlacedExpr>, names: readonly string[]): string {
  const reach = startReach();
  const texts = names.flatMap((name) => {
    const member = members.get(name);
    return member === undefined ? [] : [name, describe(of, member, reach)];
  });
  return fingerprint(["options", ...texts, ...listReached(of, reach)]);
}

/** What a piece of code reaches, as the search goes on. */
interface Reach {
  readonly seen: Set<string>;
  readonly hashes: Set<string>;
  readonly packages: Set<string>;
}

function startReach(): Reach {
  return { seen: new Set(), hashes: new Set(), packages: new Set() };
}

function listReached({ packageVersion }: CodeOf, { hashes, packages }: Reach): string[] {
  const versions = [...packages].flatMap((name) => {
    const version = packageVersion(name);
    return version === null ? [] : [`${name}@${version}`];
  });
  return [...hashes, ...versions].sort(compareStrings);
}

interface From {
  readonly file: string;
  readonly reach: Reach;
}

function follow(of: CodeOf, code: Code, from: From): void {
  for (const ref of code.refs) followRef(of, ref, from);
}

function followRef(of: CodeOf, ref: string, { file, reach }: From): void {
  const { linking } = of;
  if (ref.startsWith(dynamicImportPrefix)) {
    const specifier = ref.slice(dynamicImportPrefix.length);
    return followBinding(of, resolveIn(linking, file, { specifier, name: "*" }), reach);
  }
  const dot = ref.indexOf(".");
  const root = resolveLocal(linking, file, dot === -1 ? ref : ref.slice(0, dot));
  followBinding(
    of,
    root.kind === "namespace" && dot !== -1 ? resolveExport(linking, root.file, ref.slice(dot + 1)) : root,
    reach,
  );
}

function followBinding(of: CodeOf, binding: Binding, reach: Reach): void {
  if (binding.kind === "package") reach.packages.add(binding.package);
  if (binding.kind === "declaration") followDeclaration(of, binding, reach);
  // A namespace that is passed on as a whole: any of its members may be used.
  if (binding.kind !== "namespace" || isSeen(reach, `${binding.file}\n*`)) return;
  for (const name of listExportedNames(of.linking, binding.file))
    followBinding(of, resolveExport(of.linking, binding.file, name), reach);
}

function followDeclaration(of: CodeOf, { file, name }: { file: string; name: string }, reach: Reach): void {
  if (isSeen(reach, `${file}\n${name}`)) return;
  const value = findOwn(factsOf(of.linking, file).values, name);
  if (value === undefined || isAsset(of.linking, file, name)) return;
  reach.hashes.add(value.code.hash);
  follow(of, value.code, { file, reach });
}

/** Assets are edges of the graph, not code. */
function isAsset(linking: Linking, file: string, name: string): boolean {
  const { kind } = reduceDeclaration(linking, file, name);
  return kind === "asset" || kind === "group";
}

function isSeen({ seen }: Reach, key: string): boolean {
  if (seen.has(key)) return true;
  seen.add(key);
  return false;
}

/** A factory counts with its arguments, and with its body when that does more than pass them on. */
function describeFrame(of: CodeOf, { fn, file, args }: Frame, reach: Reach): string[] {
  const texts = args.map((arg) => describe(of, arg, reach));
  if (fn.isPlainResult) return texts;
  follow(of, fn.code, { file, reach });
  return [fn.code.hash, ...texts];
}

/** The structure of an expression as text; what it reaches is followed. */
function describe(of: CodeOf, { expr, place }: PlacedExpr, reach: Reach): string {
  const inner = (part: Expr): string => describe(of, { expr: part, place }, reach);
  switch (expr.kind) {
    case "ref":
      return describeReference(of, { name: expr.name, place }, reach);
    case "member":
      return describeMember(of, { expr, place }, reach);
    case "call":
      return `${inner(expr.callee)}(${expr.args.map(inner).join(",")})`;
    case "object":
      return `{${expr.members.map(({ name, value }) => `${name === null ? "..." : JSON.stringify(name)}:${inner(value)}`).join(",")}}`;
    case "array":
      return `[${expr.items.map(inner).join(",")}]`;
    case "spread":
      return `...${inner(expr.of)}`;
    case "literal":
      return JSON.stringify(expr.value);
    case "undefined":
      return "undefined";
    case "template":
      return `\`${expr.parts.map(inner).join(",")}\``;
    case "function":
      follow(of, expr.fn.code, { file: place.file, reach });
      return expr.fn.code.hash;
    case "other":
      follow(of, expr.code, { file: place.file, reach });
      return expr.code.hash;
    default:
      return unreachable(expr);
  }
}

function describeReference(of: CodeOf, { name, place }: { name: string; place: Place }, reach: Reach): string {
  const bound = place.env?.values.get(name);
  if (bound !== undefined && bound !== null) return describe(of, bound, reach);
  followRef(of, name, { file: place.file, reach });
  const binding = resolveLocal(of.linking, place.file, name);
  return binding.kind === "declaration" && isAsset(of.linking, binding.file, binding.name) ? "asset" : `:${name}`;
}

function describeMember(
  of: CodeOf,
  { expr, place }: { expr: Extract<Expr, { kind: "member" }>; place: Place },
  reach: Reach,
): string {
  if (expr.of.kind !== "ref" || place.env?.values.has(expr.of.name) === true) {
    return `${describe(of, { expr: expr.of, place }, reach)}.${expr.name}`;
  }
  followRef(of, `${expr.of.name}.${expr.name}`, { file: place.file, reach });
  return `:${expr.of.name}.${expr.name}`;
}
