import type { CatchUp } from "../automation/condition/catch-up.ts";
import type { Condition } from "../automation/condition/condition.ts";
import type { SourceLocation } from "../errors/problem.ts";
import type { AssetKey } from "../values/asset-key.ts";
import type { MappingSpec, PartitionsSpec } from "../values/partitions/partitions-spec.ts";

export type AssetKind = "asset" | "source" | "query" | "merge";

/** One input of an asset, derived from the type of a parameter. */
export interface ManifestInput {
  readonly asset: AssetKey;
  /** Where the handle goes when the function is called: a parameter's index, then members: `0`, `1.orders`. */
  readonly position: string;
  /** The name that people read: the parameter's or the member's. For a merge it is the branch's name. */
  readonly name: string;
  readonly mapping: MappingSpec;
  readonly isOptional: boolean;
}

/** Something that the runtime passes in and that is no dependency. `self` reads the asset's own earlier partition. */
export interface ManifestInjection {
  readonly kind: "ctx" | "db" | "self";
  readonly position: string;
  /** Only for `self`. */
  readonly mapping?: MappingSpec;
}

/** How an asset's partitions may be made in slices: which input's rows are sliced, and by which of its columns. */
export interface ManifestSplit {
  readonly by: string;
  /** Name and position of the input. */
  readonly input: string;
  readonly position: string;
  readonly parts: number | "auto";
}

/** One asset as derived from the sources. */
export interface ManifestAsset {
  readonly key: AssetKey;
  readonly kind: AssetKind;
  /** Relative to the project's root, with forward slashes. */
  readonly file: string;
  /** How the object is found in the loaded module: `["dailyDelays"]`, `["default"]`, `["regions", "eu"]`. */
  readonly exportPath: readonly string[];
  readonly location: SourceLocation;
  /** First paragraph of the doc comment; empty when there is none. */
  readonly doc: string;
  readonly inputs: readonly ManifestInput[];
  readonly injections: readonly ManifestInjection[];
  readonly partitions: PartitionsSpec | null;
  /** When partitions of it are made by themselves. @default never */
  readonly automation?: Condition;
  /** @default its function sees all rows at once */
  readonly splittable?: ManifestSplit;
  readonly tags: readonly string[];
  readonly group: string | null;
  /** The outside system that it names first; the definition has all of them, with their weights. */
  readonly resource: string | null;
  /** Structural hash over the function and every same-project symbol that it reaches. */
  readonly codeVersion: string;
  /** Structural hash over the schema expression and every same-project symbol that it reaches. For a merge also its policy. */
  readonly schemaVersion: string;
}

/** What a schedule and a sensor have in common. Their names are unique in a project, also among assets. */
interface ManifestTrigger {
  readonly name: AssetKey;
  /** Relative to the project's root, with forward slashes. */
  readonly file: string;
  readonly exportPath: readonly string[];
  readonly location: SourceLocation;
  readonly doc: string;
}

/** A selection that is run whenever a clock shows what a cron expression names. */
export interface ManifestSchedule extends ManifestTrigger {
  readonly kind: "schedule";
  readonly cron: string;
  readonly timeZone: string;
  readonly select: string;
  /** `null`: all. */
  readonly partitions: string | null;
  readonly refresh: boolean;
  readonly force: boolean;
  readonly catchUp: CatchUp;
}

/** A function that looks at the world and says what is to be run. */
export interface ManifestSensor extends ManifestTrigger {
  readonly kind: "sensor";
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** What is run when an answer names no assets of its own. */
  readonly select: string | null;
}

/** The project's assets as data. Assets are sorted by key. */
export interface Manifest {
  readonly formatVersion: 1;
  /** Name and version of the analyzer and its parser: another one gives other code versions. */
  readonly analyzer: string;
  /** SHA-256 of every file that was read, by path relative to the project's root. */
  readonly files: Readonly<Record<string, string>>;
  readonly assets: readonly ManifestAsset[];
  /** Schedules and sensors, by name. @default none */
  readonly triggers?: readonly (ManifestSchedule | ManifestSensor)[];
}
