import { merge, query, type Db, type In } from "@watersmeet/core";
import { z } from "zod";
import type * as feeds from "./feeds.ts";

export const Airport = z.object({
  code: z.string().length(3),
  name: z.string().optional(),
  city: z.string().optional(),
  status: z.enum(["open", "closed", "planned"]).optional(),
  elevation: z.number().optional().meta({ unit: "ft" }),
});

/**
 * One record for each airport: the newest word on every cell, except for the name, where the most trusted registry has it. What comes more than two
 * days late waits for somebody to look at it.
 */
export const airports = merge(
  {
    schema: Airport,
    key: ["code"],
    policy: "recencyFirst",
    columns: { name: "priorityFirst" },
    trust: { authority: 3, airline: 2, spotters: 1 },
    eventTime: "updatedAt",
    operation: "does",
    late: { grace: "2d", beyond: "hold" },
  },
  (authority: In<typeof feeds.authority>, airline: In<typeof feeds.airline>, spotters: In<typeof feeds.spotters>) => ({
    authority,
    airline,
    spotters,
  }),
);

export const Status = z.object({ status: Airport.shape.status, airports: z.int() });

/** How many airports there are of each status. */
export const statuses = query({ schema: Status }, (a: In<typeof airports>, db: Db) =>
  db
    .selectFrom(a.as("a"))
    .groupBy("a.status")
    .select((e) => ["a.status", e.fn.countAll<number>().as("airports")]),
);
