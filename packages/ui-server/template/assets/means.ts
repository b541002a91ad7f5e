import { query, type Db, type In } from "@watersmeet/core";
import { z } from "zod";
import { days } from "./weather.ts";
import type * as weather from "./weather.ts";

export const DailyMean = z.object({ station: z.string(), name: z.string(), meanCelsius: z.number() });

/** Mean temperature of each station, per day. What it reads is said by the types of its parameters, and nowhere else. */
export const dailyMeans = query(
  { schema: DailyMean, partitions: days, key: ["station"] },
  (readings: In<typeof weather.readings>, stations: In<typeof weather.stations>, db: Db) =>
    db
      .selectFrom(readings.as("r"))
      .innerJoin(stations.as("s"), "s.id", "r.station")
      .groupBy(["r.station", "s.name"])
      .select((e) => ["r.station", "s.name", e.fn.avg<number>("r.celsius").as("meanCelsius")]),
);
