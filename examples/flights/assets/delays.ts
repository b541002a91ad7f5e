import { query, type Ctx, type Db, type In, type Last } from "@watersmeet/core";
import { sql } from "kysely";
import { z } from "zod";
import { flightDays } from "../lib/calendar.ts";
import type * as merged from "./airports.ts";
import type * as feeds from "./flights.ts";

export const DailyDelay = z.object({
  day: z.iso.date(),
  iata: z.string(),
  name: z.string(),
  flights: z.int(),
  /** Flights that left at least 15 minutes late: the US Department of Transportation's measure of "delayed". */
  delayed: z.int(),
  /** Minutes over all flights. */
  totalDelay: z.int(),
});

/** Departures and delays of each airport, per day. */
export const dailyDelays = query(
  { schema: DailyDelay, partitions: flightDays, key: ["day", "iata"] },
  (flights: In<typeof feeds.flights>, airports: In<typeof merged.airports>, db: Db, ctx: Ctx) =>
    db
      .selectFrom(flights.as("f"))
      .innerJoin(airports.as("a"), "a.iata", "f.origin")
      .groupBy(["a.iata", "a.name"])
      .select((e) => [
        sql<string>`cast(${ctx.partition} as date)`.as("day"),
        "a.iata",
        "a.name",
        e.fn.countAll<number>().as("flights"),
        e.fn.countAll<number>().filterWhere("f.delay", ">=", 15).as("delayed"),
        e.fn.sum<number>("f.delay").as("totalDelay"),
      ]),
);

export const WeeklyReliability = z.object({
  day: z.iso.date(),
  iata: z.string(),
  flights: z.int(),
  /** Share of the week's flights that left less than 15 minutes late. */
  onTime: z.number().min(0).max(1),
});

/** How reliable each airport was over the seven days that end with the partition. */
export const weeklyReliability = query(
  { schema: WeeklyReliability, partitions: flightDays, key: ["day", "iata"] },
  (week: In<typeof dailyDelays, Last<7>>, db: Db, ctx: Ctx) =>
    db
      .selectFrom(week.as("w"))
      .groupBy("w.iata")
      .select((e) => [
        sql<string>`cast(${ctx.partition} as date)`.as("day"),
        "w.iata",
        e.fn.sum<number>("w.flights").as("flights"),
        sql<number>`1 - cast(sum(w.delayed) as float8) / cast(sum(w.flights) as float8)`.as("onTime"),
      ]),
);
