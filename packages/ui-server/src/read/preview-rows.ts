import type { Json } from "@watersmeet/core/values";
import type { PartitionStatus, Watersmeet } from "@watersmeet/runtime";
import { toExplanationDto, type AutomationExplanationDto } from "./automation-dto.ts";
import { requireAsset, requirePartition } from "./require-asset.ts";
import { toJsonRow } from "./row-json.ts";

export interface RowPreviewDto {
  readonly asset: string;
  readonly partition: string | null;
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, Json>>[];
}

/** @throws {ASSET_UNKNOWN} @throws {PARTITION_INVALID} @throws {NOT_FOUND} when nothing is published */
export async function previewRows(
  watersmeet: Watersmeet,
  request: { readonly asset: string; readonly partition: string | null; readonly limit: number },
): Promise<RowPreviewDto> {
  const { graph, specs } = watersmeet.project();
  const asset = requireAsset(graph, request.asset);
  const partition = request.partition === null ? undefined : requirePartition(asset, request.partition, new Date());
  const rows = await watersmeet.readRows(asset.key, {
    limit: request.limit,
    ...(partition !== undefined && { partition }),
  });
  const jsonRows = rows.map(toJsonRow);
  const columns = specs.get(asset.key)?.schema.columns.map(({ name }) => name) ?? [
    ...new Set(jsonRows.flatMap(Object.keys)),
  ];
  return { asset: asset.key, partition: request.partition, columns, rows: jsonRows };
}

export interface WhyDto {
  readonly asset: string;
  readonly partition: string | null;
  readonly status: PartitionStatus;
  readonly reasons: readonly string[];
  /** Why the asset's condition requests it or does not, step by step; `null`: it has none. */
  readonly automation: AutomationExplanationDto | null;
}

/** @throws {ASSET_UNKNOWN} @throws {PARTITION_INVALID} */
export async function explainPartition(watersmeet: Watersmeet, key: string, partition: string | null): Promise<WhyDto> {
  const asset = requireAsset(watersmeet.project().graph, key);
  const chosen = partition === null ? null : requirePartition(asset, partition, new Date());
  const { automation, ...answer } = await watersmeet.why(asset.key, chosen);
  return { ...answer, automation: toExplanationDto(automation) };
}
