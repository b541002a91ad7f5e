import { describe, expect, it } from "vitest";
import {
  flightAssets,
  linkFlights,
  nothingMade,
  outline,
  planFlights,
  planNow,
  run,
  runAll,
  withAsset,
} from "../../test/plan/flights.ts";
import { makeAsset, makeInput } from "../../test/plan/random-projects.ts";
import { parseAssetKey } from "../values/asset-key.ts";
import { unpartitioned } from "../values/partitions/partition-key.ts";
import { buildPlan } from "./build-plan.ts";
import type { StateSnapshot } from "./state/state-snapshot.ts";

const key = parseAssetKey;

/** The snapshot without the heads of an asset, or without one of them. */
function without(snapshot: StateSnapshot, asset: string, partition?: string): StateSnapshot {
  const kept = [...(snapshot.heads.get(key(asset)) ?? [])].filter(
    ([one]) => partition !== undefined && one !== partition,
  );
  return { ...snapshot, heads: new Map([...snapshot.heads, [key(asset), new Map(kept)]]) };
}

describe("reasons to run", () => {
  it("of a first run are that everything is missing", () => {
    expect(outline(planFlights({ select: "*" }))).toEqual([
      "faa run missing 0-0",
      "flights run missing 0-9",
      "openFlights run missing 0-0",
      "airports run missing 0-0",
      "dailyDelays run missing 0-9",
      "badDays run missing 0-9",
      "monthlyDelays run missing 0-0",
      "streaks run missing 0-9",
      "scorecard run missing 0-0",
    ]);
  });

  it("are none when everything is made", () => {
    const plan = planFlights({ select: "*" }, { snapshot: runAll() });
    expect([plan.stepCount, plan.pins]).toEqual([0, {}]);
    expect(outline(plan).every((line) => line.includes("skip upToDate"))).toBe(true);
  });

  it("are new code for the asset, and for exactly its descendants that their input is planned", () => {
    const graph = linkFlights(withAsset("dailyDelays", { codeVersion: "new" }));
    expect(
      outline(planFlights({ select: "*" }, { graph, snapshot: runAll() })).filter((line) => line.includes(" run ")),
    ).toEqual([
      "dailyDelays run codeChanged 0-9",
      "badDays run inputPlanned (dailyDelays) 0-9",
      "monthlyDelays run inputPlanned (dailyDelays) 0-0",
      "streaks run inputPlanned (badDays) 0-0",
      "streaks run inputPlanned (badDays) (streaks) 1-9",
      "scorecard run inputPlanned (monthlyDelays) (streaks) 0-0",
    ]);
  });

  it("leave a version that this plan makes anew out of its pins", () => {
    const graph = linkFlights(withAsset("dailyDelays", { codeVersion: "new" }));
    const { pins } = planFlights(
      { select: "dailyDelays badDays", partitions: "2001-01-02" },
      { graph, snapshot: runAll() },
    );
    expect(Object.entries(pins).map(([asset, commits]) => [asset, Object.keys(commits)])).toEqual([
      ["flights", ["2001-01-02"]],
      ["airports", [""]],
      ["dailyDelays", ["2001-01-01"]],
    ]);
  });

  it("are orders about a merge, and its readers then have a planned input", () => {
    const snapshot = { ...runAll(), orders: new Map([[key("airports"), new Map([[unpartitioned, "o1"]])]]) };
    const plan = planFlights({ select: "airports dailyDelays" }, { snapshot });
    expect(outline(plan)).toEqual(["airports run ordersChanged 0-0", "dailyDelays run inputPlanned (airports) 0-9"]);
  });

  it("leave out what is pinned, also when its input is planned, unless it is forced", () => {
    const snapshot = { ...runAll(), pinned: new Map([[key("airports"), new Set([unpartitioned])]]) };
    const graph = linkFlights(withAsset("faa", { codeVersion: "new" }));
    const outlined = (force: boolean): readonly string[] =>
      outline(planFlights({ select: "faa airports", force }, { graph, snapshot }));
    expect(outlined(false)).toEqual(["faa run codeChanged 0-0", "airports skip pinned 0-0"]);
    expect(outlined(true)).toEqual(["faa run forced 0-0", "airports run forced 0-0"]);
  });

  it("are that a refresh asks an outside world without time again, and nothing that is finished", () => {
    const outlined = outline(planFlights({ select: "*", refresh: true }, { snapshot: runAll() }));
    expect(outlined.filter((line) => line.includes(" run "))).toEqual([
      "faa run forced 0-0",
      "openFlights run forced 0-0",
      "airports run inputPlanned (faa) (openFlights) 0-0",
      "dailyDelays run inputPlanned (airports) 0-9",
      "badDays run inputPlanned (dailyDelays) 0-9",
      "monthlyDelays run inputPlanned (dailyDelays) 0-0",
      "streaks run inputPlanned (badDays) 0-0",
      "streaks run inputPlanned (badDays) (streaks) 1-9",
      "scorecard run inputPlanned (monthlyDelays) (streaks) 0-0",
    ]);
    expect(outline(planFlights({ select: "faa", refresh: true }))).toEqual(["faa run missing 0-0"]);
  });

  it("are a changed schema", () => {
    const graph = linkFlights(withAsset("faa", { schemaVersion: "new" }));
    expect(outline(planFlights({ select: "faa" }, { graph, snapshot: runAll() }))).toEqual([
      "faa run schemaChanged 0-0",
    ]);
  });

  it("are the inputs whose content changed, for the partitions that read it and no other", () => {
    const made = runAll();
    const changed = run(
      planFlights({ select: "flights", partitions: "2001-01-04", force: true }, { snapshot: made }),
      made,
      "changed",
    );
    expect(outline(planFlights({ select: "dailyDelays badDays" }, { snapshot: changed }))).toEqual([
      "dailyDelays run inputChanged (flights) 3-3",
      "dailyDelays skip upToDate 0-2 4-9",
      "badDays run inputPlanned (dailyDelays) 3-5",
      "badDays skip upToDate 0-2 6-9",
    ]);
  });

  it("are never that an upstream ran again to the same content", () => {
    const made = runAll();
    const again = run(planFlights({ select: "flights", force: true }, { snapshot: made }), made);
    expect(planFlights({ select: "*" }, { snapshot: again }).stepCount).toBe(0);
  });

  it("are force, even of what is up to date", () => {
    expect(outline(planFlights({ select: "faa airports", force: true }, { snapshot: runAll() }))).toEqual([
      "faa run forced 0-0",
      "airports run forced 0-0",
    ]);
  });

  it("are a chain of the asset's own partitions when its first is made again", () => {
    const snapshot = without(runAll(), "streaks", "2001-01-07");
    expect(outline(planFlights({ select: "streaks" }, { snapshot }))).toEqual([
      "streaks run missing 6-6",
      "streaks run inputPlanned (streaks) 7-9",
      "streaks skip upToDate 0-5",
    ]);
  });
});

describe("what does not run", () => {
  it("is an asset that was not selected, however stale: what it made last is read and pinned", () => {
    const made = runAll();
    const graph = linkFlights(withAsset("flights", { codeVersion: "new" }));
    const plan = planFlights(
      { select: "dailyDelays", partitions: "2001-01-02", force: true },
      { graph, snapshot: made },
    );
    expect(outline(plan)).toEqual(["dailyDelays run forced 1-1"]);
    const commitOf = (asset: string, partition: string): string | undefined =>
      [...(made.heads.get(key(asset)) ?? [])].find(([one]) => one === partition)?.[1].commitId;
    expect(plan.pins).toEqual({
      airports: { "": commitOf("airports", "") },
      flights: { "2001-01-02": commitOf("flights", "2001-01-02") },
    });
  });

  it("is a partition whose input is neither there nor planned, and whatever reads it", () => {
    const made = run(planFlights({ select: "+airports flights", partitions: "2001-01-01..2001-01-05" }));
    expect(outline(planFlights({ select: "dailyDelays badDays monthlyDelays streaks" }, { snapshot: made }))).toEqual([
      "dailyDelays run missing 0-4",
      "dailyDelays skip inputMissing (flights) 5-9",
      "badDays run missing 0-4",
      "badDays skip inputMissing (dailyDelays) 5-9",
      "monthlyDelays skip inputMissing (dailyDelays) 0-0",
      "streaks run missing 0-4",
      "streaks skip inputMissing (badDays) 5-5",
      "streaks skip inputMissing (badDays) (streaks) 6-9",
    ]);
  });

  it("is not a partition whose optional input is missing", () => {
    const assets = [
      ...flightAssets,
      makeAsset("extra", {
        inputs: [makeInput("faa", 0, { isOptional: true }), makeInput("flights", 1, { isOptional: true })],
      }),
    ];
    expect(outline(planFlights({ select: "extra" }, { graph: linkFlights(assets) }))).toEqual([
      "extra run missing 0-0",
    ]);
  });

  it("is a partition outside what its input covers, unless it reads into the past", () => {
    const late = makeAsset("late", {
      partitions: { kind: "time", grain: "day", start: "2001-01-05", end: "2001-01-07", timeZone: "UTC" },
    });
    const early = { kind: "time", grain: "day", start: "2001-01-04", end: "2001-01-07", timeZone: "UTC" } as const;
    const graph = linkFlights([
      late,
      makeAsset("same", { partitions: early, inputs: [makeInput("late", 0)] }),
      makeAsset("before", {
        partitions: early,
        inputs: [makeInput("late", 0, { mapping: { kind: "offset", by: -1 } })],
      }),
    ]);
    expect(outline(planFlights({ select: "*" }, { graph }))).toEqual(
      [
        "late run missing 0-1",
        "before run missing 0-2",
        "same skip inputMissing (late) 0-0",
        "same run missing 1-2",
      ].sort((a, b) => Number(b.startsWith("late")) - Number(a.startsWith("late")) || (a < b ? -1 : 1)),
    );
  });

  it("is what has a version, whatever changed, when only missing partitions are asked for", () => {
    const graph = linkFlights(withAsset("flights", { codeVersion: "new" }));
    const snapshot = without(runAll(), "flights", "2001-01-04");
    expect(outline(planFlights({ select: "flights dailyDelays", missingOnly: true }, { graph, snapshot }))).toEqual([
      "flights run missing 3-3",
      "flights skip notMissing 0-2 4-9",
      "dailyDelays skip notMissing 0-9",
    ]);
  });
});

describe("partitions asked for", () => {
  it("by dates are taken in every grain; assets without partitions are taken whole", () => {
    expect(outline(planFlights({ select: "+monthlyDelays", partitions: "2001-01-09..2001-01-10" }))).toEqual([
      "faa run missing 0-0",
      "flights run missing 8-9",
      "openFlights run missing 0-0",
      "airports run missing 0-0",
      "dailyDelays run missing 8-9",
      "monthlyDelays skip inputMissing (dailyDelays) 0-0",
    ]);
  });

  it("by words are found by state", () => {
    const made = without(runAll(), "flights", "2001-01-04");
    const failed = new Map([
      [key("flights"), new Set([...(runAll().heads.get(key("flights"))?.keys() ?? [])].slice(0, 2))],
    ]);
    const graph = linkFlights(withAsset("dailyDelays", { codeVersion: "new" }));
    const select = "flights dailyDelays";
    const planOf = (partitions: string): readonly string[] =>
      outline(planFlights({ select, partitions }, { graph, snapshot: { ...made, failed } }));
    expect(planOf("missing")).toEqual(["flights run missing 3-3"]);
    expect(planOf("stale")).toEqual(["dailyDelays run codeChanged 0-2 4-9"]);
    expect(planOf("failed")).toEqual(["flights skip upToDate 0-1"]);
    expect(planOf("missing,latest")).toEqual([
      "flights run missing 3-3",
      "flights skip upToDate 9-9",
      "dailyDelays run codeChanged 9-9",
    ]);
    expect(planOf("stale,missing")).toEqual(["flights run missing 3-3", "dailyDelays run codeChanged 0-9"]);
  });

  it("are none, and that is no mistake, of an asset whose first window has not ended yet", () => {
    const future = { kind: "time", grain: "day", start: "2030-01-01", end: null, timeZone: "UTC" } as const;
    const graph = linkFlights([makeAsset("soon", { partitions: future })]);
    expect(planFlights({ select: "soon" }, { graph }).assets).toEqual([]);
    expect(planFlights({ select: "soon", partitions: "missing" }, { graph }).assets).toEqual([]);
  });

  it("follow what the others read where they are written otherwise", () => {
    const regions = { kind: "listed", keys: ["eu", "us"] } as const;
    const graph = linkFlights([
      makeAsset("shops", { partitions: regions }),
      makeAsset("sales", {
        partitions: {
          kind: "product",
          first: { kind: "time", grain: "day", start: "2001-01-01", end: "2001-01-03", timeZone: "UTC" },
          second: regions,
        },
        inputs: [makeInput("shops", 0)],
      }),
      makeAsset("byRegion", { partitions: regions, inputs: [makeInput("sales", 0, { mapping: { kind: "latest" } })] }),
    ]);
    expect(outline(planFlights({ select: "*", partitions: "2001-01-02|us" }, { graph }))).toEqual([
      "shops run missing 1-1",
      "sales run missing 3-3",
      "byRegion run missing 1-1",
    ]);
  });

  it.each([
    ["flights", "2001-01-12", "PARTITION_INVALID", '"2001-01-12" lies outside the partitions of flights'],
    [
      "flights",
      "2000-12-30..2001-01-02",
      "PARTITION_INVALID",
      '"2000-12-30..2001-01-02" lies outside the partitions of flights',
    ],
    ["faa flights", "eu", "PARTITION_INVALID", '"eu" names no partition of faa'],
    ["flihgts", "all", "ASSET_UNKNOWN", 'There is no asset "flihgts"'],
    ["color:red", "all", "SELECTION_INVALID", '"color:red" is not a selection'],
  ])("are refused as a problem: %s %s", (...[select, partitions, code, message]) => {
    const result = buildPlan({
      graph: linkFlights(),
      request: { select, partitions },
      snapshot: nothingMade,
      now: planNow,
    });
    expect(result).toEqual({ problems: [expect.objectContaining({ code, message })] });
  });
});
