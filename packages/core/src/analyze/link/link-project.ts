import type { Problem } from "../../errors/problem.ts";
import type { Manifest, ManifestAsset } from "../../manifest/manifest.ts";
import type { AssetKey } from "../../values/asset-key.ts";
import { compareStrings } from "../../values/compare.ts";
import type { SourceFile } from "../sources/read-sources.ts";
import { findTriggers } from "./automation/find-triggers.ts";
import { buildEntry, type Entry } from "./build-entry.ts";
import type { PackageVersion } from "./code-version.ts";
import { findAssets, identify, type DeclaredAsset } from "./find-assets.ts";
import { findCycles } from "./find-cycles.ts";
import { reportStrayCalls } from "./find-stray-calls.ts";
import { listProblems, locate, report, startLinking, type Linking } from "./linking.ts";
import { declarationSpan, listPublicNames, nameAsset, type NamedAsset } from "./name-assets.ts";
import { readOptions, type AssetOptions } from "./read-options.ts";

export interface Linked {
  /** Sorted by key. */
  readonly assets: readonly ManifestAsset[];
  /** Sorted by name. */
  readonly triggers: NonNullable<Manifest["triggers"]>;
  readonly problems: readonly Problem[];
}

/** Derives assets from facts alone. With problems, what could be derived is there all the same. */
export function linkProject(files: ReadonlyMap<string, SourceFile>, packageVersion: PackageVersion): Linked {
  const linking = startLinking(files);
  reportFileProblems(linking);
  const declared = findAssets(linking);
  const named = nameAssets(linking, declared.assets);
  const keys = new Map(named.map(({ asset }) => [identify(asset.head), asset.key]));
  const entries = named.map(({ asset, options }) => buildEntry({ linking, packageVersion }, { asset, options, keys }));
  const { triggers, calls } = findTriggers(linking, new Set(named.map(({ asset }) => asset.key)));
  reportStrayCalls(linking, { ...declared, reachedCalls: new Set([...declared.reachedCalls, ...calls]) });
  reportCycles(linking, entries);
  const assets = entries.map(({ asset }) => asset).sort((a, b) => compareStrings(a.key, b.key));
  return { assets, triggers, problems: listProblems(linking) };
}

function reportFileProblems(linking: Linking): void {
  for (const [file, { facts, targets }] of linking.files) {
    for (const { message, at } of facts.syntaxErrors) {
      report(linking, { code: "ANALYZE_SYNTAX_ERROR", message, hint: "Mend the syntax; tsc says the same", file, at });
    }
    for (const [specifier, target] of targets) {
      if (target.kind !== "missing") continue;
      const [first] = target.tried;
      report(linking, {
        code: "ANALYZE_MODULE_UNRESOLVED",
        message: `the module "${specifier}" cannot be found`,
        hint:
          first === undefined
            ? "Add it to `imports` in package.json"
            : `Looked for ${target.tried.slice(0, 3).join(", ")}; check the path, \`imports\` in package.json and \`paths\` in tsconfig.json`,
        file,
        at: facts.specifiers[specifier] ?? [0, 0],
      });
    }
  }
}

interface AssetWithOptions {
  readonly asset: NamedAsset;
  readonly options: AssetOptions;
}

/** Keys are unique in a project: the first, by place, keeps its key, and the others are reported. */
function nameAssets(linking: Linking, declared: readonly DeclaredAsset[]): AssetWithOptions[] {
  const publicNames = listPublicNames(linking);
  const byKey = new Map<AssetKey, AssetWithOptions>();
  for (const candidate of [...declared].sort(comparePlaces)) {
    const options = readOptions(linking, candidate.head);
    const asset = nameAsset(linking, { asset: candidate, explicitName: options.name, publicNames });
    if (asset === null) continue;
    const other = byKey.get(asset.key);
    if (other === undefined) byKey.set(asset.key, { asset, options });
    else reportDuplicate(linking, asset, other.asset);
  }
  return [...byKey.values()];
}

function comparePlaces(a: DeclaredAsset, b: DeclaredAsset): number {
  return compareStrings(a.origin.file, b.origin.file) || a.head.call.at[0] - b.head.call.at[0];
}

function reportDuplicate(linking: Linking, asset: NamedAsset, other: NamedAsset): void {
  const { file, line, column } = locate(linking, other.origin.file, declarationSpan(linking, other));
  report(linking, {
    code: "ANALYZE_DUPLICATE_KEY",
    message: `the key "${asset.key}" is taken by the asset at ${file}:${line}:${column}`,
    hint: 'Rename the export, or give one of them a name of its own: name: "rawOrders"',
    file: asset.origin.file,
    at: declarationSpan(linking, asset),
  });
}

function reportCycles(linking: Linking, entries: readonly Entry[]): void {
  const byKey = new Map(entries.map((entry) => [entry.asset.key, entry]));
  for (const cycle of findCycles(entries.map(({ asset }) => asset))) {
    const [first, next = first] = cycle;
    const entry = first === undefined ? undefined : byKey.get(first);
    const index = entry?.asset.inputs.findIndex(({ asset }) => asset === next) ?? -1;
    const input = entry?.found[index];
    if (input === undefined) continue;
    report(linking, {
      code: "ANALYZE_CYCLE",
      message: `assets depend on each other in a circle: ${[...cycle, first].join(" → ")} (each reads the next)`,
      hint:
        cycle.length === 1
          ? "Read its own earlier rows with Self<typeof schema>"
          : "Take one of these inputs away, or move what both need into an asset of its own",
      file: input.file,
      at: input.at,
    });
  }
}
