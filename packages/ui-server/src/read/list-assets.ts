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
import { countStatuses } from "./partition-ranges.ts";
import { requireAsset } from "./require-asset.ts";

/** Assets of a selection, in topological order. @throws {SELECTION_INVALID} */
export async function listAssets(watersmeet: Watersmeet, selection: string): Promise<readonly AssetDto[]> {
  const { graph } = watersmeet.project();
  const heads = await watersmeet.ledger.summarizeHeads(watersmeet.config.environment);
  const dtos: AssetDto[] = [];
  for (const key of selectAssets(graph, selection)) {
    dtos.push(buildAssetDto(requireAsset(graph, key), await readState(watersmeet, key, heads)));
  }
  return dtos;
}

/** @throws {ASSET_UNKNOWN} */
export async function getAssetDetail(watersmeet: Watersmeet, text: string): Promise<AssetDetailDto> {
  const { graph, specs } = watersmeet.project();
  const asset = requireAsset(graph, text);
  const { key } = asset;
  const heads = await watersmeet.ledger.summarizeHeads(watersmeet.config.environment);
  const downstream = (graph.downstream.get(key) ?? []).map((edge) => edge.to);
  return buildAssetDetailDto(asset, { downstream, spec: specs.get(key) }, await readState(watersmeet, key, heads));
}

type Heads = Awaited<ReturnType<Watersmeet["ledger"]["summarizeHeads"]>>;

async function readState(watersmeet: Watersmeet, key: AssetKey, heads: Heads): Promise<AssetState> {
  const counts = countStatuses(await watersmeet.partitionStatuses(key));
  return { counts, head: heads.get(key) ?? null };
}
