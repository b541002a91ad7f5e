import { foldHistory, type MergeOrder } from "@watersmeet/core/merge";
import { digestRows } from "@watersmeet/core/schema";
import { historyColumns, mergeHistories } from "@watersmeet/core/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  branchesOf,
  commitStep,
  feedPolicy,
  orderAbout,
  publishFeed,
  stampedMerge,
  toFeedBatches,
  type CommittedStep,
} from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

/** Batches come one after the other, in some order; then one is taken back. */
const histories = fc.sample(
  mergeHistories(fc, {}).filter(({ batches }) => batches.length > 2),
  { numRuns: 4, seed: 21 },
);

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`a merge that grows in ${engine}`, () => {
    let world: MergeWorld;
    beforeAll(async () => {
      // All of a small table is soon affected: here every version is folded in part.
      world = await open({ partialPerMille: 1000 });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    for (const [index, { spec, delivered }] of histories.entries()) {
      test(`is at every step what the reference makes of all that came (${index}: ${spec.policy.rows}, L4, L5, L14)`, async () => {
        const batches = toFeedBatches(delivered);
        const feed = await publishFeed(world, { spec, batches });
        const policy = feedPolicy(spec.policy);
        const target = stampedMerge(world);
        const orders: { readonly stored: MergeOrder; readonly reference: MergeOrder }[] = [];
        let last: CommittedStep | undefined;
        const check = async (indexes: readonly number[]): Promise<boolean> => {
          const expected = foldHistory(spec, {
            deliveries: indexes.flatMap((at) => feed.sealed[at] ?? []),
            orders: orders.map(({ reference }) => reference),
          });
          const merge = {
            policy,
            branches: branchesOf(feed, indexes),
            orders: orders.map(({ stored }) => stored),
          };
          if (expected.conflicts.length > 0) {
            await expect(commitStep(world, { target, merge, base: last?.commit })).rejects.toMatchObject({
              code: "MERGE_ROWS_CONFLICT",
            });
            return false;
          }
          const before = last;
          last = await commitStep(world, { target, merge, base: last?.commit });
          const digest = digestRows(
            { columns: historyColumns },
            expected.rows.map(({ row }) => row),
          );
          expect(last.commit.dataDigest).toBe(digest);
          expect(last.staged.fates).toEqual(expected.allFates);
          expect(last.staged.rowCount).toBe(expected.rows.length);
          expect(last.staged.delta === null).toBe(before === undefined);
          return true;
        };
        const order = fc.sample(fc.shuffledSubarray([...batches.keys()], { minLength: batches.length }), {
          numRuns: 1,
          seed: index,
        })[0];
        const arriving = order ?? [];
        const steps = [1, Math.ceil(arriving.length / 2), arriving.length];
        for (const count of steps) await check(arriving.slice(0, count));
        if (last === undefined) return;
        orders.push(orderAbout(feed, last.staged, { index: Number(last.staged.batches[0]?.batchKey), kind: "revoke" }));
        if (!(await check(arriving))) return;
        const { commit, staged } = last;
        const fromScratch = await commitStep(world, {
          target: stampedMerge(world),
          merge: { policy, branches: branchesOf(feed, arriving.toReversed()) },
        });
        const again = await commitStep(world, {
          target: fromScratch.staged.target.asset,
          base: fromScratch.commit,
          merge: {
            policy,
            branches: branchesOf(feed, arriving),
            orders: [
              orderAbout(feed, fromScratch.staged, { index: Number(staged.batches[0]?.batchKey), kind: "revoke" })
                .stored,
            ],
            shadowPerMille: 1000,
          },
        });
        expect(again.commit.dataDigest).toBe(commit.dataDigest);
        expect(again.staged.fates).toEqual(staged.fates);
        expect(again.staged.shadow?.differentKeys).toEqual([]);
      });
    }
  });
}
