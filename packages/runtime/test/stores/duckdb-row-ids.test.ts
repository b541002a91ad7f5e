import { join } from "node:path";
import { expect, test } from "vitest";
import { DuckdbDatabase } from "../../src/stores/duckdb/duckdb-database.ts";
import { createDuckdbSession } from "../../src/stores/duckdb/duckdb-session.ts";
import { createScratch } from "./stored-rows.ts";

test("rows that are found again by their row id keep it for as long as it is held: a checkpoint would renumber them", async () => {
  await using scratch = await createScratch();
  const database = await DuckdbDatabase.open({
    path: join(scratch.folder, "ids.duckdb"),
    spillDirectory: join(scratch.folder, "spill"),
    memoryLimit: "512MB",
    threads: 2,
  });
  const run = (sql: string) => database.pool.use((connection) => createDuckdbSession(connection).run(sql));
  const idOfLast = async () => (await run("select rowid as id from t where n = 249999"))[0]?.["id"];
  await run("create table t as select range::integer as n from range(250000)");
  await database.checkpoint();
  await run("delete from t where n < 125000");
  await database.holdRowIds(async () => {
    const before = await idOfLast();
    await database.checkpoint();
    await database.checkpoint("thorough");
    expect(await idOfLast()).toBe(before);
  });
  await database.checkpoint();
  // The day that this is not so, nobody needs to hold them.
  expect(Number(await idOfLast())).toBeLessThan(249_999);
  database.close();
});
