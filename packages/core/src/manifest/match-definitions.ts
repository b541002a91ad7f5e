import { isAutomationDefinition, type AutomationDefinition } from "../dsl/automation/automation-definition.ts";
import type { Definition } from "../dsl/definition.ts";
import { isDefinition } from "../dsl/is-definition.ts";
import type { Problem } from "../errors/problem.ts";
import type { AssetKey } from "../values/asset-key.ts";
import { compareStrings } from "../values/compare.ts";
import type { Manifest, ManifestAsset } from "./manifest.ts";

/** Loaded modules' namespaces, by file as the manifest names them. */
export type LoadedModules = ReadonlyMap<string, unknown>;

export interface MatchedDefinitions {
  readonly matches: ReadonlyMap<AssetKey, Definition>;
  /** Schedules and sensors, by name. */
  readonly triggers: ReadonlyMap<AssetKey, AutomationDefinition>;
  readonly problems: readonly Problem[];
}

/**
 * Finds the object of every entry by file and export path, and checks both ways: an entry without its object, an exported definition without an
 * entry, and one of another kind are problems. A definition that a barrel exports again is the same object, and needs no entry of its own.
 */
export function matchDefinitions(manifest: Manifest, modules: LoadedModules): MatchedDefinitions {
  const matches = new Map<AssetKey, Definition>();
  const problems: Problem[] = [];
  for (const asset of manifest.assets) {
    const value = findExport(modules.get(asset.file), asset.exportPath);
    if (!isDefinition(value)) problems.push(withoutObject(asset));
    else if (value.kind !== asset.kind) problems.push(otherKind(asset, value));
    else matches.set(asset.key, value);
  }
  const triggers = new Map<AssetKey, AutomationDefinition>();
  for (const trigger of manifest.triggers ?? []) {
    const value = findExport(modules.get(trigger.file), trigger.exportPath);
    if (!isAutomationDefinition(value) || value.kind !== trigger.kind) problems.push(withoutTrigger(trigger));
    else triggers.set(trigger.name, value);
  }
  const known = new Set<unknown>(
    [...manifest.assets, ...(manifest.triggers ?? [])].map(({ file, exportPath }) =>
      findExport(modules.get(file), exportPath),
    ),
  );
  for (const [file, namespace] of [...modules].sort(([a], [b]) => compareStrings(a, b))) {
    for (const [path, value] of listDefinitions(namespace))
      if (!known.has(value)) problems.push(withoutEntry(file, path));
  }
  return { matches, triggers, problems };
}

function findExport(namespace: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    namespace,
  );
}

/** Exported definitions, and those in exported groups. */
function listDefinitions(namespace: unknown): (readonly [path: string, definition: unknown])[] {
  if (!isRecord(namespace)) return [];
  return Object.entries(namespace).flatMap(([name, value]): (readonly [string, unknown])[] => {
    if (isDefinition(value) || isAutomationDefinition(value)) return [[name, value]];
    if (!isRecord(value) || !isPlain(value)) return [];
    return Object.entries(value).flatMap(([key, member]) =>
      isDefinition(member) ? [[`${name}.${key}`, member] as const] : [],
    );
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** An object literal: a namespace that is exported again belongs to its own file. */
function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

function withoutObject({ key, file, exportPath, location }: ManifestAsset): Problem {
  return {
    code: "MANIFEST_ENTRY_WITHOUT_OBJECT",
    message: `the asset "${key}" was derived from ${file}, but the loaded module exports no asset as "${exportPath.join(".")}"`,
    hint: "Derive the manifest again; if it stays, the export is replaced or hidden when the module runs",
    at: location,
  };
}

function otherKind({ key, kind, location }: ManifestAsset, definition: Definition): Problem {
  return {
    code: "MANIFEST_MISMATCH",
    message: `the asset "${key}" was derived as made by ${kind}(), but its object was made by ${definition.kind}()`,
    hint: "Derive the manifest again; if it stays, write the call where the export receives it",
    at: location,
  };
}

function withoutTrigger({
  kind,
  name,
  file,
  exportPath,
  location,
}: NonNullable<Manifest["triggers"]>[number]): Problem {
  return {
    code: "MANIFEST_ENTRY_WITHOUT_OBJECT",
    message: `the ${kind} "${name}" was derived from ${file}, but the loaded module exports none as "${exportPath.join(".")}"`,
    hint: "Derive the manifest again; if it stays, the export is replaced or hidden when the module runs",
    at: location,
  };
}

function withoutEntry(file: string, path: string): Problem {
  return {
    code: "MANIFEST_OBJECT_WITHOUT_ENTRY",
    message: `${file} exports an asset as "${path}" that static derivation did not find`,
    hint: "Derive the manifest again; if it stays, make the asset by a call that an export receives directly",
    at: { file, line: 1, column: 1 },
  };
}
