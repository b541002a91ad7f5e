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
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const table = await findTable(client, merged.key);
  // The only row that goes stands where another one will when the places of those that were closed are used again.
  const { rows: opened } = await client.query<{ id: string }>(
    `select id from ${table} where _from = 2 order by ctid limit 1`,
  );
  const rows = orders(10, 4).filter(({ id }) => id !== Number(opened[0]?.id));
  const third = await publish(store, scratch, { asset: feed, rows, base: 2 });
  const merge = { target: merged, feed: third, base: 2, commitId: "third" };
  const request = await prepareMerge(world, merge);
  await client.query(`vacuum full ${table}`);
  await client.end();
  await expect(store.commit([request])).rejects.toMatchObject({ code: "STORE_CONFLICT" });
  expect((await store.listHeads("prod", merged.key)).map(({ version }) => version)).toEqual([2]);
  const [commit] = await store.commit([await prepareMerge(world, merge)]);
  expect(commit).toMatchObject({ version: 3, rowCount: 9, dataDigest: digestRows(orderSchema, rows) });
  const { partition } = request.staged.target;
  expect(ids(await read(store, merged, [{ partition, version: 3 }]))).toEqual(ids(rows));
  expect(ids(await read(store, merged, [{ partition, version: 2 }]))).toEqual(ids(orders(10, 4)));
});

async function findTable(client: pg.Client, asset: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    "select format('_watersmeet.a%s_stamped%s', asset_id, max(number)) as name from _watersmeet.stamped_table join _watersmeet.asset using (asset_id) where key = $1 group by asset_id",
    [asset],
  );
  return rows[0]?.name ?? "";
}
