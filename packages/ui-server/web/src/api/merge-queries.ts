import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { AuditEntryDto } from "../../../src/read/merges/audit-dto.ts";
import type { BatchDto, BatchRowsDto } from "../../../src/read/merges/batch-dto.ts";
import type { CutDto } from "../../../src/read/merges/cut-dto.ts";
import type { ExplanationDto } from "../../../src/read/merges/explanation-dto.ts";
import type { MergeDto } from "../../../src/read/merges/merge-dto.ts";
import type { EpochDto } from "../../../src/read/merges/schema-dto.ts";
import { getJson, type SearchParameters } from "./client.ts";
import type { Page } from "./queries.ts";

const pageSize = 25;

/** What a row of a merge is asked about by. */
export interface KeyQuestion {
  readonly key: Readonly<Record<string, string>>;
  readonly partition: string | undefined;
  readonly at: string | undefined;
}

/** One entry per question about merges, as in `queries.ts`. */
export const mergeQuestions = {
  merge: (key: string) =>
    queryOptions({
      queryKey: ["merges", key],
      queryFn: ({ signal }) => getJson<MergeDto>(`/merges/${encodeURIComponent(key)}`, {}, signal),
    }),
  cuts: (key: string, partition: string | undefined) =>
    pagesOf<CutDto>(["merges", key, "cuts", partition ?? null], `/merges/${encodeURIComponent(key)}/cuts`, {
      partition,
    }),
  batches: (key: string, filter: { readonly partition: string | undefined; readonly standing: string | undefined }) =>
    pagesOf<BatchDto>(
      ["merges", key, "batches", filter.partition ?? null, filter.standing ?? null],
      `/merges/${encodeURIComponent(key)}/batches`,
      filter,
    ),
  late: () => pagesOf<BatchDto>(["merges", "late"], "/late", {}),
  batchRows: (id: string) =>
    queryOptions({
      queryKey: ["merges", "batch", id],
      queryFn: ({ signal }) => getJson<BatchRowsDto>(`/batches/${encodeURIComponent(id)}/rows`, { limit: 50 }, signal),
    }),
  explanation: (merge: string, { key, partition, at }: KeyQuestion) =>
    queryOptions({
      queryKey: ["merges", merge, "explain", key, partition ?? null, at ?? null],
      queryFn: ({ signal }) => {
        const cells = Object.fromEntries(Object.entries(key).map(([column, text]) => [`key.${column}`, text]));
        return getJson<ExplanationDto>(
          `/merges/${encodeURIComponent(merge)}/explain`,
          { ...cells, partition, at },
          signal,
        );
      },
      retry: false,
    }),
  epochs: (key: string) =>
    queryOptions({
      queryKey: ["merges", key, "schema"],
      queryFn: async ({ signal }) =>
        (
          await getJson<{ readonly items: readonly EpochDto[] }>(
            `/assets/${encodeURIComponent(key)}/schema`,
            {},
            signal,
          )
        ).items,
    }),
  audit: (key: string) =>
    pagesOf<AuditEntryDto>(["merges", key, "audit"], `/assets/${encodeURIComponent(key)}/audit`, {}),
};

function pagesOf<Item>(queryKey: readonly (string | null)[], path: string, parameters: SearchParameters) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<Item>>(path, { limit: pageSize, ...parameters, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}
