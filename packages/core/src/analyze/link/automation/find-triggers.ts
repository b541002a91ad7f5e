import type { ErrorCode } from "../../../errors/codes.ts";
import type { ManifestSchedule, ManifestSensor } from "../../../manifest/manifest.ts";
import { isAssetKey, type AssetKey } from "../../../values/asset-key.ts";
import { compareStrings } from "../../../values/compare.ts";
import { callKey } from "../find-assets.ts";
import { triggerMakers } from "../framework.ts";
import { factsOf, locate, report, sourceOf, type Linking } from "../linking.ts";
import { reduceDeclaration } from "../reduce-value.ts";
import type { DeclaredTrigger } from "./declared-trigger.ts";
import { readSchedule, readSensor } from "./read-trigger.ts";

/** The schedules and sensors of a project. */
export interface Triggers {
  /** By name. */
  readonly triggers: readonly (ManifestSchedule | ManifestSensor)[];
  /** Their calls, as `file:start`. */
  readonly calls: ReadonlySet<string>;
}

/** Finds schedules and sensors, as assets are found: by the export that receives each. `keys` are those of the assets. */
export function findTriggers(linking: Linking, keys: ReadonlySet<AssetKey>): Triggers {
  const calls = new Set<string>();
  const found: (ManifestSchedule | ManifestSensor)[] = [];
  const taken = new Set<string>(keys);
  for (const declared of listDeclared(linking, calls)) {
    const trigger = describe(linking, declared);
    if (trigger === null) continue;
    if (taken.has(trigger.name))
      rejectName(linking, declared, {
        code: "ANALYZE_DUPLICATE_KEY",
        message: `the name "${trigger.name}" is taken by an asset, or by another schedule or sensor`,
      });
    else found.push(trigger);
    taken.add(trigger.name);
  }
  return { triggers: found.sort((a, b) => compareStrings(a.name, b.name)), calls };
}

function listDeclared(linking: Linking, calls: Set<string>): readonly DeclaredTrigger[] {
  return [...linking.files].flatMap(([file, { facts }]) =>
    Object.entries(facts.values).flatMap(([local, value]): DeclaredTrigger[] => {
      const head = reduceDeclaration(linking, file, local);
      // Another name for it is no declaration.
      if (head.kind !== "frameworkCall" || !triggerMakers.has(head.name) || value.value.kind !== "call") return [];
      calls.add(callKey(head.place.file, head.call.at[0]));
      const exported = findExported(linking, file, local);
      const declared = { maker: head.name, call: head.call, place: head.place, file, local, at: value.at };
      if (exported !== null) return [{ ...declared, exported }];
      rejectUnexported(linking, declared);
      return [];
    }),
  );
}

/** Its own name before others. */
function findExported(linking: Linking, file: string, local: string): string | null {
  const names = Object.entries(factsOf(linking, file).exports).flatMap(([name, fact]) =>
    fact.kind === "local" && fact.name === local ? [name] : [],
  );
  return names.includes(local) ? local : (names[0] ?? null);
}

function describe(linking: Linking, declared: DeclaredTrigger): ManifestSchedule | ManifestSensor | null {
  const { file, exported, local, at } = declared;
  if (!sourceOf(linking, file).isAssetFile) return rejectOutside(linking, declared);
  const read = declared.maker === "schedule" ? readSchedule(linking, declared) : readSensor(linking, declared);
  if (read === null) return null;
  const { name: given, description, ...rest } = read;
  const name =
    given ??
    (exported === "default" && local === "default" ? nameOfFile(file) : local === "default" ? exported : local);
  if (!isAssetKey(name))
    return rejectName(linking, declared, {
      code: "ANALYZE_KEY_INVALID",
      message: `"${name}" cannot be the name of a ${declared.maker}`,
    });
  const doc = description ?? factsOf(linking, file).values[local]?.doc ?? "";
  return { ...rest, name, file, exportPath: [exported], location: locate(linking, file, at), doc };
}

function nameOfFile(file: string): string {
  return (file.split("/").at(-1) ?? "").replace(/[.][cm]?tsx?$/, "");
}

function rejectName(
  linking: Linking,
  { file, at }: DeclaredTrigger,
  fault: { readonly code: ErrorCode; readonly message: string },
): null {
  const hint = 'Names are identifiers, unique among schedules, sensors and assets: give it one with name: "nightly"';
  report(linking, { ...fault, hint, file, at });
  return null;
}

function rejectOutside(linking: Linking, { file, local, at }: DeclaredTrigger): null {
  report(linking, {
    code: "ANALYZE_ASSET_OUTSIDE_GLOBS",
    message: `"${local}" is declared in ${file}, which the \`assets\` globs of the project do not name`,
    hint: "Move it to a file that they name, or add the file to `assets` in watersmeet.config.ts",
    file,
    at,
  });
  return null;
}

function rejectUnexported(linking: Linking, { file, local, at, maker }: Omit<DeclaredTrigger, "exported">): void {
  report(linking, {
    code: "ANALYZE_NOT_EXPORTED",
    message: `the ${maker} "${local}" is not exported`,
    hint: "Export it: the run time finds it by its export",
    file,
    at,
  });
}
