import type { Page, PageRequest } from "@watersmeet/runtime";
import type { BatchDto } from "../read/merges/batch-dto.ts";
import { findBatchIds } from "../read/merges/find-batches.ts";
import { listBatches, listLate } from "../read/merges/read-merges.ts";
import { answers, pathOf, type OpenDesk } from "./open-desk.ts";

/** Ids in full need no looking up: the batch may not even have been seen yet. */
const fullId = /^[0-9a-f]{64}(#held|#rejected)?$/;

const pageSize = 500;

export interface BatchNames {
  /** `null`: batches in the holding area of any merge. */
  readonly merge: string | null;
  /** Ids, or their first digits. */
  readonly names: readonly string[];
}

/** Ids in full of batches that people name by their first digits. @throws {MERGE_BATCH_UNKNOWN} @throws {USAGE_INVALID} when two begin so */
export async function nameBatches(desk: OpenDesk, { merge, names }: BatchNames): Promise<readonly string[]> {
  if (names.every((name) => fullId.test(name))) return names;
  return findBatchIds(names, await listAllBatches(desk, merge));
}

async function listAllBatches(desk: OpenDesk, merge: string | null): Promise<readonly BatchDto[]> {
  const all: BatchDto[] = [];
  let cursor: string | null = null;
  do {
    const page: PageRequest = { limit: pageSize, ...(cursor !== null && { cursor }) };
    const { items, nextCursor }: Page<BatchDto> = await desk.ask({
      path: pathOf(merge === null ? ["late"] : ["merges", merge, "batches"], { limit: pageSize, cursor }),
      loadSchema: answers.batches,
      ask: (watersmeet) =>
        merge === null ? listLate(watersmeet, { merge }, page) : listBatches(watersmeet, { merge }, page),
    });
    all.push(...items);
    cursor = nextCursor;
  } while (cursor !== null);
  return all;
}
