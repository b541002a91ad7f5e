import { describe, expect, it } from "vitest";
import { linkFlights, nothingMade, planFlights, planNow, run, runAll, withAsset } from "../../../test/plan/flights.ts";
import { makeAsset, makeInput } from "../../../test/plan/random-projects.ts";
import type { Graph } from "../../graph/graph.ts";
import { parseAssetKey } from "../../values/asset-key.ts";
import { unpartitioned } from "../../values/partitions/partition-key.ts";
import { buildPlan } from "../build-plan.ts";
import { ordersPosition } from "../identity/order-fingerprint.ts";
import { createPlanningState } from "../state/planning-state.ts";
import type { StateSnapshot } from "../state/state-snapshot.ts";
import { assessAsset } from "./find-stale.ts";

interface Scene {
  readonly graph?: Graph;
  readonly snapshot: StateSnapshot;
  readonly now?: Date;
}

/** E.g. `upToDate 0-3, stale inputChanged flights 4-4`. */
function assess(asset: string, { graph = linkFlights(), snapshot, now = planNow }: Scene): string {
  const { groups } = assessAsset(createPlanningState({ graph, snapshot, now }), parseAssetKey(asset));
  return groups
    .map(({ freshness, partitions }) => {
      const reason =
        freshness.kind === "stale"
          ? [freshness.reason.kind, ...(freshness.reason.kind === "inputChanged" ? freshness.reason.inputs : [])]
          : [];
      return [freshness.kind, ...reason, ...partitions.map(([from, to]) => `${from}-${to - 1}`)].join(" ");
    })
    .join(", ");
}

describe("a partition is", () => {
  it("missing until it has a version", () => {
    expect(assess("flights", { snapshot: nothingMade })).toBe("missing 0-9");
    expect(assess("flights", { snapshot: run(planFlights({ select: "flights", partitions: "2001-01-03" })) })).toBe(
      "missing 0-1 3-9, upToDate 2-2",
    );
  });

  it("stale by its own code before its schema before its inputs", () => {
    const made = runAll();
    const changed = run(
      planFlights({ select: "flights", partitions: "2001-01-04", force: true }, { snapshot: made }),
      made,
      "changed",
    );
    const assessWith = (overrides: Parameters<typeof withAsset>[1]): string =>
      assess("dailyDelays", { graph: linkFlights(withAsset("dailyDelays", overrides)), snapshot: changed });
    expect(assessWith({ codeVersion: "new", schemaVersion: "new" })).toBe("stale codeChanged 0-9");
    expect(assessWith({ schemaVersion: "new" })).toBe("stale schemaChanged 0-9");
    expect(assessWith({})).toBe("upToDate 0-2 4-9, stale inputChanged flights 3-3");
  });

  it("stale by one changed partition of many that it reads, and by every input that changed", () => {
    const made = runAll();
    const one = run(
      planFlights({ select: "dailyDelays", partitions: "2001-01-04", force: true }, { snapshot: made }),
      made,
      "changed",
    );
    expect(assess("monthlyDelays", { snapshot: one })).toBe("stale inputChanged dailyDelays 0-0");
    expect(assess("badDays", { snapshot: one })).toBe("upToDate 0-2 6-9, stale inputChanged dailyDelays 3-5");
    const both = run(planFlights({ select: "flights airports", force: true }, { snapshot: made }), made, "changed");
    expect(assess("dailyDelays", { snapshot: both })).toBe("stale inputChanged airports flights 0-9");
  });

  it("stale by orders that were given for it since, after its code and before its inputs, and up to date once they are in it", () => {
    const made = runAll();
    const airports = parseAssetKey("airports");
    const given = { ...made, orders: new Map([[airports, new Map([[unpartitioned, "o1"]])]]) };
    expect(assess("airports", { snapshot: given })).toBe("stale ordersChanged 0-0");
    expect(assess("dailyDelays", { snapshot: given })).toBe("upToDate 0-9");
    const head = made.heads.get(airports)?.get(unpartitioned);
    if (head === undefined) throw new Error("airports has no head");
    const carriedOut = { ...head, inputs: { ...head.inputs, [ordersPosition]: "o1" } };
    const after = {
      ...given,
      heads: new Map([...made.heads, [airports, new Map([[unpartitioned, carriedOut]])]]),
    };
    expect(assess("airports", { snapshot: after })).toBe("upToDate 0-0");
    // A lost ledger brings nothing back by itself: what was made with orders that nobody knows any more is made again.
    expect(assess("airports", { snapshot: { ...after, orders: new Map() } })).toBe("stale ordersChanged 0-0");
    const recoded = linkFlights(withAsset("airports", { codeVersion: "new" }));
    expect(assess("airports", { graph: recoded, snapshot: given })).toBe("stale codeChanged 0-0");
  });

  it("pinned where readers were taken back to it, whatever has changed since, and nowhere else", () => {
    const made = runAll();
    const flights = parseAssetKey("flights");
    const fourth = [...(made.heads.get(flights)?.keys() ?? [])][3];
    if (fourth === undefined) throw new Error("flights has no fourth day");
    const snapshot = { ...made, pinned: new Map([[flights, new Set([fourth])]]) };
    const graph = linkFlights(withAsset("flights", { codeVersion: "new" }));
    expect(assess("flights", { graph, snapshot })).toBe("stale codeChanged 0-2 4-9, pinned 3-3");
  });

  it("not stale because its upstream is: only when that has run to other content", () => {
    const graph = linkFlights(withAsset("flights", { codeVersion: "new" }));
    expect(assess("dailyDelays", { graph, snapshot: runAll() })).toBe("upToDate 0-9");
  });

  it("not stale because time has passed: a new window that is not made yet changes nothing for who reads all, or the latest", () => {
    const graph = linkFlights([
      makeAsset("days", {
        partitions: { kind: "time", grain: "day", start: "2001-01-01", end: null, timeZone: "UTC" },
      }),
      makeAsset("total", { inputs: [makeInput("days", 0, { mapping: { kind: "all" } })] }),
      makeAsset("newest", { inputs: [makeInput("days", 0, { mapping: { kind: "latest" } })] }),
    ]);
    const snapshot = runAll(graph);
    const now = new Date("2001-02-04T12:00:00Z");
    expect(assess("days", { graph, snapshot, now })).toBe("upToDate 0-32, missing 33-33");
    expect([assess("total", { graph, snapshot, now }), assess("newest", { graph, snapshot, now })]).toEqual([
      "upToDate 0-0",
      "upToDate 0-0",
    ]);
    const result = buildPlan({ graph, request: { select: "*" }, snapshot, now });
    expect("plan" in result ? result.plan.stepCount : result).toBe(3);
  });

  it("stale when an optional input has gone, or come", () => {
    const assets = (isOptional: boolean): Graph =>
      linkFlights([makeAsset("extra"), makeAsset("reader", { inputs: [makeInput("extra", 0, { isOptional })] })]);
    const made = runAll(assets(true));
    const gone = { ...made, heads: new Map([...made.heads].filter(([key]) => key !== "extra")) };
    expect(assess("reader", { graph: assets(true), snapshot: gone })).toBe("stale inputChanged extra 0-0");
    expect(assess("reader", { graph: assets(false), snapshot: gone })).toBe("upToDate 0-0");
  });
});
