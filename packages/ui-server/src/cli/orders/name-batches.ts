import type { Page, PageRequest } from "@watersmeet/runtime";
import { z } from "zod";
import type { BatchDto } from "../../read/merges/batch-dto.ts";
import { findBatchIds } from "../../read/merges/find-batches.ts";
import { listBatches } from "../../read/merges/read-merges.ts";
import { answers, pathOf, type OpenDesk } from "./open-desk.ts";

/** Ids in full need no looking up: the batch may not even have been seen yet. */
const fullId = /^[0-9a-f]{64}$/;

const pageSize = 500;

export interface BatchNames {
  /** `null`: of any merge. */
  readonly merge: string | null;
  /** Ids, or their first digits. */
  readonly names: readonly string[];
}

/** Ids in full of batches that people name by their first digits. @throws {MERGE_BATCH_UNKNOWN} @throws {USAGE_INVALID} when two begin so */
export async function nameBatches(desk: OpenDesk, { merge, names }: BatchNames): Promise<readonly string[]> {
  if (names.every((name) => fullId.test(name))) return names;
  const merges = merge === null ? await listMerges(desk) : [merge];
  const batches: BatchDto[] = [];
  for (const key of merges) batches.push(...(await listAllBatches(desk, key)));
  return findBatchIds(names, batches);
}

const AssetKeys = z.object({ items: z.array(z.object({ key: z.string() })) });

async function listMerges(desk: OpenDesk): Promise<readonly string[]> {
  const { items } = await desk.ask({
    path: pathOf(["assets"], { select: "kind:merge" }),
    loadSchema: async () => AssetKeys,
    ask: async (watersmeet) => {
      const assets = [...watersmeet.project().graph.assets.values()];
      return { items: assets.filter(({ kind }) => kind === "merge").map(({ key }) => ({ key: String(key) })) };
    },
  });
  return items.map(({ key }) => key);
}

async function listAllBatches(desk: OpenDesk, merge: string): Promise<readonly BatchDto[]> {
  const all: BatchDto[] = [];
  let cursor: string | null = null;
  do {
    const page: PageRequest = { limit: pageSize, ...(cursor !== null && { cursor }) };
    const { items, nextCursor }: Page<BatchDto> = await desk.ask({
      path: pathOf(["merges", merge, "batches"], { limit: pageSize, cursor }),
      loadSchema: answers.batches,
      ask: (watersmeet) => listBatches(watersmeet, { merge }, page),
    });
    all.push(...items);
    cursor = nextCursor;
  } while (cursor !== null);
  return all;
}
