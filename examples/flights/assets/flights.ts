import { source, type Ctx } from "@watersmeet/core";
import { z } from "zod";
import { flightDays } from "../lib/calendar.ts";
import { dataFiles, selectRows } from "../lib/data-files.ts";

export const Flight = z.object({
  departedAt: z.iso.datetime(),
  /** Minutes; negative when early. */
  delay: z.int(),
  /** Miles. */
  distance: z.int().min(0),
  origin: z.string().length(3),
  destination: z.string().length(3),
});

/** Flights in the United States in the first half of 2001, by day of departure; rows that stand twice in the file are taken once. */
export const flights = source(
  { schema: Flight, partitions: flightDays, resource: "flightFile" },
  async function* (ctx: Ctx) {
    const day = [`${ctx.partition} 00:00:00`];
    let duplicates = 0;
    const rows = selectRows<z.input<typeof Flight> & { copies: number }>(
      `select strftime(date, '%Y-%m-%dT%H:%M:%SZ') as "departedAt", cast(delay as integer) as delay, cast(distance as integer) as distance,
              origin, destination, cast(count(*) as integer) as copies
       from read_parquet('${dataFiles.flights}')
       where date >= cast($1 as timestamp) and date < cast($1 as timestamp) + interval 1 day
       group by all`,
      day,
    );
    for await (const { copies, ...flight } of rows) {
      duplicates += copies - 1;
      yield flight;
    }
    ctx.report({ duplicatesRemoved: duplicates });
  },
);
