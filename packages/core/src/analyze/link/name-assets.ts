import { isAssetKey, type AssetKey } from "../../values/asset-key.ts";
import type { Span } from "../facts/file-facts.ts";
import { identify, type DeclaredAsset } from "./find-assets.ts";
import { factsOf, report, sourceOf, type Linking } from "./linking.ts";
import { reduceDeclaration } from "./reduce-value.ts";

/** An asset with its name and its way out of its module. */
export interface NamedAsset extends DeclaredAsset {
  readonly key: AssetKey;
  readonly exportPath: readonly string[];
}

/** How other modules reach what a file declares, by identity. */
type PublicNames = ReadonlyMap<string, readonly string[]>;

export interface NameRequest {
  readonly asset: DeclaredAsset;
  /** The literal option `name`, if there is one. */
  readonly explicitName: string | null;
  readonly publicNames: PublicNames;
}

/** Exported names of the assets and groups of every file. */
export function listPublicNames(linking: Linking): PublicNames {
  const names = new Map<string, string[]>();
  for (const [file, { facts }] of linking.files) {
    for (const [exported, fact] of Object.entries(facts.exports)) {
      if (fact.kind !== "local" || !Object.hasOwn(facts.values, fact.name)) continue;
      const head = reduceDeclaration(linking, file, fact.name);
      if ((head.kind !== "asset" && head.kind !== "group") || head.origin?.file !== file) continue;
      const id = identify(head.kind === "asset" ? head : { origin: head.origin, member: null });
      names.set(id, [...(names.get(id) ?? []), exported]);
    }
  }
  return names;
}

/** Gives an asset its key; `null` when it has none, which is then reported. */
export function nameAsset(linking: Linking, request: NameRequest): NamedAsset | null {
  const { asset } = request;
  if (!sourceOf(linking, asset.origin.file).isAssetFile) return rejectOutside(linking, asset);
  const exported = findExport(linking, request);
  if (exported === null) return null;
  const key = request.explicitName ?? keyOf(asset, exported);
  if (!isAssetKey(key)) return rejectKey(linking, asset, key);
  return { ...asset, key, exportPath: exported };
}

/** The place of the name that receives the asset. */
export function declarationSpan(linking: Linking, { origin }: DeclaredAsset): Span {
  return factsOf(linking, origin.file).values[origin.name]?.at ?? [0, 0];
}

function findExport(linking: Linking, { asset, publicNames }: NameRequest): readonly string[] | null {
  const { head, origin } = asset;
  const direct = pickName(publicNames.get(identify(head)) ?? [], origin.name);
  if (typeof direct === "string") return [direct];
  const group = head.member === null ? [] : (publicNames.get(identify({ origin, member: null })) ?? []);
  const viaGroup = pickName(group, origin.name);
  if (typeof viaGroup === "string" && head.member !== null) return [viaGroup, head.member];
  const several = direct.length > 0 ? direct : viaGroup;
  if (typeof several !== "string" && several.length > 0) return rejectSeveral(linking, asset, several);
  return rejectUnexported(linking, asset);
}

/** The declared name before others, another name before `default`; several others are no answer. */
function pickName(names: readonly string[], declared: string): string | readonly string[] {
  if (names.includes(declared)) return declared;
  const others = names.filter((name) => name !== "default");
  return (others.length === 0 ? names : others).length === 1 ? (others[0] ?? "default") : others;
}

function keyOf({ origin, head }: DeclaredAsset, [exported = "", ...members]: readonly string[]): string {
  const baseName = (origin.file.split("/").at(-1) ?? "").replace(/[.][cm]?tsx?$/, "");
  const name = exported !== "default" ? exported : origin.name === "default" ? baseName : origin.name;
  return members.length === 0 && head.member !== null && exported === "default"
    ? head.member
    : [name, ...members].join(".");
}

function rejectOutside(linking: Linking, asset: DeclaredAsset): null {
  report(linking, {
    code: "ANALYZE_ASSET_OUTSIDE_GLOBS",
    message: `"${asset.origin.name}" is declared in ${asset.origin.file}, which the \`assets\` globs of the project do not name`,
    hint: "Move it to a file that they name, or add the file to `assets` in watersmeet.config.ts",
    file: asset.origin.file,
    at: declarationSpan(linking, asset),
  });
  return null;
}

function rejectUnexported(linking: Linking, asset: DeclaredAsset): null {
  report(linking, {
    code: "ANALYZE_NOT_EXPORTED",
    message: `the asset "${asset.origin.name}" is not exported`,
    hint: "Export it: the run time finds an asset by its export",
    file: asset.origin.file,
    at: declarationSpan(linking, asset),
  });
  return null;
}

function rejectSeveral(linking: Linking, asset: DeclaredAsset, names: readonly string[]): null {
  report(linking, {
    code: "ANALYZE_SEVERAL_NAMES",
    message: `the asset "${asset.origin.name}" is exported under several names: ${names.join(", ")}`,
    hint: "Export it once, or under its own name too",
    file: asset.origin.file,
    at: declarationSpan(linking, asset),
  });
  return null;
}

function rejectKey(linking: Linking, asset: DeclaredAsset, key: string): null {
  report(linking, {
    code: "ANALYZE_KEY_INVALID",
    message: `"${key}" cannot be the key of an asset`,
    hint: 'Keys are identifiers: give the asset one with name: "dailyOrders"',
    file: asset.origin.file,
    at: declarationSpan(linking, asset),
  });
  return null;
}
