import pg from "pg";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { openStore } from "../../src/stores/open-store.ts";
import { describeStore } from "./store-contract.ts";

describeStore("Postgres", async ({ folder }) => {
  const database = await createTestDatabase();
  const store = await openStore({
    name: "default",
    config: { kind: "postgres", url: database.url, schema: "public" },
    root: folder,
    stateDirectory: folder,
  });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return {
    store,
    query: async (sql) => (await client.query(sql)).rows,
    async close() {
      await client.end();
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
});
