import { selectAssets } from "@watersmeet/core/graph";
import type { AssetKey } from "@watersmeet/core/values";
import type { Watersmeet } from "@watersmeet/runtime";
import {
  buildAssetDetailDto,
  buildAssetDto,
  type AssetDetailDto,
  type AssetDto,
  type AssetState,
} from "./asset-dto.ts";
import { requireAsset } from "./require-asset.ts";

/** Assets of a selection, in topological order. @throws {SELECTION_INVALID} */
export async function listAssets(watersmeet: Watersmeet, selection: string): Promise<readonly AssetDto[]> {
  const { graph } = watersmeet.project();
  const keys = selectAssets(graph, selection);
  const stateOf = await readStates(watersmeet, keys);
  return keys.map((key) => buildAssetDto(requireAsset(graph, key), stateOf(key)));
}

/** @throws {ASSET_UNKNOWN} */
export async function getAssetDetail(watersmeet: Watersmeet, text: string): Promise<AssetDetailDto> {
  const { graph, specs } = watersmeet.project();
  const asset = requireAsset(graph, text);
  const { key } = asset;
  const downstream = (graph.downstream.get(key) ?? []).map((edge) => edge.to);
  const stateOf = await readStates(watersmeet, [key]);
  return buildAssetDetailDto(asset, { downstream, spec: specs.get(key) }, stateOf(key));
}

const noPartitions = { materialized: 0, stale: 0, missing: 0, failed: 0, running: 0 };

async function readStates(watersmeet: Watersmeet, keys: readonly AssetKey[]): Promise<(key: AssetKey) => AssetState> {
  const heads = await watersmeet.ledger.summarizeHeads(watersmeet.config.environment);
  const counts = await watersmeet.countPartitions(keys);
  return (key) => ({ counts: counts.get(key) ?? noPartitions, head: heads.get(key) ?? null });
}
