import { describe, expect, it } from "vitest";
import { linkFlights, nothingMade, planFlights, run, runAll, withAsset } from "../../../test/plan/flights.ts";
import { buildGraph } from "../../graph/build-graph.ts";
import { explainPlan } from "./explain-plan.ts";
import { parsePlan, renderPlanJson } from "./plan-json.ts";

const explain = (plan: Parameters<typeof explainPlan>[0]): string => `${explainPlan(plan).join("\n")}\n`;

describe("a plan in words", () => {
  it("of a first run", async () => {
    await expect(explain(planFlights({ select: "*" }))).toMatchFileSnapshot("golden/first-run.txt");
  });

  it("of a change in the middle, with a hole", async () => {
    const graph = linkFlights(withAsset("dailyDelays", { codeVersion: "new" }));
    const made = run(planFlights({ select: "+airports flights dailyDelays", partitions: "2001-01-01..2001-01-04" }));
    await expect(explain(planFlights({ select: "*" }, { graph, snapshot: made }))).toMatchFileSnapshot(
      "golden/change.txt",
    );
  });

  it("of force and of nothing but missing partitions", async () => {
    const snapshot = runAll();
    const forced = planFlights(
      {
        select: "flights",
        partitions: "2001-01-01,2001-01-03,2001-01-05,2001-01-07,2001-01-09..2001-01-10",
        force: true,
      },
      { snapshot },
    );
    await expect(explain(forced)).toMatchFileSnapshot("golden/forced.txt");
    await expect(explain(planFlights({ select: "flights", missingOnly: true }, { snapshot }))).toMatchFileSnapshot(
      "golden/nothing-missing.txt",
    );
  });

  it("of nothing at all", () => {
    const { graph } = buildGraph({ formatVersion: 1, analyzer: "test", files: {}, assets: [] });
    expect(explain(planFlights({ select: "*" }, { graph, snapshot: nothingMade }))).toBe("Nothing to plan in prod.\n");
  });
});

describe("a plan in bytes", () => {
  it("stays as it is written, and reads back equal", async () => {
    const plan = planFlights({ select: "+dailyDelays", partitions: "2001-01-02..2001-01-03" });
    const bytes = renderPlanJson(plan);
    await expect(`${bytes}\n`).toMatchFileSnapshot("golden/plan.json");
    expect(parsePlan(JSON.parse(bytes))).toEqual(plan);
  });

  it("is refused when it is of another release, or none", () => {
    for (const value of [null, "plan", {}, { planVersion: 2, assets: [] }, { planVersion: 1 }]) {
      expect(() => parsePlan(value)).toThrow(expect.objectContaining({ code: "PLAN_UNREADABLE" }));
    }
  });
});
