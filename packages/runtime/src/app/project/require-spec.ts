import { WatersmeetError } from "@watersmeet/core/errors";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import type { AssetKey } from "@watersmeet/core/values";
import type { AssetSpec, Project } from "../../project/project.ts";

/**
 * An asset as its sources and its loaded object say it is. One whose module could not be loaded is known by its sources alone: then the problem is told, not that there is no such asset.
 * @throws {ASSET_UNKNOWN} @throws {PROJECT_INVALID}
 */
export function requireSpec(
  { graph, specs, problems }: Project,
  key: AssetKey,
): { readonly manifest: ManifestAsset; readonly spec: AssetSpec } {
  const manifest = graph.assets.get(key);
  const spec = specs.get(key);
  if (manifest !== undefined && spec !== undefined) return { manifest, spec };
  if (manifest === undefined)
    throw new WatersmeetError("ASSET_UNKNOWN", `There is no asset ${key}`, { hint: "`watersmeet assets` lists them." });
  const problem = problems.find(({ at }) => at?.file === manifest.file) ?? problems[0];
  throw new WatersmeetError(
    "PROJECT_INVALID",
    `${key} could not be loaded${problem === undefined ? "" : `: ${problem.message}`}`,
    { hint: "`watersmeet check` shows what is wrong with the project's sources, and where." },
  );
}
