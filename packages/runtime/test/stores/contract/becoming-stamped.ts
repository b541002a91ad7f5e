import { describe, expect, test } from "vitest";
import { asset, column, ids, orders, orderSchema, partition, publish, read, stampedAsset } from "../stored-rows.ts";
import type { StoreWorld } from "./store-world.ts";

/** Assets that an earlier release kept as whole versions, and merges whose columns change. */
export function describeBecomingStamped(world: StoreWorld): void {
  describe("an asset that becomes stamped", () => {
    for (const [title, key, isPartitioned] of [
      ["without partitions", "became_stamped", false],
      ["with partitions", "became_stamped_parts", true],
    ] as const) {
      test(`keeps its earlier versions readable, ${title}`, async () => {
        const part = isPartitioned ? "2001-01-01" : "";
        const [before, after] = [asset(key, isPartitioned), stampedAsset(key, isPartitioned)];
        const publishRows = (of: typeof before, rows: typeof one, base: number | null) =>
          publish(world.store, world.scratch, { asset: of, partition: part, rows, base });
        const [one, two, three, four] = [orders(3), orders(2, 10), orders(4, 10), orders(5, 10)];
        const commits = [await publishRows(before, one, null), await publishRows(before, two, 1)];
        commits.push(await publishRows(after, three, 2), await publishRows(after, four, 3));
        for (const [index, rows] of [one, two, three, four].entries()) {
          const commit = commits[index];
          if (commit === undefined) throw new Error("no commit");
          expect(ids(await read(world.store, after, [commit]))).toEqual(ids(rows));
        }
        const seen = async () => ids(await world.query(`select id from ${key}`));
        expect(await seen()).toEqual(ids(four));
        // Heads go to versions of either layout, and on from there.
        for (const [version, rows] of [
          [1, one],
          [3, three],
          [2, two],
          [4, four],
          [1, one],
        ] as const) {
          const moving = { environment: "prod", asset: after, partition: partition(part), version };
          await world.store.revert({ ...moving, moveId: world.scratch.next() });
          expect(await seen()).toEqual(ids(rows));
        }
        await publishRows(after, orders(1, 70), 1);
        expect(await seen()).toEqual([70]);
        expect(await world.store.collect({ asset: after, keepVersions: [2, 4], dryRun: false })).toMatchObject({
          versions: 2,
        });
        expect(ids(await read(world.store, after, commits.slice(1, 2)))).toEqual(ids(two));
        expect(ids(await read(world.store, after, commits.slice(3)))).toEqual(ids(four));
      });
    }

    test("cannot become another kind again", async () => {
      await publish(world.store, world.scratch, { asset: stampedAsset("stays_stamped", false), rows: orders(1) });
      await expect(world.store.ensureAsset(asset("stays_stamped", false))).rejects.toMatchObject({
        code: "STORE_SCHEMA_INCOMPATIBLE",
      });
    });
  });

  for (const isPartitioned of [true, false]) {
    test(`a stamped asset takes another type of a column, ${isPartitioned ? "with" : "without"} partitions`, async () => {
      const key = isPartitioned ? "retyped_parts" : "retyped";
      const retyped = { columns: [column("id", { kind: "text" }, false), ...orderSchema.columns.slice(1)] };
      const [before, after] = [stampedAsset(key, isPartitioned), stampedAsset(key, isPartitioned, retyped)];
      const old = await publish(world.store, world.scratch, { asset: before, rows: orders(3) });
      const rows = [{ id: "x", name: "n", amount: 1 }];
      const first = await publish(world.store, world.scratch, { asset: after, rows, base: 1 });
      const second = await publish(world.store, world.scratch, { asset: after, rows: [...rows, ...rows], base: 2 });
      expect(await read(world.store, before, [old])).toHaveLength(3);
      expect(await read(world.store, after, [first])).toEqual(rows);
      expect(await read(world.store, after, [second])).toHaveLength(2);
      expect(await world.query(`select id from ${key}`)).toEqual([{ id: "x" }, { id: "x" }]);
      expect(await world.store.collect({ asset: after, keepVersions: [], dryRun: false })).toMatchObject({
        versions: 2,
        rows: 3,
      });
      expect(await read(world.store, after, [second])).toHaveLength(2);
    });
  }
}
