import type { Watersmeet } from "@watersmeet/runtime";
import { requireMerge } from "./find-merge.ts";
import { toEpochDto, toSchemaCheckDto, type EpochDto, type SchemaCheckDto } from "./schema-dto.ts";

/** Every form that a merge's schema had, oldest first. @throws {ASSET_UNKNOWN} @throws {NOT_A_MERGE} */
export async function listEpochs(watersmeet: Watersmeet, merge: string): Promise<readonly EpochDto[]> {
  const epochs = await watersmeet.merges.schemaHistory(requireMerge(watersmeet, merge).key);
  return epochs.map(toEpochDto);
}

/** Of each merge selected, what changed since every form that still has batches. @throws {SELECTION_INVALID} @throws {ASSET_UNKNOWN} */
export async function checkSchemas(
  watersmeet: Watersmeet,
  { select, replay }: { readonly select: string; readonly replay: number | null },
): Promise<SchemaCheckDto> {
  return toSchemaCheckDto(await watersmeet.merges.checkSchemas(select, replay === null ? {} : { replay }));
}
