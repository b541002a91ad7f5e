import { WatersmeetError } from "@watersmeet/core/errors";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import type { MergePolicy } from "@watersmeet/core/merge";
import type { AssetKey } from "@watersmeet/core/values";
import type { AssetSpec, MergeTerms, Project } from "../../project/project.ts";
import { storedAsset } from "../../step/step-work.ts";
import type { StoredAsset } from "../../stores/port/staging.ts";
import type { Store } from "../../stores/store.ts";
import type { ProjectParts } from "../project-parts.ts";
import { requireSpec } from "../project/require-spec.ts";

/** What the functions of the desk work with. */
export type DeskParts = Pick<ProjectParts, "config" | "children" | "connections" | "ledger" | "project" | "stores">;

/** An asset of the project, and where it is kept. */
export interface DeskAsset {
  readonly key: AssetKey;
  readonly environment: string;
  readonly project: Project;
  readonly manifest: ManifestAsset;
  readonly spec: AssetSpec;
  readonly stored: StoredAsset;
}

/** A merge of the project with its policy and terms. */
export interface DeskMerge extends DeskAsset {
  readonly policy: MergePolicy;
  readonly terms: MergeTerms;
}

/** @throws {ASSET_UNKNOWN} @throws {PROJECT_INVALID} */
export function getAsset(parts: DeskParts, key: AssetKey): DeskAsset {
  const project = parts.project.current();
  const { manifest, spec } = requireSpec(project, key);
  return { key, environment: parts.config.environment, project, manifest, spec, stored: storedAsset(manifest, spec) };
}

/** @throws {ASSET_UNKNOWN} @throws {NOT_A_MERGE} */
export function getMerge(parts: DeskParts, key: AssetKey): DeskMerge {
  const asset = getAsset(parts, key);
  const { policy, merge: terms } = asset.spec;
  if (policy !== null && terms !== null) return { ...asset, policy, terms };
  throw new WatersmeetError("NOT_A_MERGE", `${key} is a ${asset.manifest.kind}, not a merge`, {
    hint: "`watersmeet assets kind:merge` lists the merges.",
  });
}

/** The merges of the project, in the order of the graph. */
export function listMerges(parts: DeskParts): readonly DeskMerge[] {
  const { graph, specs } = parts.project.current();
  return graph.order.filter((key) => specs.get(key)?.policy != null).map((key) => getMerge(parts, key));
}

/** The store that an asset is kept in. @throws {STORE_LOCKED} @throws {STORE_UNREACHABLE} */
export function openStoreOf(parts: DeskParts, { spec }: Pick<DeskAsset, "spec">): Promise<Store> {
  return parts.stores.get(spec.store);
}

/** `airports`, `airports @ 2001-01-01`. */
export function nameOf(asset: AssetKey, partition: string): string {
  return partition === "" ? asset : `${asset} @ ${partition}`;
}
