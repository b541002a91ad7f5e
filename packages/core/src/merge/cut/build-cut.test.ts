import { describe, expect, test } from "vitest";
import { parseAssetKey } from "../../values/asset-key.ts";
import { unpartitioned } from "../../values/partitions/partition-key.ts";
import { buildCut, namePolicyVersion, type CutFacts, type LegFacts } from "./build-cut.ts";
import type { Cut, LegState } from "./cut.ts";
import { mergeWatermark } from "./merge-watermark.ts";
import { nameCut } from "./name-cut.ts";

const raw = {
  asset: parseAssetKey("raw"),
  partition: unpartitioned,
  version: 3,
  commitId: "c3",
  dataDigest: "d3",
};

const faa: LegFacts = {
  branch: "faa",
  inputs: [raw, { ...raw, asset: parseAssetKey("codes"), version: 1 }],
  state: "active",
  watermark: "200",
  gaps: [],
  isLastGood: false,
  batches: [
    { batchId: "b2", epoch: 2, standing: "live" },
    { batchId: "b1", epoch: 1, standing: "live" },
    { batchId: "b0", epoch: 1, standing: "superseded" },
    { batchId: "b3", epoch: 3, standing: "held" },
  ],
};

const facts: CutFacts = {
  asset: parseAssetKey("airports"),
  partition: unpartitioned,
  codeVersion: "code",
  policyVersion: "policy",
  epoch: 3,
  decision: { kind: "complete" },
  keyColumns: ["iata"],
  legs: [{ ...faa, branch: "web", watermark: "100" }, faa],
};

describe("a cut", () => {
  test("has its legs, inputs and epochs in one order, and counts batches by their standing", () => {
    const cut = buildCut(facts);
    expect(cut.legs.map(({ branch }) => branch)).toEqual(["faa", "web"]);
    expect(cut.legs[0]?.inputs.map(({ asset }) => asset)).toEqual(["codes", "raw"]);
    expect(cut.legs[0]?.batches).toEqual({ live: 2, superseded: 1, revoked: 0, held: 1, rejected: 0 });
    expect(cut.legs[0]?.epochs).toEqual([1, 2]);
    expect(cut.watermark).toBe("100");
  });

  test("does not fall behind the watermark of the cut it is built on", () => {
    expect(buildCut({ ...facts, baseWatermark: "150" }).watermark).toBe("150");
    expect(buildCut({ ...facts, baseWatermark: "50" }).watermark).toBe("100");
    expect(buildCut({ ...facts, legs: [{ ...faa, watermark: null }], baseWatermark: "50" }).watermark).toBe("50");
  });

  test("takes back that all sources have finished when one delivers again", () => {
    expect(buildCut({ ...facts, baseWatermark: "infinity" }).watermark).toBe("100");
  });
});

describe("completeness (M24 b)", () => {
  const until = { completeUntil: "150" };
  const of = (window: CutFacts["window"], ...legs: readonly LegFacts[]) =>
    buildCut({ ...facts, ...(window === undefined ? {} : { window }), legs }).isComplete;

  test("is said of partitions with a window, and is there when every leg is past its end or has finished", () => {
    expect(of(undefined, faa)).toBe(undefined);
    expect(of(until, faa)).toBe(true);
    expect(of({ completeUntil: "200" }, faa)).toBe(true);
    expect(of({ completeUntil: "201" }, faa)).toBe(false);
    expect(of(until, faa, { ...faa, branch: "web", watermark: null })).toBe(false);
    expect(of(until, faa, { ...faa, branch: "web", watermark: null, state: "finished" })).toBe(true);
    expect(of(until, faa, { ...faa, branch: "web", state: "idle", watermark: "100" })).toBe(false);
  });

  test("asks only for the branches that have to be there, where some are named", () => {
    expect(of({ ...until, required: ["faa"] }, faa, { ...faa, branch: "web", watermark: "100" })).toBe(true);
    expect(of({ ...until, required: ["web"] }, faa, { ...faa, branch: "web", watermark: "100" })).toBe(false);
  });

  test("does not change the id: it tells of the joining and not of the table", () => {
    expect(nameCut(buildCut({ ...facts, window: { completeUntil: "1000" } }))).toBe(nameCut(buildCut(facts)));
  });
});

describe("the id of a cut", () => {
  const id = nameCut(buildCut(facts));
  const withLeg = (change: Partial<LegFacts>): string => nameCut(buildCut({ ...facts, legs: [{ ...faa, ...change }] }));
  const oneLeg = withLeg({});

  test("is the same whoever joins it, when, and onto what", () => {
    expect(nameCut(buildCut({ ...facts, legs: facts.legs.toReversed() }))).toBe(id);
    expect(nameCut(buildCut({ ...facts, baseWatermark: "150" }))).toBe(id);
    expect(nameCut(buildCut({ ...facts, decision: { kind: "deadline", missing: [], allowed: 5 } }))).toBe(id);
    expect(withLeg({ inputs: faa.inputs.map((input) => ({ ...input, version: 9, commitId: "x" })) })).toBe(oneLeg);
    expect(withLeg({ batches: faa.batches.filter(({ standing }) => standing === "live") })).toBe(oneLeg);
    expect(withLeg({ state: "idle", watermark: null })).toBe(oneLeg);
  });

  test.each<[string, () => string]>([
    ["batch", () => withLeg({ batches: [{ batchId: "b9", epoch: 1, standing: "live" }] })],
    ["content of an input", () => withLeg({ inputs: faa.inputs.map((input) => ({ ...input, dataDigest: "other" })) })],
    ["branch", () => withLeg({ branch: "of" })],
    ["policy", () => nameCut(buildCut({ ...facts, legs: [faa], policyVersion: "other" }))],
    ["code", () => nameCut(buildCut({ ...facts, legs: [faa], codeVersion: "other" }))],
    ["key", () => nameCut(buildCut({ ...facts, legs: [faa], keyColumns: ["icao"] }))],
    ["epoch", () => nameCut(buildCut({ ...facts, legs: [faa], epoch: 4 }))],
  ])("differs with another %s", (_, name) => {
    expect(name()).not.toBe(oneLeg);
  });

  test("does not let one list of batches pass for another", () => {
    const batch = (batchId: string) => ({ batchId, epoch: 1, standing: "live" as const });
    expect(withLeg({ batches: [batch("a"), batch("bc")] })).not.toBe(withLeg({ batches: [batch("ab"), batch("c")] }));
  });
});

describe("the version of the rules", () => {
  const policy = { key: ["iata"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at" } as const;
  const rules = { policy, late: null, formHash: "form", epochs: [] };

  test("changes with trust, late terms, form, upcasters and reducers, and with nothing else", () => {
    const epoch = { fields: [], hash: "one", note: "why", isLossy: false, upcaster: "f" };
    const versions = [
      rules,
      { ...rules, policy: { ...policy, trust: { faa: 1 } } },
      { ...rules, late: { graceMs: 1, beyond: "hold" } as const },
      { ...rules, formHash: "other" },
      { ...rules, epochs: [epoch] },
      { ...rules, epochs: [{ ...epoch, upcaster: "g" }] },
      { ...rules, reducers: { name: "h" } },
    ].map(namePolicyVersion);
    expect(new Set(versions).size).toBe(versions.length);
    expect(namePolicyVersion({ ...rules, epochs: [{ ...epoch, note: "reworded" }] })).toBe(versions[4]);
  });
});

describe("the watermark of a merge", () => {
  const of = (...legs: readonly (readonly [LegState, string | null])[]): Cut["watermark"] =>
    mergeWatermark(legs.map(([state, watermark]) => ({ state, watermark })));

  test("is the least of the legs that are waited for (M27)", () => {
    expect(of(["active", "30"], ["suspect", "9"], ["active", "100"])).toBe("9");
    expect(of(["active", "-5"], ["active", "3"])).toBe("-5");
  });

  test("is not held back by finished or idle legs, and says so when all have finished", () => {
    expect(of(["active", "30"], ["finished", "1"], ["idle", "2"])).toBe("30");
    expect(of(["finished", "1"], ["finished", null])).toBe("infinity");
    expect(of(["finished", "1"], ["idle", "7"], ["idle", "4"])).toBe("4");
  });

  test("is not known as long as one waited-for leg knows none", () => {
    expect(of(["active", "30"], ["missing", null])).toBe(null);
    expect(of()).toBe(null);
  });
});
