import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { AssetDetailDto, AssetDto } from "../../../src/read/asset-dto.ts";
import type { BreakerDto } from "../../../src/read/breaker-dto.ts";
import type { LimitDto, LimitMoveDto } from "../../../src/read/limit-dto.ts";
import type { MaterializationDto } from "../../../src/read/materialization-dto.ts";
import type { PartitionRangeDto } from "../../../src/read/partition-ranges.ts";
import type { ProblemDto } from "../../../src/read/problem-dto.ts";
import type { RunDto, StepDto } from "../../../src/read/run-dto.ts";
import type { RunSummaryDto } from "../../../src/read/run-summary.ts";
import type { AssetOutliersDto } from "../../../src/read/split-dto.ts";
import { getJson } from "./client.ts";

const outliersEveryMs = 5_000;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface Partitions {
  readonly count: number;
  readonly ranges: readonly PartitionRangeDto[];
  readonly vector: string;
}

export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** One entry per question to the server. The first part of a key says what changed data concerns it: see `live.ts`. */
export const questions = {
  assets: () =>
    queryOptions({
      queryKey: ["assets"],
      queryFn: async ({ signal }) =>
        (await getJson<{ readonly items: readonly AssetDto[] }>("/assets", {}, signal)).items,
    }),
  asset: (key: string) =>
    queryOptions({
      queryKey: ["assets", key],
      queryFn: ({ signal }) => getJson<AssetDetailDto>(`/assets/${encodeURIComponent(key)}`, {}, signal),
    }),
  partitions: (key: string) =>
    queryOptions({
      queryKey: ["assets", key, "partitions"],
      queryFn: ({ signal }) => getJson<Partitions>(`/assets/${encodeURIComponent(key)}/partitions`, {}, signal),
    }),
  materializations: (key: string, partition: string | undefined) =>
    infiniteQueryOptions({
      queryKey: ["assets", key, "materializations", partition ?? null],
      queryFn: ({ pageParam, signal }) =>
        getJson<Page<MaterializationDto>>(
          `/assets/${encodeURIComponent(key)}/materializations`,
          { limit: 25, partition, cursor: pageParam },
          signal,
        ),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  rows: (key: string, partition: string | undefined) =>
    queryOptions({
      queryKey: ["assets", key, "rows", partition ?? null],
      queryFn: ({ signal }) =>
        getJson<Rows>(`/assets/${encodeURIComponent(key)}/rows`, { limit: 20, partition }, signal),
      retry: false,
    }),
  runs: () =>
    queryOptions({
      queryKey: ["runs"],
      queryFn: ({ signal }) => getJson<Page<RunDto>>("/runs", { limit: 50 }, signal),
    }),
  run: (id: string) =>
    queryOptions({
      queryKey: ["runs", id],
      queryFn: ({ signal }) => getJson<RunDto>(`/runs/${encodeURIComponent(id)}`, {}, signal),
    }),
  steps: (id: string) =>
    queryOptions({
      queryKey: ["runs", id, "steps"],
      queryFn: ({ signal }) => readAll<StepDto>(`/runs/${encodeURIComponent(id)}/steps`, { limit: 500 }, signal),
    }),
  /** Dear to find out: asked now and then, not with every event. */
  runOutliers: (id: string, isOpen: boolean) =>
    queryOptions({
      queryKey: ["outliers", "run", id, isOpen],
      queryFn: ({ signal }) => getJson<RunSummaryDto>(`/runs/${encodeURIComponent(id)}/summary`, {}, signal),
      refetchInterval: isOpen ? outliersEveryMs : false,
    }),
  assetOutliers: (key: string) =>
    queryOptions({
      queryKey: ["outliers", "asset", key],
      queryFn: ({ signal }) => getJson<AssetOutliersDto>(`/assets/${encodeURIComponent(key)}/outliers`, {}, signal),
      refetchInterval: outliersEveryMs,
    }),
  breakers: () =>
    queryOptions({
      queryKey: ["breakers"],
      queryFn: async ({ signal }) =>
        (await getJson<{ readonly items: readonly BreakerDto[] }>("/breakers", {}, signal)).items,
    }),
  limits: () =>
    queryOptions({
      queryKey: ["limits"],
      queryFn: async ({ signal }) =>
        (await getJson<{ readonly items: readonly LimitDto[] }>("/limits", {}, signal)).items,
    }),
  limitMoves: (resource: string) =>
    queryOptions({
      queryKey: ["limits", resource],
      queryFn: async ({ signal }) =>
        (
          await getJson<{ readonly items: readonly LimitMoveDto[] }>(
            `/limits/${encodeURIComponent(resource)}/moves`,
            { limit: 50 },
            signal,
          )
        ).items,
    }),
  problems: () =>
    queryOptions({
      queryKey: ["problems"],
      queryFn: ({ signal }) => getJson<{ readonly items: readonly ProblemDto[] }>("/problems", {}, signal),
    }),
};

/** Most items that a page of the app draws. */
export const drawLimit = 5000;

async function readAll<T>(
  path: string,
  parameters: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await getJson<Page<T>>(path, { ...parameters, cursor }, signal);
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < drawLimit);
  return items;
}
