import { parseAssetKey, unpartitioned, type PartitionKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import type { Commit, CommitRequest } from "../store.ts";
import { decideCommits, headKey, moveKey, splitIntoRounds, type CommitFacts } from "./decide-commits.ts";

const orders = parseAssetKey("orders");

function request(commitId: string, baseVersion: number | null, partition: string = unpartitioned): CommitRequest {
  return {
    commitId,
    environment: "prod",
    staged: {
      target: {
        asset: { key: orders, schema: { columns: [] }, isPartitioned: true },
        partition: partition as PartitionKey,
        attempt: `a_${commitId}`,
      },
      rowCount: 1,
      quarantinedCount: 0,
      batches: [],
      fates: {},
    },
    measurement: { rowCount: 1, dataDigest: "d", sizeBytes: 1, checks: [] },
    baseVersion,
    record: null,
  };
}

function commit(commitId: string, version: number): Commit {
  return {
    commitId,
    asset: orders,
    partition: unpartitioned,
    version,
    rowCount: 1,
    dataDigest: "d",
    record: null,
    committedAt: "then",
    isReplay: false,
  };
}

function facts(head: number | null, known: readonly Commit[] = [], next = 5): CommitFacts {
  return {
    known: new Map(known.map((one) => [one.commitId, one])),
    moved: new Set(),
    heads: new Map(head === null ? [] : [[headKey("prod", orders, unpartitioned), head]]),
    nextVersions: new Map([[orders, next]]),
    committedAt: "now",
  };
}

test("new work on the head that readers see becomes the next version", () => {
  expect(decideCommits([request("c", 4)], facts(4))).toMatchObject({
    versions: [{ version: 5 }],
    moves: [{ from: 4, to: 5, rows: "staged" }],
    commits: [{ commitId: "c", version: 5, committedAt: "now", isReplay: false }],
    stale: null,
  });
});

test("work on another head is stale, and nothing of the call is done", () => {
  expect(decideCommits([request("b", null, "other"), request("c", 3)], facts(4))).toEqual({
    versions: [],
    moves: [],
    commits: [],
    stale: { request: request("c", 3), input: null, head: 4 },
  });
});

test("work that was read from a head that has moved is stale, unless it is committed already", () => {
  const read = { asset: parseAssetKey("rates"), partition: unpartitioned, version: 7 };
  const reading = { ...request("c", 4), readSet: [read] };
  const seeing = (version: number, known: readonly Commit[] = []): CommitFacts => {
    const { heads, ...others } = facts(4, known);
    return { ...others, heads: new Map([...heads, [headKey("prod", read.asset, unpartitioned), version]]) };
  };
  expect(decideCommits([reading], seeing(7))).toMatchObject({ versions: [{ version: 5 }], stale: null });
  expect(decideCommits([reading], seeing(8))).toMatchObject({ versions: [], stale: { input: read, head: 8 } });
  expect(decideCommits([reading], facts(4))).toMatchObject({ versions: [], stale: { input: read, head: null } });
  expect(decideCommits([reading], seeing(8, [commit("c", 4)]))).toMatchObject({ commits: [{ isReplay: true }] });
});

test("a commit that readers see is a replay", () => {
  expect(decideCommits([request("c", 2)], facts(4, [commit("c", 4)]))).toMatchObject({
    versions: [],
    moves: [],
    commits: [{ version: 4, isReplay: true }],
  });
});

test("a commit of another environment moves the head of this one to its version", () => {
  expect(decideCommits([request("c", 3)], facts(3, [commit("c", 4)]))).toMatchObject({
    versions: [],
    moves: [{ from: 3, to: 4, rows: "stored" }],
    commits: [{ version: 4, isReplay: true, committedAt: "then" }],
  });
});

test("a commit that readers were taken back from does not move the head a second time by itself", () => {
  const moved = new Set([moveKey("prod", "c")]);
  const decision = decideCommits([request("c", 3)], { ...facts(3, [commit("c", 4)]), moved });
  expect(decision).toMatchObject({ versions: [], moves: [], stale: { head: 3 } });
});

test("a late repetition of a commit does not undo what came after it", () => {
  expect(decideCommits([request("c", 3)], facts(5, [commit("c", 4)])).stale).toMatchObject({ head: 5 });
});

test("versions are numbered through the asset, whatever the partition", () => {
  const decision = decideCommits([request("a", null, "x"), request("b", null, "y")], facts(null));
  expect(decision.versions.map(({ version }) => version)).toEqual([5, 6]);
});

test("requests that touch the same head or the same commit go into rounds one after the other", () => {
  const rounds = splitIntoRounds([
    request("a", null, "x"),
    request("b", null, "y"),
    request("c", 1, "x"),
    request("b", null, "z"),
    request("b", null, "z"),
  ]);
  expect(rounds.map((round) => round.map((one) => one.commitId))).toEqual([["a", "b"], ["c", "b"], ["b"]]);
});
