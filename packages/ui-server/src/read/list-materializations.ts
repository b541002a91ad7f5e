import { WatersmeetError } from "@watersmeet/core/errors";
import type { Materialization, MaterializationId, Page, PageRequest, Watersmeet } from "@watersmeet/runtime";
import { toMaterializationDto, type MaterializationDto } from "./materialization-dto.ts";
import { requireAsset, requirePartition } from "./require-asset.ts";

/** @throws {ASSET_UNKNOWN} @throws {PARTITION_INVALID} */
export async function listMaterializations(
  watersmeet: Watersmeet,
  filter: { readonly asset: string; readonly partition?: string | undefined },
  page: PageRequest,
): Promise<Page<MaterializationDto>> {
  const asset = requireAsset(watersmeet.project().graph, filter.asset);
  const partition = filter.partition === undefined ? undefined : requirePartition(asset, filter.partition, new Date());
  const where = { asset: asset.key, ...(partition !== undefined && { partition }) };
  const records = await watersmeet.ledger.listMaterializations(where, page);
  return { items: records.items.map(toMaterializationDto), nextCursor: records.nextCursor };
}

/** @throws {NOT_FOUND} */
export async function getMaterialization(watersmeet: Watersmeet, id: string): Promise<MaterializationDto> {
  return toMaterializationDto(await requireMaterialization(watersmeet, id));
}

/** How versions were made from versions. Edges lead from what was read to what was made. */
export interface MaterializationLineageDto {
  readonly root: string;
  readonly nodes: readonly MaterializationDto[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly position: string }[];
}

/** @throws {NOT_FOUND} */
export async function traceMaterialization(watersmeet: Watersmeet, id: string): Promise<MaterializationLineageDto> {
  const root = await requireMaterialization(watersmeet, id);
  const sources = await watersmeet.provenance(root.id);
  return buildMaterializationLineage(root, sources);
}

export function buildMaterializationLineage(
  root: Materialization,
  sources: readonly Materialization[],
): MaterializationLineageDto {
  const records = [root, ...sources.filter(({ id }) => id !== root.id)];
  const known = new Set(records.map(({ id }) => id));
  const edges = records.flatMap((record) =>
    record.inputs.flatMap(({ materializationId, position }) =>
      materializationId !== null && known.has(materializationId)
        ? [{ from: materializationId, to: record.id, position }]
        : [],
    ),
  );
  return { root: root.id, nodes: records.map(toMaterializationDto), edges };
}

async function requireMaterialization(watersmeet: Watersmeet, id: string): Promise<Materialization> {
  const record = await watersmeet.ledger.findMaterialization(id as MaterializationId);
  if (record !== undefined) return record;
  throw new WatersmeetError("NOT_FOUND", `There is no materialization ${id}`);
}
