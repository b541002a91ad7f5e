import type { MergePolicy } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MergeFunctions } from "../../../src/stores/port/staged-merge.ts";
import { column } from "../../stores/stored-rows.ts";
import { commitStep, deliver, publishFeed, type Feed } from "../feed-world.ts";
import { openDuckdbWorld, openPostgresWorld } from "../merge-world.ts";
import {
  at,
  batch,
  EpochWorld,
  eventTime,
  exchangeColumns,
  first,
  nullable,
  policy,
  stepOf,
  stored,
  third,
} from "./epoch-world.ts";

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`forms of a merge that upcasters lead on from in ${engine}`, () => {
    let epochs: EpochWorld;
    beforeAll(async () => {
      epochs = await EpochWorld.open(await open({ partialPerMille: 1000 }));
    });
    afterAll(() => epochs[Symbol.asyncDispose]());

    test("rows go through an upcaster once, keep their tokens, and are set aside where it throws (M41)", async () => {
      const name = epochs.nextName();
      const before = await epochs.commit(stored(name, first), [epochs.feed]);
      const target = stored(name, third);
      let calls = 0;
      const functions: MergeFunctions = {
        directory: epochs.world.scratch.folder,
        async upcast({ file }) {
          calls += 1;
          return await epochs.rewrite(file, { columns: [...exchangeColumns, ...third.map(nullable)] }, toCents);
        },
        reduce: () => Promise.reject(new Error("nothing is custom")),
      };
      const steps = [stepOf(first, "to-cents")];
      await expect(epochs.commit(target, [epochs.feed], { base: before, epochs: steps })).rejects.toMatchObject({
        code: "MERGE_EPOCH_INCOMPATIBLE",
      });
      const after = await epochs.commit(target, [epochs.feed], { base: before, epochs: steps, functions });
      expect(await epochs.rows(target, after)).toEqual([
        { id: "a", cents: 150, visits: 1 },
        { id: "b", cents: null, visits: 2 },
      ]);
      expect(after.staged.fates).toMatchObject({ winner: 3, rejected: 1 });
      expect(after.staged.quarantinedCount).toBe(1);
      await epochs.commit(target, [epochs.feed], { base: after, epochs: steps, functions });
      expect(calls).toBe(1);
      const found = await epochs.world.store.merges.checkShadow({
        asset: target,
        policy,
        epochs: steps,
        partition: after.commit.partition,
        version: after.commit.version,
        perMille: 1000,
      });
      expect(found).toEqual({ sampledKeys: 3, differentKeys: [] });
    });

    test.each([
      ["never NULL", false],
      ["NULL by its type", true],
    ])(
      "a key that is called otherwise and is %s is led on to, of deletes too; without that it cannot be read (M39, M41)",
      async (_, isNullable) => {
        const name = epochs.nextName();
        const now = [column("code", { kind: "text" }, isNullable), ...first.slice(1)];
        const byCode = { ...policy, key: ["code"] };
        const newer = await publishFeed(epochs.world, {
          spec: { policy: byCode, schema: { columns: now } },
          batches: [batch(1, [{ code: "b", visits: 5, at: at(2) }])],
          columns: now,
          eventTime,
        });
        const before = await epochs.commit(stored(name, first), [epochs.feed]);
        const target = stored(name, now);
        const next = { base: before, policy: byCode };
        await expect(epochs.commit(target, [epochs.feed, newer], next)).rejects.toMatchObject({
          code: "MERGE_EPOCH_INCOMPATIBLE",
        });
        const functions: MergeFunctions = {
          directory: epochs.world.scratch.folder,
          upcast: ({ file }) =>
            epochs.rewrite(file, { columns: [...exchangeColumns, ...now.map(nullable)] }, ({ id, ...row }) => ({
              ...row,
              code: id,
              _present: row["_present"] ?? JSON.stringify(["visits", "fee"]),
              _fault: null,
            })),
          reduce: () => Promise.reject(new Error("nothing is custom")),
        };
        const steps = [stepOf(first, "by-code")];
        const after = await epochs.commit(target, [epochs.feed, newer], { ...next, epochs: steps, functions });
        expect(after.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "admitted"]);
        const made = (await epochs.rows(target, after)).map(({ code, visits, fee }) => [code, visits, fee].join(" "));
        expect(made.toSorted()).toEqual(["a 1 1.50", "b 5 ", "c 3 much"]);
      },
    );

    test("a change of the unit alone is a change of the form: it is refused, or an upcaster leads on (M38, M41)", async () => {
      const name = epochs.nextName();
      const inUnit = (unit: string) => first.map((one) => (one.name === "visits" ? { ...one, unit } : one));
      const before = await epochs.commit(stored(name, inUnit("once")), [epochs.feed]);
      const target = stored(name, inUnit("twice"));
      await expect(epochs.commit(target, [epochs.feed], { base: before })).rejects.toMatchObject({
        code: "MERGE_EPOCH_INCOMPATIBLE",
        message: expect.stringContaining('"visits"'),
      });
      expect(await epochs.world.store.merges.listEpochs(target.key)).toHaveLength(1);
      const functions: MergeFunctions = {
        directory: epochs.world.scratch.folder,
        upcast: ({ file }) =>
          epochs.rewrite(file, { columns: [...exchangeColumns, ...first.map(nullable)] }, (row) => ({
            ...row,
            _present: row["_present"] ?? '["visits","fee"]',
            _fault: null,
            visits: Number(row["visits"]) * 2,
          })),
        reduce: () => Promise.reject(new Error("nothing is custom")),
      };
      const steps = [stepOf(inUnit("once"), "doubled")];
      const after = await epochs.commit(target, [epochs.feed], { base: before, epochs: steps, functions });
      expect((await epochs.rows(target, after)).map(({ visits }) => visits)).toEqual([2, 4, 6]);
    });

    test("a snapshot that is told from one of an earlier form is told by what its rows mean (M13, M41)", async () => {
      const inUnit = (unit: string) => first.map((one) => (one.name === "visits" ? { ...one, unit } : one));
      const list = (factor: number) =>
        batch(0, [
          { id: "a", visits: factor, at: at(1) },
          { id: "b", visits: null, fee: "1", at: at(1) },
        ]);
      const feeds = await Promise.all(
        [1, 2, 2].map((factor) =>
          publishFeed(epochs.world, {
            spec: { policy, schema: { columns: first } },
            batches: [list(factor)],
            columns: first,
            eventTime,
          }),
        ),
      );
      const name = epochs.nextName();
      const origin = feeds.slice(0, 1).map((feed) => deliver(feed, 0).origin)[0];
      const branchOf = (some: readonly Feed[]) => ({
        name: "s",
        columns: ["id", "visits", "fee", "at"],
        deliveries: some.map((feed, index) =>
          deliver(feed, 0, {
            emits: "snapshot",
            batchKey: String(index),
            sequence: BigInt(index),
            ...(origin === undefined ? {} : { origin }),
          }),
        ),
      });
      const plain: MergePolicy = { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at" };
      const before = await commitStep(epochs.world, {
        target: stored(name, inUnit("once")),
        merge: { policy: plain, branches: [branchOf(feeds.slice(0, 1))] },
      });
      const functions: MergeFunctions = {
        directory: epochs.world.scratch.folder,
        upcast: ({ file }) =>
          epochs.rewrite(file, { columns: [...exchangeColumns, ...first.map(nullable)] }, (row) => ({
            ...row,
            _present: '["visits","fee"]',
            _fault: null,
            visits: row["visits"] === null ? null : Number(row["visits"]) * 2,
          })),
        reduce: () => Promise.reject(new Error("nothing is custom")),
      };
      const steps = [stepOf(inUnit("once"), "doubled")];
      const after = await commitStep(epochs.world, {
        target: stored(name, inUnit("twice")),
        base: before.commit,
        merge: { policy: plain, branches: [branchOf(feeds)], epochs: steps, functions },
      });
      expect(after.staged.fates).toMatchObject({ winner: 2, superseded: 0, duplicate: 4 });
    });
  });
}

/** What an upcaster in a child does: absent stays absent. */
function toCents(row: Row): Row {
  const said: unknown = row["_present"] === null ? ["visits", "fee"] : JSON.parse(String(row["_present"]));
  const isSaid = (name: string) => Array.isArray(said) && said.includes(name);
  const cents = Math.round(Number(row["fee"]) * 100);
  const isBroken = isSaid("fee") && row["fee"] !== null && Number.isNaN(cents);
  const present = [...(isSaid("fee") && !isBroken ? ["cents"] : []), ...(isSaid("visits") ? ["visits"] : [])];
  return {
    _ordinal: row["_ordinal"],
    _present: JSON.stringify(isBroken ? [] : present),
    _fault: isBroken ? "the fee is no number" : null,
    id: row["id"],
    cents: present.includes("cents") && row["fee"] !== null ? cents : null,
    visits: isBroken ? null : row["visits"],
  };
}
