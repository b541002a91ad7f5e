import type { Cut, CutLeg } from "@watersmeet/core/merge";
import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import { explainIncomplete, explainOverdue } from "./explain-legs.ts";

const leg: CutLeg = {
  branch: "faa",
  inputs: [],
  batchSet: "",
  batches: { live: 1, superseded: 0, revoked: 0, held: 0, rejected: 0 },
  epochs: [1],
  state: "active",
  watermark: "980899200000000",
  gaps: [],
  isLastGood: false,
};
const cut: Cut = {
  cutVersion: 1,
  asset: parseAssetKey("airports"),
  partition: unpartitioned,
  codeVersion: "",
  policyVersion: "",
  joinKeys: { columns: ["iata"], form: "key-1" },
  epoch: 1,
  legs: [leg],
  decision: { kind: "complete" },
  watermark: null,
  isComplete: false,
};

test("a branch is overdue when its time has passed, and not when it has finished or nothing is expected", () => {
  const cadence = { everyMs: 3_600_000, lastAt: "2001-01-31T05:00:00Z" };
  const at = (time: string, more: Partial<CutLeg> = {}) =>
    explainOverdue([{ ...leg, cadence, ...more }], new Date(time));
  expect(at("2001-01-31T06:00:00Z")).toEqual([]);
  expect(at("2001-01-31T06:00:00.001Z")).toEqual([
    {
      branch: "faa",
      why: "It is overdue: something is expected every 1h, and last came at 2001-01-31T05:00:00Z.",
    },
  ]);
  expect(at("2001-02-01T00:00:00Z", { state: "finished" })).toEqual([]);
  expect(explainOverdue([leg], new Date("2100-01-01"))).toEqual([]);
});

test("an incomplete version names the branches that are not past the end of the window", () => {
  const window = { until: "2001-02-01T00:00:00.000Z", required: [] };
  expect(explainIncomplete(cut, [leg], window)).toEqual([
    {
      branch: "faa",
      why: "The version does not hold all of its window, which ends at 2001-02-01T00:00:00.000Z: it is complete up to 2001-01-31T00:00:00Z.",
    },
  ]);
  expect(explainIncomplete(cut, [leg], { ...window, required: ["web"] })).toEqual([]);
  expect(explainIncomplete({ ...cut, isComplete: true }, [leg], window)).toEqual([]);
});
