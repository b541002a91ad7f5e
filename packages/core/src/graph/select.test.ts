import { describe, expect, it } from "vitest";
import { makeAsset, makeInput, makeManifest } from "../../test/plan/random-projects.ts";
import { buildGraph } from "./build-graph.ts";
import { selectAssets } from "./select.ts";

/** raw -> clean -> orders -> report -> mail, and a merge beside. */
const { graph } = buildGraph(
  makeManifest([
    makeAsset("raw", { kind: "source", tags: ["daily"] }),
    makeAsset("clean", { inputs: [makeInput("raw", 0)], group: "base" }),
    makeAsset("orders", {
      inputs: [makeInput("clean", 0), makeInput("both", 1)],
      tags: ["daily", "core"],
      group: "sales",
    }),
    makeAsset("report", { inputs: [makeInput("orders", 0)], group: "sales" }),
    makeAsset("mail", { inputs: [makeInput("report", 0)] }),
    makeAsset("both", { kind: "merge", inputs: [makeInput("raw", 0)] }),
  ]),
);

describe("a selection", () => {
  it.each([
    ["orders", "orders"],
    ["+orders", "raw both clean orders"],
    ["orders+", "orders report mail"],
    ["1+orders", "both clean orders"],
    ["orders+1", "orders report"],
    ["2+orders+1", "raw both clean orders report"],
    ["+orders+", "raw both clean orders report mail"],
    ["0+orders+0", "orders"],
    ["*", "raw both clean orders report mail"],
    ["tag:daily", "raw orders"],
    ["group:sales", "orders report"],
    ["kind:merge", "both"],
    ["kind:source+1", "raw both clean"],
    ["mail raw", "raw mail"],
    ["  mail   raw  ", "raw mail"],
    ["tag:daily,group:sales", "orders"],
    ["+report,kind:asset raw", "raw clean orders report"],
    ["raw+,+clean", "raw clean"],
  ])("%s is %s", (selection, expected) => {
    expect(selectAssets(graph, selection).join(" ")).toBe(expected);
  });

  it.each([
    ["order", "ASSET_UNKNOWN", 'There is no asset "order"', "Did you mean orders?"],
    ["xylophone", "ASSET_UNKNOWN", 'There is no asset "xylophone"', "`watersmeet assets` lists them all."],
    ["tag:dayly", "SELECTION_INVALID", "No asset has tag:dayly", "Did you mean tag:daily?"],
    ["kind:table", "SELECTION_INVALID", "No asset has kind:table", "There are asset, merge, source."],
    [
      "color:red",
      "SELECTION_INVALID",
      '"color:red" is not a selection',
      "Attributes are tag:x, group:y and kind:merge",
    ],
    [
      "toString:red",
      "SELECTION_INVALID",
      '"toString:red" is not a selection',
      "Attributes are tag:x, group:y and kind:merge",
    ],
    ["", "SELECTION_INVALID", "The selection is empty", "Name assets: orders, +orders, tag:daily, or * for all"],
    [
      "+",
      "SELECTION_INVALID",
      '"+" is not a selection',
      "Write orders, +orders, orders+, 2+orders+1, tag:x, group:y, kind:merge or *",
    ],
    [
      "orders,",
      "SELECTION_INVALID",
      '"" is not a selection',
      "Write orders, +orders, orders+, 2+orders+1, tag:x, group:y, kind:merge or *",
    ],
    [
      "orders+x",
      "SELECTION_INVALID",
      '"orders+x" is not a selection',
      "Write orders, +orders, orders+, 2+orders+1, tag:x, group:y, kind:merge or *",
    ],
  ])('"%s" is refused', (...[selection, code, message, hint]) => {
    expect(() => selectAssets(graph, selection)).toThrow(expect.objectContaining({ code, message, hint }));
  });

  it("may name no asset when terms exclude each other", () => {
    expect(selectAssets(graph, "mail,raw")).toEqual([]);
  });
});
