import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { AutomationDto, TickDto } from "../../../src/read/automation-dto.ts";
import type { WhyDto } from "../../../src/read/preview-rows.ts";
import { getJson } from "./client.ts";

interface TickPage {
  readonly items: readonly TickDto[];
  readonly nextCursor: string | null;
}

/** What the pages ask about automation. */
export const automationQuestions = {
  all: () =>
    queryOptions({
      queryKey: ["automations"],
      queryFn: async ({ signal }) =>
        (await getJson<{ readonly items: readonly AutomationDto[] }>("/automations", {}, signal)).items,
    }),
  ticks: () =>
    infiniteQueryOptions({
      queryKey: ["automations", "ticks"],
      queryFn: ({ pageParam, signal }) => getJson<TickPage>("/ticks", { limit: 25, cursor: pageParam }, signal),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  why: (key: string, partition: string | undefined) =>
    queryOptions({
      queryKey: ["assets", key, "why", partition ?? null],
      queryFn: ({ signal }) => getJson<WhyDto>(`/assets/${encodeURIComponent(key)}/why`, { partition }, signal),
    }),
};
