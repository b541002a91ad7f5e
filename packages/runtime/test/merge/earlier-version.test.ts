import { foldHistory, type MergeOrder, type MergeSpec } from "@watersmeet/core/merge";
import { digestRows, type Row } from "@watersmeet/core/schema";
import { historyColumns, mergeHistories } from "@watersmeet/core/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { column, read } from "../stores/stored-rows.ts";
import {
  branchesOf,
  commitStep,
  feedPolicy,
  orderAbout,
  publishFeed,
  stampedMerge,
  toFeedBatches,
  type CommittedStep,
  type Feed,
} from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const histories = fc.sample(
  mergeHistories(fc, {}).filter(({ batches }) => batches.length > 2),
  { numRuns: 2, seed: 35 },
);

const columns = [column("id", { kind: "text" }), column("name", { kind: "text" })];
const eventTime = column("at", { kind: "timestamp" });
const spec: MergeSpec = {
  policy: { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at" },
  schema: { columns },
};
const row = (id: string, minute: number, name: string): Row => ({
  id,
  name,
  at: `2001-01-31T05:${String(minute).padStart(2, "0")}:00Z`,
});
/** The second one changes `a`, says again what `b` is, and loses with `c`; the third one changes `a` back. */
const batches = [
  [row("a", 1, "first"), row("b", 1, "same"), row("c", 9, "late")],
  [row("a", 2, "second"), row("b", 2, "same"), row("c", 2, "early")],
  [row("a", 3, "first")],
].map((rows, index) => ({
  source: "s",
  batchKey: String(index),
  generation: 1,
  schemaVersion: "1",
  batchSequence: BigInt(index),
  rows: rows.map((one) => ({ row: one })),
}));

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`a merge in ${engine} whose batches are those of an earlier version again`, () => {
    let world: MergeWorld;
    let feed: Feed;
    beforeAll(async () => {
      world = await open({ partialPerMille: 1000 });
      feed = await publishFeed(world, { spec, batches, columns, eventTime });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const policy = feedPolicy(spec.policy);
    /** Delivers more and more, one version for each number. */
    const grow = async (counts: readonly number[]): Promise<readonly CommittedStep[]> => {
      const target = stampedMerge(world, columns);
      const steps: CommittedStep[] = [];
      for (const count of counts) {
        const merge = { policy, branches: branchesOf(feed, [...batches.keys()].slice(0, count)) };
        steps.push(await commitStep(world, { target, merge, base: steps.at(-1)?.commit }));
      }
      return steps;
    };
    const takeBack = async (last: CommittedStep, indexes: readonly number[], count = batches.length) =>
      await commitStep(world, {
        target: last.staged.target.asset,
        base: last.commit,
        merge: {
          policy,
          branches: branchesOf(feed, [...batches.keys()].slice(0, count)),
          orders: indexes.map((index) => orderAbout(feed, last.staged, { index, kind: "revoke" }).stored),
        },
      });

    test("has its rows, and nothing is folded: of three keys of the batch only the one that it had changed is touched", async () => {
      const [first, second] = await grow([1, 2]);
      if (first === undefined || second === undefined) throw new Error("no versions");
      const back = await takeBack(second, [1], 2);
      expect(back.staged.delta).toEqual({ baseVersion: second.commit.version, affectedKeys: 1, changedRows: 1 });
      expect(back.commit.dataDigest).toBe(first.commit.dataDigest);
      expect(back.commit.rowCount).toBe(3);
      expect(await read(world.store, back.staged.target.asset, [back.commit])).toContainEqual({
        id: "a",
        name: "first",
      });
    });

    test("leaves a row alone that was closed and has been opened again since, the same", async () => {
      const steps = await grow([1, 2, 3]);
      const last = steps.at(-1);
      if (last === undefined) throw new Error("no versions");
      const back = await takeBack(last, [1, 2]);
      expect(back.staged.difference).toMatchObject({ from: last.commit.version, openedRows: 0, closedRows: 0 });
      expect(back.commit.dataDigest).toBe(steps[0]?.commit.dataDigest);
    });

    test("folds what came after the batch that is taken back, and no more", async () => {
      const [first, , last] = await grow([1, 2, 3]);
      if (first === undefined || last === undefined) throw new Error("no versions");
      const back = await takeBack(last, [1]);
      expect(back.staged.delta).toEqual({ baseVersion: first.commit.version, affectedKeys: 1, changedRows: 0 });
      expect(back.commit.dataDigest).toBe(first.commit.dataDigest);
    });

    test("folds them when that version has been collected", async () => {
      const steps = await grow([1, 2]);
      const last = steps.at(-1);
      if (last === undefined) throw new Error("no versions");
      await world.store.collect({ asset: last.staged.target.asset, keepVersions: [], dryRun: false });
      const back = await takeBack(last, [1], 2);
      expect(back.staged.delta).toMatchObject({ affectedKeys: 3, changedRows: 1 });
      expect(back.commit.dataDigest).toBe(steps[0]?.commit.dataDigest);
    });

    test("folds them when they are folded by other rules than then", async () => {
      const [, second] = await grow([1, 2]);
      if (second === undefined) throw new Error("no versions");
      const { stored } = orderAbout(feed, second.staged, { index: 1, kind: "revoke" });
      const back = await commitStep(world, {
        target: second.staged.target.asset,
        base: second.commit,
        merge: { policy: { ...policy, rows: "priorityFirst" }, branches: branchesOf(feed, [0, 1]), orders: [stored] },
      });
      expect(back.staged.delta).toBeNull();
    });

    for (const [index, history] of histories.entries()) {
      test(`is what the reference makes of them, whether or not others have come since (${index}: ${history.spec.policy.rows}, L4, L5, L14)`, async () => {
        const all = toFeedBatches(history.delivered);
        const own = await publishFeed(world, { spec: history.spec, batches: all });
        const target = stampedMerge(world);
        const orders: { readonly stored: MergeOrder; readonly reference: MergeOrder }[] = [];
        let last: CommittedStep | undefined;
        const check = async (count: number): Promise<void> => {
          const indexes = [...all.keys()].slice(0, count);
          const expected = foldHistory(history.spec, {
            deliveries: indexes.flatMap((at) => own.sealed[at] ?? []),
            orders: orders.map(({ reference }) => reference),
          });
          if (expected.conflicts.length > 0) return;
          last = await commitStep(world, {
            target,
            base: last?.commit,
            merge: {
              policy: feedPolicy(history.spec.policy),
              branches: branchesOf(own, indexes),
              orders: orders.map(({ stored }) => stored),
              shadowPerMille: 1000,
            },
          });
          const digest = digestRows(
            { columns: historyColumns },
            expected.rows.map((one) => one.row),
          );
          // The digest of an earlier version is not computed again: what readers get is.
          expect(digestRows({ columns: historyColumns }, await read(world.store, target, [last.commit]))).toBe(digest);
          expect(last.commit.dataDigest).toBe(digest);
          expect(last.commit.rowCount).toBe(expected.rows.length);
          expect(last.staged.fates).toEqual(expected.allFates);
          expect(last.staged.shadow?.differentKeys ?? []).toEqual([]);
        };
        const middle = Math.ceil(all.length / 3);
        await check(middle);
        await check(all.length - 1);
        await check(all.length);
        const full = last;
        if (full === undefined || full.staged.batches.length < all.length) return;
        const takeBack = (from: number, to: number) =>
          [...all.keys()].slice(from, to).map((at) => orderAbout(own, full.staged, { index: at, kind: "revoke" }));
        orders.push(...takeBack(middle, all.length - 1));
        await check(all.length);
        orders.push(...takeBack(all.length - 1, all.length));
        await check(all.length);
      });
    }
  });
}
