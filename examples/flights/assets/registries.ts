import { readFile } from "node:fs/promises";
import { source } from "@watersmeet/core";
import { z } from "zod";
import { dataFiles, selectRows } from "../lib/data-files.ts";
import { placeOf } from "../lib/places.ts";

/** What every registry knows of an airport. Registries list airports without an IATA code too; the merge sets those aside. */
export const RegistryAirport = z.object({
  iata: z.string().nullable(),
  name: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  /** When the registry was published: the newer of two registries wins where recency decides. */
  publishedOn: z.iso.datetime(),
});

const FaaAirport = RegistryAirport.extend({
  city: z.string().nullable(),
  state: z.string().nullable(),
  place: z.string(),
});

/** The list of US airports that came with the ASA Data Expo of 2009. */
export const faa = source({ schema: FaaAirport, resource: "registryFiles", group: "registries" }, async function* () {
  interface Line {
    readonly iata: string;
    readonly name: string;
    readonly city: string | null;
    readonly state: string | null;
    readonly latitude: number;
    readonly longitude: number;
  }
  const lines = selectRows<Line>(
    "select * replace (nullif(city, 'NA') as city, nullif(state, 'NA') as state) from read_csv($1)",
    [dataFiles.airports],
  );
  for await (const line of lines) {
    yield {
      ...pick(line),
      city: line.city,
      state: line.state,
      place: placeOf(line.name, line.state ?? ""),
      publishedOn: "2009-02-01T00:00:00Z",
    };
  }
});

/** OpenFlights: crowd-sourced, world-wide; 1,626 of its records have no IATA code. */
export const openFlights = source(
  { schema: RegistryAirport, resource: "registryFiles", group: "registries" },
  async () => {
    const records = z
      .array(z.object({ iata: z.string().nullish(), name: z.string(), latitude: z.number(), longitude: z.number() }))
      .parse(JSON.parse(await readFile(dataFiles.openFlights, "utf8")));
    return records.map((record) => ({ ...record, iata: record.iata || null, publishedOn: "2024-12-13T00:00:00Z" }));
  },
);

/** OurAirports, whose file has coordinates as text. */
export const ourAirports = source(
  { schema: RegistryAirport, resource: "registryFiles", group: "registries" },
  async () => {
    const records = z
      .array(
        z.object({
          iata_code: z.string(),
          name: z.string(),
          latitude_deg: z.coerce.number(),
          longitude_deg: z.coerce.number(),
        }),
      )
      .parse(JSON.parse(await readFile(dataFiles.ourAirports, "utf8")));
    return records.map((record) => ({
      iata: record.iata_code || null,
      name: record.name,
      latitude: record.latitude_deg,
      longitude: record.longitude_deg,
      publishedOn: "2026-05-15T00:00:00Z",
    }));
  },
);

function pick(line: { iata: string; name: string; latitude: number; longitude: number }) {
  return { iata: line.iata, name: line.name, latitude: line.latitude, longitude: line.longitude };
}
