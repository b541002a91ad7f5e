import type { AssetKey } from "@watersmeet/core/values";
import type { Project } from "../../project/project.ts";
import { storedAsset } from "../../step/step-work.ts";
import type { StoredAsset } from "../../stores/port/staging.ts";

/** An asset as its store has it; `undefined`: the project has it no more. */
export function findStored(project: Project, key: AssetKey): StoredAsset | undefined {
  const asset = project.graph.assets.get(key);
  const spec = project.specs.get(key);
  return asset === undefined || spec === undefined ? undefined : storedAsset(asset, spec);
}

/** Positions of an asset's inputs, its own past last. */
export function listPositions(project: Project, asset: string): readonly string[] {
  const found = project.manifest.assets.find((each) => each.key === asset);
  const self = found?.injections.filter((injection) => injection.kind === "self") ?? [];
  return [...(found?.inputs ?? []), ...self].map((input) => input.position);
}
