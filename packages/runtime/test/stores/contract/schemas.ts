import type { RowSchema } from "@watersmeet/core/schema";
import { describe, expect, test } from "vitest";
import { asset, column, orders, partition, publish, read, stampedAsset } from "../stored-rows.ts";
import type { StoreWorld } from "./store-world.ts";

/** Schemas that change. */
export function describeSchemas(world: StoreWorld): void {
  describe("schemas", () => {
    const wider: RowSchema = {
      columns: [
        column("id", { kind: "integer" }, false),
        column("added", { kind: "timestamp" }),
        column("name", { kind: "text" }),
        column("amount", { kind: "double" }),
      ],
    };

    for (const [key, title, isPartitioned, make] of [
      ["grown_parts", "with partitions", true, asset],
      ["grown_whole", "without partitions", false, asset],
      ["grown_stamped_parts", "stamped, with partitions", true, stampedAsset],
      ["grown_stamped", "stamped, without partitions", false, stampedAsset],
    ] as const) {
      test(`that gain a nullable column are followed, ${title}`, async () => {
        const old = await publish(world.store, world.scratch, {
          asset: make(key, isPartitioned),
          partition: "",
          rows: orders(1),
        });
        const a = make(key, isPartitioned, wider);
        const added = { id: 5, added: "2001-01-31T05:00:00Z", name: "x", amount: 1 };
        const commit = await publish(world.store, world.scratch, { asset: a, rows: [added], base: 1 });
        expect(await read(world.store, a, [commit])).toEqual([added]);
        expect(await read(world.store, a, [old])).toEqual([{ id: 0, added: null, name: "order 0", amount: 0 }]);
        await world.store.revert({
          environment: "prod",
          asset: a,
          partition: partition(""),
          version: 1,
          moveId: world.scratch.next(),
        });
        expect(await world.query(`select * from ${key}`)).toHaveLength(1);
      });
    }

    test("that do not fit the stored rows are refused, with the columns' names", async () => {
      await publish(world.store, world.scratch, { asset: asset("changed", true), partition: "a", rows: orders(1) });
      const retyped: RowSchema = {
        columns: [
          column("id", { kind: "text" }),
          column("name", { kind: "text" }),
          column("amount", { kind: "double" }),
          column("must", { kind: "text" }, false),
        ],
      };
      await expect(world.store.ensureAsset(asset("changed", true, retyped))).rejects.toMatchObject({
        code: "STORE_SCHEMA_INCOMPATIBLE",
        message: expect.stringMatching(/"id" is bigint in the store.*"must" is new and may not be null/),
      });
      await expect(world.store.ensureAsset(asset("changed", false))).rejects.toMatchObject({
        code: "STORE_SCHEMA_INCOMPATIBLE",
      });
    });

    test("may not use the store's own names", async () => {
      await expect(
        world.store.ensureAsset(asset("reserved", true, { columns: [column("_VID", { kind: "text" })] })),
      ).rejects.toMatchObject({ code: "STORE_NAME_INVALID" });
    });
  });
}
