import { daily, source, type Ctx } from "@watersmeet/core";
import { z } from "zod";
import { readingsOf } from "../lib/weather-service.ts";

export const days = daily("2026-01-01", "2026-01-15");

export const Station = z.object({ id: z.string().length(3), name: z.string() });

/** Every weather station. */
export const stations = source({ schema: Station, resource: "weatherService", key: ["id"] }, async () => [
  { id: "ams", name: "Amsterdam" },
  { id: "lis", name: "Lisboa" },
]);

export const Reading = z.object({ station: z.string(), hour: z.int().min(0).max(23), celsius: z.number() });

/** What the stations measured, per day. Each day is a partition: it is built, and built again, on its own. */
export const readings = source(
  { schema: Reading, resource: "weatherService", partitions: days, key: ["station", "hour"] },
  async (ctx: Ctx) => readingsOf(ctx.partition),
);
