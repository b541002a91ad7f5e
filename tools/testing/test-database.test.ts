import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "./test-database.ts";

test("a test gets a real PostgreSQL database of its own", async () => {
  await using database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>("select current_database() as name");
  expect(rows[0]?.name).toMatch(/^test_/);
  await client.end();
});
