import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import type { CommitRequest } from "../store.ts";
import type { CallResult } from "./apply-commits.ts";
import { PublishQueue, type Publisher } from "./publish-queue.ts";

function request(commitId: string, partition = commitId): CommitRequest {
  return {
    commitId,
    environment: "prod",
    staged: {
      target: {
        asset: { key: parseAssetKey("orders"), schema: { columns: [] }, isPartitioned: true },
        partition: partition as PartitionKey,
        attempt: commitId,
      },
      rowCount: 0,
      quarantinedCount: 0,
      batches: [],
      fates: {},
    },
    measurement: { rowCount: 0, dataDigest: "", sizeBytes: 0, checks: [] },
    baseVersion: null,
    record: null,
  };
}

/** A publisher that notes what comes together, and answers when it is told to. */
function notingPublisher(answer: (ids: readonly string[]) => CallResult): Publisher & { readonly groups: string[][] } {
  const groups: string[][] = [];
  return {
    groups,
    async publish(calls) {
      groups.push(calls.map((call) => call.map((one) => one.commitId).join("+")));
      await new Promise((resolve) => setImmediate(resolve));
      return calls.map((call) => answer(call.map((one) => one.commitId)));
    },
  };
}

test("calls that come while a transaction runs go together into the next", async () => {
  const publisher = notingPublisher(() => ({ commits: [] }));
  const queue = new PublishQueue(publisher);
  const first = queue.commit([request("a")]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await Promise.all([first, queue.commit([request("b")]), queue.commit([request("c"), request("d")])]);
  expect(publisher.groups).toEqual([["a"], ["b", "c+d"]]);
});

test("calls that want the same head do not share a transaction", async () => {
  const publisher = notingPublisher(() => ({ commits: [] }));
  const queue = new PublishQueue(publisher);
  await Promise.all([
    queue.commit([request("a", "p")]),
    queue.commit([request("b", "p")]),
    queue.commit([request("c")]),
  ]);
  expect(publisher.groups).toEqual([["a"], ["b", "c"]]);
});

test("rows that are in memory fill a transaction, and the rest goes into the next", async () => {
  const publisher = notingPublisher(() => ({ commits: [] }));
  const queue = new PublishQueue(publisher);
  const large = (commitId: string): CommitRequest => {
    const { staged, measurement, ...rest } = request(commitId);
    return { ...rest, staged: { ...staged, rows: [] }, measurement: { ...measurement, sizeBytes: 3_000_000 } };
  };
  await Promise.all(["a", "b", "c", "d"].map((id) => queue.commit([large(id)])));
  expect(publisher.groups).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});

test("when a transaction of several calls fails, each is tried by itself and has its own outcome", async () => {
  const publisher: Publisher = {
    publish(calls) {
      if (calls.length > 1 || calls[0]?.[0]?.commitId === "bad") return Promise.reject(new Error("no"));
      return Promise.resolve(calls.map(() => ({ commits: [] })));
    },
  };
  const queue = new PublishQueue(publisher);
  const results = await Promise.allSettled(["a", "bad", "c"].map((id) => queue.commit([request(id)])));
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("what runs alone meets no transaction", async () => {
  const running: string[] = [];
  const queue = new PublishQueue({
    async publish(calls) {
      running.push("commit begins");
      await new Promise((resolve) => setImmediate(resolve));
      running.push("commit ends");
      return calls.map(() => ({ commits: [] }));
    },
  });
  await Promise.all([
    queue.commit([request("a")]),
    queue.exclusive(() => Promise.resolve(running.push("alone"))),
    queue.commit([request("b")]),
  ]);
  expect(running.join(", ")).toMatch(/^(alone, )?commit begins, commit ends(, alone)?$/);
});
