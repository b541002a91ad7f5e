import { parseAssetKey } from "@watersmeet/core/values";
import { describe, expect, test } from "vitest";
import type { AssetCode, Code } from "./asset-code.ts";
import { decideUpgrade, listOverrun, type OpenAsset } from "./decide-deployment.ts";

const rivers = parseAssetKey("rivers");
const planned: OpenAsset = {
  position: 0,
  asset: rivers,
  codeVersion: "c1",
  schemaVersion: "s1",
  layout: "l1",
  refusal: null,
  idleCount: 2,
};
const deployed = (changes: Partial<AssetCode> = {}): Code =>
  new Map([[rivers, { codeVersion: "c1", schemaVersion: "s1", layout: "l1", ...changes }]]);
const none: Code = new Map();

describe("what a deployment makes of the steps of an asset", () => {
  test.each([
    ["the same code", deployed(), []],
    ["the same code, planned otherwise: it runs as it was planned", deployed({ layout: "l2" }), []],
    ["other code", deployed({ codeVersion: "c2" }), [["c2 s1", null]]],
    ["another schema", deployed({ schemaVersion: "s2" }), [["c1 s2", null]]],
    ["other code and other inputs", deployed({ codeVersion: "c2", layout: "l2" }), [["c1 s1", "DEPLOY_PLAN_OUTDATED"]]],
    ["no such asset", none, [["c1 s1", "DEPLOY_ASSET_GONE"]]],
  ])("%s", (_, code, expected) => {
    expect(summarize(decideUpgrade([planned], code))).toEqual(expected);
  });

  test("steps that could not go on can again when the asset is there again, in any version that fits the plan", () => {
    const refused = { ...planned, refusal: "DEPLOY_ASSET_GONE" };
    expect(decideUpgrade([refused], none)).toEqual([]);
    expect(summarize(decideUpgrade([refused], deployed()))).toEqual([["c1 s1", null]]);
    expect(summarize(decideUpgrade([refused], deployed({ codeVersion: "c3" })))).toEqual([["c3 s1", null]]);
    expect(summarize(decideUpgrade([refused], deployed({ layout: "l2" })))).toEqual([
      ["c1 s1", "DEPLOY_PLAN_OUTDATED"],
    ]);
  });

  test("a plan that nobody kept the layout of cannot follow", () => {
    const old = { ...planned, layout: null };
    expect(decideUpgrade([old], deployed())).toEqual([]);
    expect(summarize(decideUpgrade([old], deployed({ codeVersion: "c2" })))).toEqual([
      ["c1 s1", "DEPLOY_PLAN_OUTDATED"],
    ]);
  });

  test("a run is overrun by other code of an asset whose steps have not all begun, and by nothing else", () => {
    expect(listOverrun([planned], deployed())).toEqual([]);
    expect(listOverrun([planned], deployed({ codeVersion: "c2" }))).toEqual([rivers]);
    expect(listOverrun([planned], none)).toEqual([rivers]);
    expect(listOverrun([{ ...planned, idleCount: 0 }], none)).toEqual([]);
  });
});

function summarize(changes: ReturnType<typeof decideUpgrade>): readonly (readonly [string, string | null])[] {
  return changes.map(({ to, refusal }) => [`${to.codeVersion} ${to.schemaVersion}`, refusal?.code ?? null]);
}
