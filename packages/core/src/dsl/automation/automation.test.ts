import { expect, test } from "vitest";
import { z } from "zod";
import { eager, onCron } from "../../automation/condition/presets.ts";
import { asset } from "../asset.ts";
import { definitionBrand } from "../definition.ts";
import { isDefinition } from "../is-definition.ts";
import { isAutomationDefinition } from "./automation-definition.ts";
import { schedule } from "./schedule.ts";
import { sensor } from "./sensor.ts";

test("a schedule is frozen plain data with its defaults, and no asset", () => {
  const nightly = schedule({ cron: "30 2 * * *", select: "+orders" });
  expect(nightly).toMatchObject({
    kind: "schedule",
    name: null,
    timeZone: "UTC",
    partitions: null,
    refresh: true,
    force: false,
    catchUp: "last",
  });
  expect([Object.isFrozen(nightly), isAutomationDefinition(nightly), isDefinition(nightly)]).toEqual([
    true,
    true,
    false,
  ]);
});

test("a sensor keeps its function and counts its times in milliseconds", () => {
  const fn = () => ({});
  expect(sensor({ every: "15s" }, fn)).toMatchObject({
    kind: "sensor",
    everyMs: 15_000,
    timeoutMs: 60_000,
    select: null,
    fn,
  });
});

test("an asset keeps its condition as data", () => {
  const kept: unknown = asset({ schema: z.object({ id: z.int() }), automation: eager() }, () => []);
  expect(kept).toMatchObject({ [definitionBrand]: 1, automation: { kind: "named", name: "eager" } });
});

test.each([
  ["a cron expression that cannot be", () => schedule({ cron: "0 25 * * *", select: "x" }), "AUTOMATION_CRON_INVALID"],
  ["a zone that there is not", () => onCron("@daily", { timeZone: "Europe/Nowhere" }), "AUTOMATION_CRON_INVALID"],
  ["a selection of nothing", () => schedule({ cron: "@daily", select: " " }), "DEFINITION_INVALID"],
  ["a catch-up of none", () => schedule({ cron: "@daily", select: "x", catchUp: { max: 0 } }), "DEFINITION_INVALID"],
  ["a name that cannot be", () => schedule({ cron: "@daily", select: "x", name: "every night" }), "DEFINITION_INVALID"],
] as const)("%s is refused where it is written", (_, make, code) => {
  expect(make).toThrow(expect.objectContaining({ code }));
});
