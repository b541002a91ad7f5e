import { source, type Ctx } from "@watersmeet/core";
import { z } from "zod";
import { strikeMonths } from "../lib/calendar.ts";
import { dataFiles, selectRows } from "../lib/data-files.ts";
import { placeOf, stateCodes } from "../lib/places.ts";

export const BirdStrike = z.object({
  flownOn: z.iso.date(),
  airportName: z.string(),
  /** The airport's place as `placeOf` names it, to be compared with that of the registries. */
  place: z.string(),
  species: z.string(),
  damage: z.string(),
  costUsd: z.int().min(0),
});

interface Report {
  readonly day: string;
  readonly airport: string;
  readonly state: string | null;
  readonly species: string;
  readonly damage: string;
  readonly cost: number;
}

/** Wildlife strikes reported to the FAA, by month of the flight. */
export const birdStrikes = source(
  { schema: BirdStrike, partitions: strikeMonths, resource: "strikeFile" },
  async function* (ctx: Ctx) {
    const reports = selectRows<Report>(
      `select strftime("Flight Date", '%Y-%m-%d') as day, "Airport Name" as airport, "Origin State" as state, "Wildlife Species" as species,
              coalesce("Effect Amount of damage", 'Unknown') as damage, cast("Cost Total $" as integer) as cost
       from read_csv($1) where strftime("Flight Date", '%Y-%m') = $2`,
      [dataFiles.birdStrikes, ctx.partition],
    );
    for await (const report of reports) {
      yield {
        flownOn: report.day,
        airportName: report.airport,
        place: placeOf(report.airport, stateCodes[report.state ?? ""] ?? ""),
        species: report.species,
        damage: report.damage,
        costUsd: report.cost,
      };
    }
  },
);
