import { expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { copyShop } from "./shop-project.ts";
import { ShopRunner } from "./shop-runner.ts";

const days = ["2001-01-01", "2001-01-02", "2001-01-03"];

/** Everything that the project makes, and its digests. */
async function makeAll(shop: ShopRunner): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  const make = async (asset: string, partition = "") => {
    const commit = await shop.make(asset, { partition });
    digests.set(`${asset}@${partition}`, commit.dataDigest);
  };
  for (const asset of ["customers", "subscribers", "countries", "people"]) await make(asset);
  for (const asset of ["orders", "sales", "cents", "totals"]) for (const day of days) await make(asset, day);
  return digests;
}

test("a project makes the same rows in DuckDB and in Postgres, by digest", async () => {
  await using database = await createTestDatabase();
  await using project = await copyShop();
  await using duckdb = await ShopRunner.open({ project });
  const inDuckdb = await makeAll(duckdb);
  await using postgres = await ShopRunner.open({
    project,
    store: { kind: "postgres", url: database.url, schema: "public" },
  });
  expect(await makeAll(postgres)).toEqual(inDuckdb);
  expect(await postgres.rows("sales", "2001-01-02")).toEqual(await duckdb.rows("sales", "2001-01-02"));
});
