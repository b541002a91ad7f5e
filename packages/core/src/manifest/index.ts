export { findStaleFiles, type StaleFile } from "./find-stale-files.ts";
export type {
  AssetKind,
  Manifest,
  ManifestAsset,
  ManifestInjection,
  ManifestInput,
  ManifestSchedule,
  ManifestSensor,
  ManifestSplit,
} from "./manifest.ts";
export { matchDefinitions, type LoadedModules, type MatchedDefinitions } from "./match-definitions.ts";
export { readManifest, type ManifestReading } from "./read-manifest.ts";
