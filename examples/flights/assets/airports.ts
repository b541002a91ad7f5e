import { merge, type In } from "@watersmeet/core";
import { z } from "zod";
import type * as registries from "./registries.ts";

export const Airport = z.object({
  iata: z.string().min(3).max(4),
  name: z.string(),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  city: z.string().nullable(),
  state: z.string().nullable(),
  place: z.string().nullable(),
});

/**
 * One record per airport, agreed between three registries: names from the most trusted one that lists the airport, coordinates from
 * the newest. Records without a code go to quarantine.
 */
export const airports = merge(
  {
    schema: Airport,
    key: ["iata"],
    policy: "recencyFirst",
    columns: { name: "priorityFirst" },
    trust: { faa: 3, ourAirports: 2, openFlights: 1 },
    eventTime: "publishedOn",
  },
  (
    faa: In<typeof registries.faa>,
    openFlights: In<typeof registries.openFlights>,
    ourAirports: In<typeof registries.ourAirports>,
  ) => ({
    faa,
    openFlights,
    ourAirports,
  }),
);
