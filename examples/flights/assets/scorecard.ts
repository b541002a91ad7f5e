import { query, type All, type Db, type In } from "@watersmeet/core";
import { sql } from "kysely";
import { z } from "zod";
import type * as merged from "./airports.ts";
import type * as strikes from "./bird-strikes.ts";
import type * as delays from "./delays.ts";

export const AirportScore = z.object({
  iata: z.string(),
  name: z.string(),
  state: z.string().nullable(),
  flights: z.int(),
  meanDelay: z.number(),
  /** The lowest share of punctual flights in any week. */
  worstWeek: z.number().min(0).max(1),
  strikes: z.int(),
  strikeCostUsd: z.int(),
});

/** Everything known of each airport with flights, on one line. */
export const airportScorecard = query(
  { schema: AirportScore, key: ["iata"] },
  (
    airports: In<typeof merged.airports>,
    days: In<typeof delays.dailyDelays, All>,
    weeks: In<typeof delays.weeklyReliability, All>,
    birdStrikes: In<typeof strikes.birdStrikes, All>,
    db: Db,
  ) =>
    db
      .with("flown", () =>
        db
          .selectFrom(days.as("d"))
          .groupBy("d.iata")
          .select((e) => [
            "d.iata",
            e.fn.sum<number>("d.flights").as("flights"),
            sql<number>`cast(sum(d."totalDelay") as float8) / cast(sum(d.flights) as float8)`.as("meanDelay"),
          ]),
      )
      .with("worst", () =>
        db
          .selectFrom(weeks.as("w"))
          .groupBy("w.iata")
          .select((e) => ["w.iata", e.fn.min<number>("w.onTime").as("worstWeek")]),
      )
      .with("struck", () =>
        db
          .selectFrom(birdStrikes.as("b"))
          .groupBy("b.place")
          .select((e) => [
            "b.place",
            e.fn.countAll<number>().as("strikes"),
            e.fn.sum<number>("b.costUsd").as("strikeCostUsd"),
          ]),
      )
      .selectFrom(airports.as("a"))
      .innerJoin("flown as f", "f.iata", "a.iata")
      .innerJoin("worst as w", "w.iata", "a.iata")
      .leftJoin("struck as s", "s.place", "a.place")
      .select((e) => [
        "a.iata",
        "a.name",
        "a.state",
        "f.flights",
        "f.meanDelay",
        "w.worstWeek",
        e.fn.coalesce("s.strikes", sql<number>`0`).as("strikes"),
        e.fn.coalesce("s.strikeCostUsd", sql<number>`0`).as("strikeCostUsd"),
      ]),
);
