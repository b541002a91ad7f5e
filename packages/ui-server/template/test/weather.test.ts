import assert from "node:assert/strict";
import { test } from "node:test";
import { Reading, stations } from "../assets/weather.ts";
import { readingsOf } from "../lib/weather-service.ts";

// Assets are plain functions: a test calls them.
await test("every reading fits the schema and belongs to a station", async () => {
  const known = new Set((await stations.fn()).map(({ id }) => id));
  const readings = readingsOf("2026-01-03");
  assert.equal(readings.length, 8);
  for (const reading of readings) assert.ok(known.has(Reading.parse(reading).station));
});
