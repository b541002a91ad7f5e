import { describe, expect, test } from "vitest";
import { parseAssetKey } from "../../values/asset-key.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import { unpartitioned } from "../../values/partitions/partition-key.ts";
import { checkAlignment, type AlignmentFacts, type AlignmentLeg } from "./check-alignment.ts";
import type { CutInput } from "./cut.ts";

const day = "2001-01-31" as PartitionKey;

function version(name: string, number: number, partition: PartitionKey = day): CutInput {
  return {
    asset: parseAssetKey(name),
    partition,
    version: number,
    commitId: `${name}-${number}`,
    dataDigest: `${name}${number}`,
  };
}

const [faaClean, webClean] = [version("faaClean", 4), version("webClean", 7)];
const faa: AlignmentLeg = { branch: "faa", inputs: [faaClean], ancestry: [] };
const web: AlignmentLeg = { branch: "web", inputs: [webClean], ancestry: [] };
const facts: AlignmentFacts = { asset: parseAssetKey("airports"), partition: day, legs: [faa, web] };

function find(change: Partial<AlignmentLeg>, more: Partial<AlignmentFacts> = {}) {
  return checkAlignment({ ...facts, ...more, legs: [{ ...faa, ...change }, web] });
}

describe("alignment of a cut (M24)", () => {
  test("is there when nothing speaks against it", () => {
    expect(checkAlignment(facts)).toEqual([]);
  });

  test("(a) needs every partition that a mapping asks for", () => {
    const missing = { asset: faaClean.asset, partition: "2001-01-30" as PartitionKey };
    expect(find({ needs: [faaClean, missing] })).toMatchObject([
      {
        kind: "partitionMissing",
        branches: ["faa"],
        message: "airports@2001-01-31: branch faa needs faaClean@2001-01-30, which is not there",
      },
    ]);
    expect(find({ needs: [faaClean] })).toEqual([]);
  });

  test("(b) needs watermarks beyond the window only where a version must be complete", () => {
    const progress = { state: "active", watermark: "99" } as const;
    expect(find({ progress })).toEqual([]);
    expect(find({ progress }, { completeUntil: "100" })).toMatchObject([{ kind: "windowOpen", branches: ["faa"] }]);
    expect(find({ progress: { ...progress, watermark: "100" } }, { completeUntil: "100" })).toEqual([]);
    expect(find({ progress: { state: "finished", watermark: null } }, { completeUntil: "100" })).toEqual([]);
    expect(find({ progress: { state: "idle", watermark: null } }, { completeUntil: "100" })).toHaveLength(1);
  });

  test("(c) needs one form of keys", () => {
    const joinKeys = { columns: ["iata"], form: "key-1" } as const;
    expect(find({ joinKeys }, { joinKeys })).toEqual([]);
    expect(find({ joinKeys: { ...joinKeys, columns: ["icao"] } }, { joinKeys })).toMatchObject([
      { kind: "keysDiffer", code: "MERGE_CUT_MISALIGNED" },
    ]);
  });

  test("(d) needs epochs that the present schema reads", () => {
    expect(find({ epochs: [1, 3] }, { readableEpochs: [1, 2, 3] })).toEqual([]);
    expect(find({ epochs: [1, 3] }, { readableEpochs: [1, 2] })).toMatchObject([
      { kind: "epochUnreadable", message: expect.stringContaining("epoch 3") },
    ]);
  });

  test("(e) needs one version of shared ancestors, and says which branch is older and what to run", () => {
    const [raw3, raw5] = [version("raw", 3, unpartitioned), version("raw", 5, unpartitioned)];
    const legs = [
      { ...faa, ancestry: [{ ...faaClean, madeFrom: [raw3] }] },
      { ...web, ancestry: [{ ...webClean, madeFrom: [raw5] }] },
    ];
    expect(checkAlignment({ ...facts, legs })).toMatchObject([
      {
        kind: "skewed",
        code: "MERGE_CUT_SKEWED",
        branches: ["faa", "web"],
        message:
          "airports@2001-01-31: its branches come from different versions of raw: faa from version 3, web from version 5",
        hint: expect.stringContaining("run +faaClean."),
      },
    ]);
  });

  test("(f) needs inputs that are committed and were not taken back", () => {
    expect(find({ unusable: [{ input: faaClean, why: "revoked" }] })).toMatchObject([
      {
        kind: "inputUnusable",
        message: expect.stringContaining("version 4 of faaClean@2001-01-31, which was taken back"),
      },
    ]);
  });

  test("tells everything that is wrong, not the first", () => {
    const needs = [version("codes", 1)];
    expect(
      find({ needs, epochs: [9], unusable: [{ input: faaClean, why: "failed" }] }, { readableEpochs: [1] }),
    ).toHaveLength(3);
  });
});
