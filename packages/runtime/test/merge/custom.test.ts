import type { MergePolicy } from "@watersmeet/core/merge";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MergeFunctions } from "../../src/stores/port/staged-merge.ts";
import { at, batch, EpochWorld, eventTime, first, policy, stored } from "./epochs/epoch-world.ts";
import { publishFeed } from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld } from "./merge-world.ts";

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`custom columns and the second fold of a merge in ${engine}`, () => {
    let epochs: EpochWorld;
    beforeAll(async () => {
      epochs = await EpochWorld.open(await open({ partialPerMille: 1000 }));
    });
    afterAll(() => epochs[Symbol.asyncDispose]());

    test("custom columns are joined by their function", async () => {
      const custom: MergePolicy = { ...policy, columns: { fee: "custom" } };
      const newer = await publishFeed(epochs.world, {
        spec: { policy, schema: { columns: first } },
        batches: [
          batch(0, [
            { id: "a", fee: "2", at: at(0) },
            { id: "b", fee: "x", at: at(2) },
          ]),
        ],
        columns: first,
        eventTime,
      });
      const target = stored(epochs.nextName(), first);
      const functions: MergeFunctions = {
        directory: epochs.world.scratch.folder,
        upcast: () => Promise.reject(new Error("one form")),
        reduce: ({ file }) => epochs.joinTexts(file),
      };
      const made = await epochs.commit(target, [epochs.feed, newer], { policy: custom, functions });
      expect((await epochs.rows(target, made)).map(({ id, fee }) => [id, fee])).toEqual([
        ["a", "2+1.50"],
        ["b", "x"],
        ["c", "much"],
      ]);
      expect(made.staged.fates).toMatchObject({ winner: 6, superseded: 0 });
      await expect(epochs.commit(target, [epochs.feed, newer], { policy: custom })).rejects.toMatchObject({
        code: "MERGE_POLICY_INVALID",
      });
    });

    test("what a function made is compared with what it makes now, of keys that a batch leaves alone too", async () => {
      const custom: MergePolicy = { ...policy, columns: { fee: "custom" } };
      const newer = await publishFeed(epochs.world, {
        spec: { policy, schema: { columns: first } },
        batches: [batch(0, [{ id: "b", fee: "x", at: at(2) }])],
        columns: first,
        eventTime,
      });
      const calling = (reduce: MergeFunctions["reduce"]): MergeFunctions => ({
        directory: epochs.world.scratch.folder,
        upcast: () => Promise.reject(new Error("one form")),
        reduce,
      });
      const joined = calling(({ file }) => epochs.joinTexts(file));
      const target = stored(epochs.nextName(), first);
      const base = await epochs.commit(target, [epochs.feed], { policy: custom, functions: joined });
      const next = { base, policy: custom, shadowPerMille: 1000 };
      const same = await epochs.commit(target, [epochs.feed, newer], { ...next, functions: joined });
      expect(same.staged.shadow).toEqual({ sampledKeys: 4, differentKeys: [] });
      // It is the same code to the store, and another function all the same.
      const other = calling(({ file }) => epochs.rewrite(file, file.schema, (row) => ({ ...row, value: "other" })));
      const wrong = await epochs.commit(target, [epochs.feed], { ...next, base: same, functions: other });
      expect(wrong.staged.shadow?.differentKeys.length).toBeGreaterThan(0);
    });

    test("a row that is not what its batches give is found", async () => {
      const target = stored(epochs.nextName(), first);
      const made = await epochs.commit(target, [epochs.feed]);
      const check = () =>
        epochs.world.store.merges.checkShadow({
          asset: target,
          policy,
          partition: made.commit.partition,
          version: made.commit.version,
          perMille: 1000,
        });
      expect(await check()).toEqual({ sampledKeys: 4, differentKeys: [] });
      const other = { ...policy, columns: { fee: "min" as const, visits: "count" as const } };
      const wrong = await epochs.world.store.merges.checkShadow({
        asset: target,
        policy: other,
        partition: made.commit.partition,
        version: made.commit.version,
        perMille: 1000,
      });
      expect(wrong.differentKeys.length).toBe(2);
    });
  });
}
