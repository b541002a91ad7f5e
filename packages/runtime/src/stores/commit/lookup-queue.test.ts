import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import type { Commit } from "../store.ts";
import { LookupQueue } from "./lookup-queue.ts";

function commitOf(commitId: string): Commit {
  return {
    commitId,
    asset: parseAssetKey("orders"),
    partition: "" as PartitionKey,
    version: 1,
    rowCount: 0,
    dataDigest: "",
    record: null,
    committedAt: "",
    isReplay: false,
  };
}

test("what is asked for while a query runs is asked for together in the next, and each has its own answer", async () => {
  const asked: (readonly string[])[] = [];
  const gate = Promise.withResolvers<void>();
  const queue = new LookupQueue(async (commitIds) => {
    asked.push(commitIds);
    if (asked.length === 1) await gate.promise;
    return commitIds.filter((id) => id !== "none").map(commitOf);
  });
  const first = queue.find(["a"]);
  while (asked.length === 0) await new Promise(setImmediate);
  const others = [queue.find(["b"]), queue.find(["none"]), queue.find(["c", "b", "none"])];
  gate.resolve();
  expect(await first).toEqual([commitOf("a")]);
  expect(await Promise.all(others)).toEqual([[commitOf("b")], [], [commitOf("b"), commitOf("c")]]);
  expect(asked).toEqual([["a"], ["b", "none", "c"]]);
});

test("a query that fails is told to those who asked, and the next one is tried", async () => {
  let fails = true;
  const queue = new LookupQueue(async (commitIds) => {
    if (fails) throw new Error("away");
    return commitIds.map(commitOf);
  });
  const outcomes = await Promise.allSettled([queue.find(["a"]), queue.find(["b"])]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect(await queue.find(["a"])).toEqual([commitOf("a")]);
});
