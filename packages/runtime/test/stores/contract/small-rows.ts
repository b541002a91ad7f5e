import { digestRows, type Row } from "@watersmeet/core/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyRows, hostileTexts } from "../any-rows.ts";
import {
  asset,
  column,
  ids,
  orders,
  partition,
  prepare,
  prepareSmall,
  publish,
  read,
  stampedAsset,
} from "../stored-rows.ts";
import { examplePredicates } from "./example-predicates.ts";
import { sortRows } from "./sort-rows.ts";
import type { StoreWorld } from "./store-world.ts";

/** Rows that travel in a message and stay in memory until their commit, beside the same rows from a file. */
export function describeSmallRows(world: StoreWorld): void {
  describe("rows in memory", () => {
    test("of every type are measured, committed and read as those of a file", async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(anyRows, async ({ schema, rows }) => {
          run += 1;
          const a = asset(`small_${run}`, run % 2 === 0, schema);
          const byFile = await prepare(world.store, world.scratch, { asset: a, partition: "file", rows });
          const small = await prepareSmall(world.store, world.scratch, { asset: a, partition: "small", rows });
          expect(small.measurement).toEqual(byFile.measurement);
          expect(small.staged.rowCount).toBe(byFile.staged.rowCount);
          const [first, second] = await world.store.commit([byFile, small]);
          if (first === undefined || second === undefined) throw new Error("no commit");
          expect(second.dataDigest).toBe(first.dataDigest);
          const stored = sortRows(schema, await read(world.store, a, [second]));
          expect(stored).toEqual(sortRows(schema, rows));
          expect(stored).toEqual(sortRows(schema, await read(world.store, a, [first])));
          // What the store has written is what was measured in memory.
          const again = await world.store.stageQuery(
            { asset: a, partition: partition("again"), attempt: world.scratch.next() },
            { sql: "select * from input_0", parameters: [], inputs: [{ asset: a, versions: [second] }] },
          );
          expect((await world.store.measure(again, [])).dataDigest).toBe(digestRows(schema, rows));
        }),
        { numRuns: 10 },
      );
    });

    test("that look like SQL, CSV or NULL are inert, in names and in cells", async () => {
      const names = ['a"; drop table x; --', "select", "$1", "constructor", "_size"];
      const schema = { columns: names.map((name) => column(name, { kind: "text" })) };
      const rows: Row[] = hostileTexts.map((text) => Object.fromEntries(names.map((name) => [name, text])));
      for (const isPartitioned of [true, false]) {
        const a = asset(`small_hostile_${isPartitioned}`, isPartitioned, schema);
        const publication = { asset: a, partition: isPartitioned ? "'; drop schema _watersmeet; --" : "", rows };
        const [commit] = await world.store.commit([await prepareSmall(world.store, world.scratch, publication)]);
        if (commit === undefined) throw new Error("no commit");
        expect(sortRows(schema, await read(world.store, a, [commit]))).toEqual(sortRows(schema, rows));
      }
    });

    test("that fail checks are counted and shown as those of a file", async () => {
      const schema = {
        columns: [
          column("t", { kind: "text" }),
          column("i", { kind: "integer" }),
          column("b", { kind: "bigint" }),
          column("d", { kind: "double" }),
          column("day", { kind: "date" }),
          column("ts", { kind: "timestamp" }),
        ],
      };
      const rows: Row[] = [
        { t: "abc", i: 1, b: 10n, d: 1.5, day: "2001-01-31", ts: "2001-01-31T05:00:00.123456Z" },
        { t: "'b", i: -7, b: 5n, d: Number.NaN, day: "1969-12-31", ts: "1969-12-31T23:59:59.999999Z" },
        { t: "🎉", i: 0, b: 0n, d: Number.POSITIVE_INFINITY, day: "9999-12-31", ts: "0001-01-01T00:00:00Z" },
        { t: null, i: null, b: null, d: null, day: null, ts: null },
        { t: null, i: 0, b: 1n, d: -0, day: "2001-02-01", ts: "2001-02-01T00:00:00Z" },
      ];
      const checks = [
        ...examplePredicates().map((predicate, index) => ({
          kind: "row" as const,
          id: `c${index}`,
          message: "",
          predicate,
        })),
        { kind: "uniqueKey" as const, id: "t", message: "", columns: ["t"] },
        { kind: "uniqueKey" as const, id: "i, day", message: "", columns: ["i", "day"] },
      ];
      const a = asset("small_checks", true, schema);
      const byFile = await prepare(world.store, world.scratch, { asset: a, rows, checks });
      const all = await prepareSmall(world.store, world.scratch, { asset: a, rows, checks });
      expect(all.measurement).toEqual(byFile.measurement);
      for (const [index, check] of checks.entries()) {
        const one = await prepareSmall(world.store, world.scratch, { asset: a, rows, checks: [check] });
        expect(one.measurement, check.id).toEqual({
          ...byFile.measurement,
          checks: byFile.measurement.checks.slice(index, index + 1),
        });
      }
    });

    test("are written out for checks that only a child can make", async () => {
      const { staged } = await prepareSmall(world.store, world.scratch, {
        asset: asset("small_out", true),
        rows: orders(3),
      });
      expect(await world.store.exportStaged(staged, world.scratch.folder)).toMatchObject({ rowCount: 3 });
    });

    test("take the place of the version before, and go back to it, in each layout", async () => {
      for (const isPartitioned of [true, false]) {
        const a = asset(`small_versions_${isPartitioned}`, isPartitioned);
        const name = isPartitioned ? "a" : "";
        await publish(world.store, world.scratch, { asset: a, partition: name, rows: orders(3) });
        const second = { asset: a, partition: name, rows: orders(2, 10), base: 1 };
        const request = await prepareSmall(world.store, world.scratch, second);
        expect(await world.store.commit([request])).toMatchObject([{ version: 2, isReplay: false }]);
        expect(await world.store.commit([request])).toMatchObject([{ version: 2, isReplay: true }]);
        expect(await world.query(`select id from "${a.key}"`)).toHaveLength(2);
        const at = { environment: "prod", asset: a, partition: partition(name) };
        await world.store.revert({ ...at, version: 1, moveId: `${a.key}:back` });
        expect(await world.query(`select id from "${a.key}"`)).toHaveLength(3);
        await world.store.revert({ ...at, version: 2, moveId: `${a.key}:forth` });
        expect(ids(await read(world.store, a, [{ partition: partition(name), version: 2 }]))).toEqual([10, 11]);
      }
    });

    test("of another environment are kept from readers", async () => {
      const a = asset("small_envs", true);
      const dev = { asset: a, partition: "a", rows: orders(2), environment: "dev/ana" };
      const [commit] = await world.store.commit([await prepareSmall(world.store, world.scratch, dev)]);
      if (commit === undefined) throw new Error("no commit");
      expect(await world.query("select id from small_envs")).toEqual([]);
      expect(ids(await read(world.store, a, [commit]))).toEqual([0, 1]);
    });

    test("of many steps share a transaction, and of two that want the same head the second alone is refused", async () => {
      const { store, scratch } = world;
      const [a, whole] = [asset("small_many", true), asset("small_many_whole", false)];
      const names = ["a", "b", "c", "b", "d"];
      const requests = await Promise.all(
        names.map((name, index) => prepareSmall(store, scratch, { asset: a, partition: name, rows: orders(1, index) })),
      );
      const byFile = await prepare(store, scratch, { asset: a, partition: "e", rows: orders(1, 5) });
      const unpartitioned = await prepareSmall(store, scratch, { asset: whole, rows: orders(1, 6) });
      const outcomes = await Promise.allSettled(
        [...requests, byFile, unpartitioned].map((request) => store.commit([request])),
      );
      expect(outcomes.map(({ status }) => status === "fulfilled")).toEqual([true, true, true, false, true, true, true]);
      expect(outcomes[3]).toMatchObject({ reason: { code: "STORE_STALE" } });
      const commits = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []));
      const ofParts = commits.filter((commit) => commit.asset === a.key);
      expect(ofParts.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
      expect(ids(await read(store, a, ofParts))).toEqual([0, 1, 2, 4, 5]);
      expect(new Set(commits.map(({ commitId }) => commitId)).size).toBe(6);
    });

    test("are not taken for a stamped asset, whose versions are differences", async () => {
      const publication = { asset: stampedAsset("small_stamped", true), rows: orders(1) };
      await expect(prepareSmall(world.store, world.scratch, publication)).rejects.toThrow(TypeError);
    });
  });
}
