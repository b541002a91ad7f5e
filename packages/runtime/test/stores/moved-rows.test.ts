import { digestRows } from "@watersmeet/core/schema";
import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { openStore } from "../../src/stores/open-store.ts";
import { formsOf, prepareMerge, prepareSecond, publishFirst } from "./killed/every-form.ts";
import { createScratch, ids, orders, orderSchema, publish, read } from "./stored-rows.ts";

test("a merge whose rows the server has moved since they were staged is refused, and published when it is staged again", async () => {
  await using scratch = await createScratch();
  await using database = await createTestDatabase();
  await using store = await openStore({
    name: "default",
    config: { kind: "postgres", url: database.url, schema: "public" },
    root: scratch.folder,
    stateDirectory: scratch.folder,
  });
  const world = { store, scratch, name: "moved" };
  const { feed, merged } = formsOf(world.name);
  await publishFirst(world);
  await store.commit(await prepareSecond(world));
  // The only row that goes stands where another one will.
  const rows = orders(10, 4).filter(({ id }) => id !== 8);
  const third = await publish(store, scratch, { asset: feed, rows, base: 2 });
  const merge = { target: merged, feed: third, base: 2, commitId: "third" };
  const request = await prepareMerge(world, merge);
  await rewriteTables(database.url);
  await expect(store.commit([request])).rejects.toMatchObject({ code: "STORE_CONFLICT" });
  expect((await store.listHeads("prod", merged.key)).map(({ version }) => version)).toEqual([2]);
  const [commit] = await store.commit([await prepareMerge(world, merge)]);
  expect(commit).toMatchObject({ version: 3, rowCount: 9, dataDigest: digestRows(orderSchema, rows) });
  const { partition } = request.staged.target;
  expect(ids(await read(store, merged, [{ partition, version: 3 }]))).toEqual([4, 5, 6, 7, 9, 10, 11, 12, 13]);
  expect(ids(await read(store, merged, [{ partition, version: 2 }]))).toEqual(ids(orders(10, 4)));
});

/** Rows take the places of those that were closed and are gone. */
async function rewriteTables(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = '_watersmeet' and tablename ~ '_stamped[0-9]+$'",
    );
    for (const { name } of rows) await client.query(`vacuum full _watersmeet."${name}"`);
  } finally {
    await client.end();
  }
}
