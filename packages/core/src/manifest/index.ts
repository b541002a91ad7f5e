export type { AssetKind, Manifest, ManifestAsset, ManifestInjection, ManifestInput } from "./manifest.ts";
