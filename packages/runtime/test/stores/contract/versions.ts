import { digestRows } from "@watersmeet/core/schema";
import { describe, expect, test } from "vitest";
import {
  asset,
  ids,
  orders,
  orderSchema,
  partition,
  prepare,
  publish,
  read,
  stageRows,
  stampedAsset,
  writeFile,
} from "../stored-rows.ts";
import type { StoreWorld } from "./store-world.ts";

const layouts = [
  ["without partitions", "whole", false, asset],
  ["with partitions", "parts", true, asset],
  ["stamped, without partitions", "stamped", false, stampedAsset],
  ["stamped, with partitions", "stamped_parts", true, stampedAsset],
] as const;

/** What becomes of versions and heads, whatever the layout. */
export function describeVersions(world: StoreWorld): void {
  for (const [title, name, isPartitioned, make] of layouts) {
    const part = isPartitioned ? "2001-01-01" : "";
    const of = (key: string) => make(`${key}_${name}`, isPartitioned);
    const at = { partition: partition(part) };

    describe(title, () => {
      test("shows readers what was published, and keeps what it replaced", async () => {
        const a = of("replaced");
        const first = await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(3) });
        const second = await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(2, 10),
          base: first.version,
        });
        expect(first).toMatchObject({ version: 1, rowCount: 3, record: { by: "test" }, isReplay: false });
        expect(second).toMatchObject({ version: 2, rowCount: 2 });
        expect(ids(await read(world.store, a, [first]))).toEqual([0, 1, 2]);
        expect(ids(await read(world.store, a, [second]))).toEqual([10, 11]);
        expect(await world.query(`select id, name, amount from replaced_${name} order by id`)).toHaveLength(2);
        expect(await world.store.listHeads("prod", a.key)).toEqual([
          { asset: a.key, ...at, version: 2, commitId: second.commitId },
        ]);
      });

      test("shows staged rows to nobody, and forgets them when they are discarded", async () => {
        const a = of("staged");
        await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(1) });
        const staged = await stageRows(world.store, world.scratch, { asset: a, partition: part, rows: orders(5) });
        expect(await world.query(`select * from staged_${name}`)).toHaveLength(1);
        await world.store.discard(staged.target);
        await expect(world.store.measure(staged, [])).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
      });

      test("answers a commit that it has already with what it has, and changes nothing", async () => {
        const a = of("replay");
        const first = await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(3),
          commitId: `same_${name}`,
        });
        const again = await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(3),
          commitId: `same_${name}`,
          base: 1,
        });
        expect(again).toEqual({ ...first, isReplay: true });
        expect(await world.query(`select * from replay_${name}`)).toHaveLength(3);
      });

      test("refuses work that was built on a head that has moved", async () => {
        const a = of("stale");
        const first = await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(1) });
        await expect(
          publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(2) }),
        ).rejects.toMatchObject({
          code: "STORE_STALE",
        });
        expect(ids(await read(world.store, a, [first]))).toEqual([0]);
        expect(await world.query(`select * from stale_${name}`)).toHaveLength(1);
      });

      test("refuses work that was read from a head that has moved, also within one transaction (M25)", async () => {
        const { store, scratch } = world;
        const [source, joined] = [of("source"), of("joined")];
        await publish(store, scratch, { asset: source, partition: part, rows: orders(1) });
        const readSet = [{ asset: source.key, ...at, version: 1 }];
        const base = await prepare(store, scratch, { asset: joined, partition: part, rows: orders(1) });
        expect(await store.commit([{ ...base, readSet }])).toMatchObject([{ version: 1 }]);
        const onOld = await prepare(store, scratch, { asset: joined, partition: part, rows: orders(2), base: 1 });
        const moving = await prepare(store, scratch, { asset: source, partition: part, rows: orders(2), base: 1 });
        const outcomes = await Promise.allSettled([store.commit([moving]), store.commit([{ ...onOld, readSet }])]);
        expect(outcomes).toMatchObject([
          { status: "fulfilled" },
          { status: "rejected", reason: { code: "STORE_STALE" } },
        ]);
        expect(await store.listHeads("prod", joined.key, [at.partition])).toMatchObject([{ version: 1 }]);
        // What readers see now is what it was read from: it may be published.
        await store.revert({ environment: "prod", asset: source, ...at, version: 1, moveId: `source_${name}` });
        expect(await store.commit([{ ...onOld, readSet }])).toMatchObject([{ version: 2 }]);
        // Another environment sees no version of it at all.
        const dev = await prepare(store, scratch, {
          asset: joined,
          partition: part,
          rows: orders(3),
          environment: "dev/ana",
        });
        await expect(store.commit([{ ...dev, readSet }])).rejects.toMatchObject({ code: "STORE_STALE" });
      });

      test("goes back to an earlier version, once per id", async () => {
        const a = of("reverted");
        const first = await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(3) });
        await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(1, 50), base: 1 });
        const revert = { environment: "prod", asset: a, ...at, version: 1, moveId: `revert_${name}` };
        expect(await world.store.revert(revert)).toMatchObject({ commitId: first.commitId, version: 1 });
        expect(await world.query(`select * from reverted_${name}`)).toHaveLength(3);
        const third = await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(4),
          base: 1,
        });
        expect(third.version).toBe(3);
        expect(await world.store.revert(revert)).toMatchObject({ isReplay: true });
        expect(await world.query(`select * from reverted_${name}`)).toHaveLength(4);
        await expect(world.store.revert({ ...revert, version: 9, moveId: "other" })).rejects.toMatchObject({
          code: "STORE_VERSION_UNKNOWN",
        });
      });

      test("publishes again what was rolled back by a move of its own, and not by a late repetition of its commit", async () => {
        const a = of("again");
        await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(3) });
        const bad = await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(1, 7),
          base: 1,
          commitId: `again_${name}`,
        });
        await world.store.revert({ environment: "prod", asset: a, ...at, version: 1, moveId: `undo_${name}` });
        const repeated = publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(1, 7),
          base: 1,
          commitId: `again_${name}`,
        });
        await expect(repeated).rejects.toMatchObject({ code: "STORE_STALE" });
        expect(await world.query(`select * from again_${name}`)).toHaveLength(3);
        const wish = { environment: "prod", asset: a, ...at, version: bad.version, moveId: `redo_${name}` };
        await expect(world.store.revert({ ...wish, expected: null })).rejects.toMatchObject({ code: "STORE_STALE" });
        expect(await world.store.revert({ ...wish, expected: 1 })).toEqual(bad);
        expect(await world.query(`select * from again_${name}`)).toHaveLength(1);
        expect(ids(await read(world.store, a, [bad]))).toEqual([7]);
      });

      test("does not let the late repetition of an old commit undo a newer one", async () => {
        const a = of("late");
        await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(1),
          commitId: `late_${name}`,
        });
        await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(2), base: 1 });
        await expect(
          publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(1), commitId: `late_${name}` }),
        ).rejects.toMatchObject({ code: "STORE_STALE" });
        expect(await world.query(`select * from late_${name}`)).toHaveLength(2);
      });

      test("keeps heads of other environments apart from what readers see", async () => {
        const a = of("envs");
        const prod = await publish(world.store, world.scratch, { asset: a, partition: part, rows: orders(3) });
        const dev = await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(1, 90),
          environment: "dev/ana",
        });
        expect(ids(await read(world.store, a, [dev]))).toEqual([90]);
        expect(await world.query(`select * from envs_${name}`)).toHaveLength(3);
        expect(await world.store.listHeads("dev/ana", a.key)).toMatchObject([{ version: dev.version }]);
        const promoted = await publish(world.store, world.scratch, {
          asset: a,
          partition: part,
          rows: orders(1, 90),
          commitId: dev.commitId,
          base: prod.version,
        });
        expect(promoted).toMatchObject({ version: dev.version, isReplay: true });
        expect(await world.query(`select * from envs_${name}`)).toHaveLength(1);
        expect(ids(await read(world.store, a, [dev]))).toEqual([90]);
        expect(ids(await read(world.store, a, [prod]))).toEqual([0, 1, 2]);
      });

      test("stores no rows as a version with no rows", async () => {
        const a = of("empty");
        const commit = await publish(world.store, world.scratch, { asset: a, partition: part, rows: [] });
        expect(commit).toMatchObject({ rowCount: 0, dataDigest: digestRows(orderSchema, []) });
        expect(await read(world.store, a, [commit])).toEqual([]);
      });

      test("takes the place of what the same attempt staged before", async () => {
        const a = of("twice");
        const target = { asset: a, ...at, attempt: world.scratch.next() };
        await world.store.stageFile(
          target,
          await writeFile(world.scratch, world.store, { schema: orderSchema, rows: orders(9) }),
        );
        const staged = await world.store.stageFile(
          target,
          await writeFile(world.scratch, world.store, { schema: orderSchema, rows: orders(2) }),
        );
        const measurement = await world.store.measure(staged, []);
        expect(measurement.rowCount).toBe(2);
        const [commit] = await world.store.commit([
          { commitId: world.scratch.next(), environment: "prod", staged, measurement, baseVersion: null, record: null },
        ]);
        expect(commit).toMatchObject({ rowCount: 2 });
        expect(await world.query(`select * from twice_${name}`)).toHaveLength(2);
      });
    });
  }

  for (const [title, name, isPartitioned, make] of layouts) {
    const of = (key: string) => make(`${key}_${name}`, isPartitioned);
    const part = isPartitioned ? "2001-01-01" : "";
    const isStamped = make === stampedAsset;

    test(`${isStamped ? "refuses" : "commits"} versions that follow each other in one call, ${title}`, async () => {
      const a = of("chain");
      const first = await prepare(world.store, world.scratch, { asset: a, partition: part, rows: orders(1) });
      const second = await prepare(world.store, world.scratch, { asset: a, partition: part, rows: orders(2), base: 1 });
      const commit = world.store.commit([first, second]);
      // The second was staged as the difference to what there was before the first.
      if (isStamped) await expect(commit).rejects.toMatchObject({ code: "STORE_STALE" });
      else expect(await commit).toMatchObject([{ version: 1 }, { version: 2 }]);
      expect(await world.store.listHeads("prod", a.key)).toHaveLength(isStamped ? 0 : 1);
    });
  }
}
