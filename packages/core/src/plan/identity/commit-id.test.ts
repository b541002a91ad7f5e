import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAssetKey } from "../../values/asset-key.ts";
import { unpartitioned, type PartitionKey } from "../../values/partitions/partition-key.ts";
import { createPartitionSpace } from "../../values/partitions/partition-space.ts";
import { computeCommitId, fingerprintInput, isSameWork, type CommitIdentity } from "./commit-id.ts";

const work: CommitIdentity = {
  asset: parseAssetKey("dailyDelays"),
  partition: unpartitioned,
  codeVersion: "code",
  schemaVersion: "schema",
  inputs: [
    ["0", "a"],
    ["1", "b"],
  ],
  salt: null,
};

const buckets = createPartitionSpace({ kind: "buckets", count: 12 }, new Date(0));
const bucket = (ordinal: number): PartitionKey => buckets.keyAt(ordinal);

describe("a commit id", () => {
  it("is the same for the same work, wherever and in whatever order its inputs come", () => {
    expect(computeCommitId(work)).toBe("aa3793459e0ef8726975ba507b5b91764f6bf578c500a4bd7c2a96db9a9f1d5c");
    expect(computeCommitId({ ...work, inputs: [...work.inputs].reverse() })).toBe(computeCommitId(work));
  });

  it.each<[string, Partial<CommitIdentity>]>([
    ["asset", { asset: parseAssetKey("dailyDelay") }],
    ["partition", { partition: bucket(1) }],
    ["code", { codeVersion: "cod" }],
    ["schema", { schemaVersion: "eschema" }],
    [
      "content of an input",
      {
        inputs: [
          ["0", "a"],
          ["1", "c"],
        ],
      },
    ],
    [
      "position of an input",
      {
        inputs: [
          ["0", "a"],
          ["2", "b"],
        ],
      },
    ],
    ["number of inputs", { inputs: [["0", "a"]] }],
    ["salt", { salt: "run1" }],
    ["salt that looks like an input", { inputs: [["0", "a"]], salt: "1" }],
  ])("differs with the %s", (_, change) => {
    expect(computeCommitId({ ...work, ...change })).not.toBe(computeCommitId(work));
  });

  it("never joins different texts to one: lengths are part of it", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "1", ":", ""), maxLength: 4 });
    const identity = fc.record({
      codeVersion: text,
      schemaVersion: text,
      inputs: fc.array(fc.tuple(text, text), { maxLength: 2 }),
      salt: fc.option(text),
    });
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        const sorted = (one: typeof a): string =>
          JSON.stringify([
            one.codeVersion,
            one.schemaVersion,
            [...one.inputs].sort(([x], [y]) => (x < y ? -1 : x > y ? 1 : 0)),
            one.salt,
          ]);
        expect(computeCommitId({ ...work, ...a }) === computeCommitId({ ...work, ...b })).toBe(sorted(a) === sorted(b));
      }),
      { numRuns: 500 },
    );
  });
});

describe("the fingerprint of an input", () => {
  it("is the digest itself of the one partition that is read", () => {
    expect(fingerprintInput([{ partition: bucket(3), dataDigest: "abc" }])).toBe("abc");
  });

  it("of several covers which partition has which content, in whatever order they come", () => {
    const [a, b, c] = [
      { partition: bucket(2), dataDigest: "x" },
      { partition: bucket(10), dataDigest: "y" },
      { partition: bucket(2), dataDigest: "y" },
    ];
    expect(fingerprintInput([a, b])).toBe(fingerprintInput([b, a]));
    expect(fingerprintInput([a, b])).not.toBe(fingerprintInput([c, { ...b, dataDigest: "x" }]));
    expect(fingerprintInput([])).not.toBe(fingerprintInput([a]));
  });
});

describe("a step has nothing to do", () => {
  const head = {
    commitId: "salted",
    dataDigest: "d",
    codeVersion: "code",
    schemaVersion: "schema",
    inputs: { "0": "a", "1": "b" },
  };

  it("when its head was made from the same, even by force", () => {
    expect(isSameWork(head, work)).toBe(true);
  });

  it.each<[string, Partial<CommitIdentity>]>([
    ["code", { codeVersion: "new" }],
    ["schema", { schemaVersion: "new" }],
    [
      "content of an input",
      {
        inputs: [
          ["0", "a"],
          ["1", "c"],
        ],
      },
    ],
    ["number of inputs", { inputs: [["0", "a"]] }],
    [
      "position of an input",
      {
        inputs: [
          ["0", "a"],
          ["2", "b"],
        ],
      },
    ],
  ])("but not with another %s", (_, change) => {
    expect(isSameWork(head, { ...work, ...change })).toBe(false);
  });
});
