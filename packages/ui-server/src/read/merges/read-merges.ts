import type { BatchStanding } from "@watersmeet/core/merge";
import type { Page, PageRequest, Watersmeet } from "@watersmeet/runtime";
import { toBatchDto, toBatchRowDto, type BatchDto, type BatchRowsDto } from "./batch-dto.ts";
import { toCutDto, type CutDto } from "./cut-dto.ts";
import { toExplanationDto, type ExplanationDto } from "./explanation-dto.ts";
import { requireMerge, requireOnePartition, somePartition } from "./find-merge.ts";
import { toMergeDto, type MergeDto } from "./merge-dto.ts";
import { pageItems } from "./page-items.ts";

/** The desk lists newest first and knows no cursors: as many as this are had, and paged here. */
const maxListed = 10_000;

/** @throws {ASSET_UNKNOWN} @throws {NOT_A_MERGE} */
export async function describeMerge(watersmeet: Watersmeet, merge: string): Promise<MergeDto> {
  return toMergeDto(await watersmeet.merges.describe(requireMerge(watersmeet, merge).key));
}

export interface CutQuestion {
  readonly merge: string;
  readonly partition: string | null;
  /** `null`: the one that readers see. */
  readonly version: number | null;
}

/** @throws {NOT_FOUND} when the partition has no such version @throws {PARTITION_INVALID} */
export async function getCut(watersmeet: Watersmeet, question: CutQuestion): Promise<CutDto> {
  const asset = requireMerge(watersmeet, question.merge);
  const partition = requireOnePartition(asset, question.partition);
  return toCutDto(await watersmeet.merges.cut(asset.key, partition, question.version ?? undefined));
}

/** Newest first. @throws {PARTITION_INVALID} */
export async function listCuts(
  watersmeet: Watersmeet,
  filter: { readonly merge: string; readonly partition: string | null },
  page: PageRequest,
): Promise<Page<CutDto>> {
  const asset = requireMerge(watersmeet, filter.merge);
  const where = { ...somePartition(asset, filter.partition), limit: maxListed };
  const cuts = (await watersmeet.merges.listCuts(asset.key, where)).map(toCutDto);
  return pageItems(cuts, page, ({ partition, version }) => JSON.stringify([partition, version]));
}

export interface BatchFilter {
  readonly merge: string;
  readonly partition?: string | undefined;
  readonly branch?: string | undefined;
  readonly standing?: BatchStanding | undefined;
  /** As the cut of that version has them. */
  readonly version?: number | undefined;
}

/** Newest first. @throws {PARTITION_INVALID} */
export async function listBatches(
  watersmeet: Watersmeet,
  { merge, partition, branch, standing, version }: BatchFilter,
  page: PageRequest,
): Promise<Page<BatchDto>> {
  const asset = requireMerge(watersmeet, merge);
  const batches = await watersmeet.merges.listBatches({
    asset: asset.key,
    ...somePartition(asset, partition ?? null),
    ...(branch !== undefined && { branch }),
    ...(standing !== undefined && { standing }),
    ...(version !== undefined && { version }),
    limit: maxListed,
  });
  return pageItems(batches.map(toBatchDto), page, nameBatch);
}

/** Batches that wait in the holding area, of all merges when none is named; newest first. */
export async function listLate(
  watersmeet: Watersmeet,
  filter: { readonly merge: string | null },
  page: PageRequest,
): Promise<Page<BatchDto>> {
  const where = filter.merge === null ? {} : { asset: requireMerge(watersmeet, filter.merge).key };
  const batches = await watersmeet.merges.listLate({ ...where, limit: maxListed });
  return pageItems(batches.map(toBatchDto), page, nameBatch);
}

/** A batch is one of its merge's partition: equal deliveries to two of them have one id. */
function nameBatch({ id, asset, partition }: BatchDto): string {
  return JSON.stringify([asset, partition, id]);
}

/** @throws {MERGE_BATCH_UNKNOWN} */
export async function readBatch(watersmeet: Watersmeet, id: string, limit: number): Promise<BatchRowsDto> {
  const { batch, rows } = await watersmeet.merges.showLate(id, limit);
  return { batch: toBatchDto(batch), rows: rows.map(toBatchRowDto) };
}

export interface KeyQuestion {
  readonly merge: string;
  readonly partition: string | null;
  /** Key cells as text, by column. */
  readonly key: Readonly<Record<string, string>>;
  readonly column: string | null;
  readonly version: number | null;
}

/** @throws {NOT_FOUND} when nothing was ever said of the key @throws {KEY_INVALID} @throws {PARTITION_INVALID} */
export async function explainKey(watersmeet: Watersmeet, question: KeyQuestion): Promise<ExplanationDto> {
  const asset = requireMerge(watersmeet, question.merge);
  const { key, column, version } = question;
  const explanation = await watersmeet.merges.explain({
    asset: asset.key,
    ...somePartition(asset, question.partition),
    key,
    ...(column !== null && { column }),
    ...(version !== null && { version }),
  });
  return toExplanationDto(explanation);
}
