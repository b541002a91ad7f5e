import { canonicalJson, digestRows, type RowSchema } from "@watersmeet/core/schema";
import { describe, expect, test } from "vitest";
import { asset, column, orders, orderSchema, partition, publish, read } from "../stored-rows.ts";
import type { StoreWorld } from "./store-world.ts";

/** Steps that are queries. */
export function describeQueries(world: StoreWorld): void {
  describe("queries", () => {
    test("read the pinned versions, whatever was published since", async () => {
      const [a, b] = [asset("pinned", true), asset("pinned_whole", false)];
      const old = await publish(world.store, world.scratch, { asset: a, partition: "a", rows: orders(4) });
      await publish(world.store, world.scratch, { asset: a, partition: "a", rows: orders(1, 70), base: 1 });
      const other = await publish(world.store, world.scratch, { asset: b, rows: orders(2) });
      const out = asset("joined", true);
      const staged = await world.store.stageQuery(
        { asset: out, partition: partition("a"), attempt: world.scratch.next() },
        {
          sql: "select x.id, x.name || $1 as name, y.amount from input_0 x join input_1 y on y.id = x.id where x.id < $2 -- the end",
          parameters: ["!", 3],
          inputs: [
            { asset: a, versions: [old] },
            { asset: b, versions: [other] },
          ],
        },
      );
      const measurement = await world.store.measure(staged, []);
      expect(measurement.dataDigest).toBe(
        digestRows(
          orderSchema,
          orders(2).map((row) => ({ ...row, name: `${String(row["name"])}!` })),
        ),
      );
    });

    test("must deliver every column", async () => {
      const a = asset("lacking", false);
      const target = { asset: a, partition: partition(""), attempt: world.scratch.next() };
      await expect(
        world.store.stageQuery(target, { sql: "select 1 as id, 'x' as name", parameters: [], inputs: [] }),
      ).rejects.toMatchObject({ code: "STORE_QUERY_FAILED", message: expect.stringContaining("amount") });
      await expect(
        world.store.measure({ target, rowCount: 0, quarantinedCount: 0, batches: [], fates: {} }, []),
      ).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
    });

    test("that cannot be cast fail with the value", async () => {
      const target = { asset: asset("uncastable", false), partition: partition(""), attempt: world.scratch.next() };
      await expect(
        world.store.stageQuery(target, {
          sql: "select 'abc' as id, 'x' as name, 1 as amount",
          parameters: [],
          inputs: [],
        }),
      ).rejects.toMatchObject({ code: "STORE_VALUE_INVALID", message: expect.stringContaining("abc") });
    });

    test("name versions that the store has", async () => {
      const a = asset("known", true);
      await publish(world.store, world.scratch, { asset: a, partition: "a", rows: orders(1) });
      const input = { asset: a, versions: [{ partition: partition("a"), version: 99 }] };
      await expect(
        world.store.stageQuery(
          { asset: a, partition: partition("b"), attempt: world.scratch.next() },
          { sql: "select * from input_0", parameters: [], inputs: [input] },
        ),
      ).rejects.toMatchObject({ code: "STORE_VERSION_UNKNOWN" });
      await expect(
        read(world.store, asset("never_seen", true), [{ partition: partition("a"), version: 1 }]),
      ).rejects.toMatchObject({ code: "STORE_VERSION_UNKNOWN" });
    });

    test("store JSON in its canonical form and no negative zero", async () => {
      const schema: RowSchema = { columns: [column("j", { kind: "json" }), column("d", { kind: "double" })] };
      const value = { bb: [1, 2.5, null, "é\n"], a: { y: 1e21, x: 1e-7 } };
      const staged = await world.store.stageQuery(
        { asset: asset("json_query", false, schema), partition: partition(""), attempt: world.scratch.next() },
        {
          sql: `select cast($1 as json) as j, '-0'::double precision as d`,
          parameters: [JSON.stringify(value)],
          inputs: [],
        },
      );
      expect((await world.store.measure(staged, [])).dataDigest).toBe(digestRows(schema, [{ j: value, d: 0 }]));
      expect(canonicalJson(value)).not.toBe(JSON.stringify(value));
    });

    test("end within a second when they are cancelled", async () => {
      const a = asset("endless", false);
      const series = world.kind === "DuckDB" ? "range(10000000000) t(i)" : "generate_series(1, 10000000000) t(i)";
      const started = performance.now();
      const staging = world.store.stageQuery(
        { asset: a, partition: partition(""), attempt: world.scratch.next() },
        {
          sql: `select max(i) as id, 'x' as name, sum(sqrt(i)) as amount from ${series}`,
          parameters: [],
          inputs: [],
        },
        AbortSignal.timeout(300),
      );
      await expect(staging).rejects.toMatchObject({ name: "TimeoutError" });
      expect(performance.now() - started).toBeLessThan(3000);
    });
  });
}
