import fc from "fast-check";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { renderArray } from "../../src/ledger/array-literal.ts";

test("Postgres reads back every array of texts, dates and numbers as it was", async () => {
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  try {
    // Postgres stores no zero character.
    const text = fc.string({ unit: "binary" }).map((value) => value.replaceAll("\u0000", "").toWellFormed());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.oneof(text, fc.constantFrom("NULL", "null", "", "{}", '\\"', ","))), { maxLength: 20 }),
        async (values) => {
          const { rows } = await client.query<{ back: unknown }>("select $1::text[] as back", [renderArray(values)]);
          expect(rows[0]?.back).toEqual(values);
        },
      ),
      { numRuns: 100 },
    );
    const at = new Date("2026-01-01T00:00:00.123Z");
    const { rows } = await client.query(
      "select $1::timestamptz[] as dates, $2::integer[] as numbers, $3::boolean[] as flags",
      [renderArray([at, null]), renderArray([1, -2, null]), renderArray([true, false])],
    );
    expect(rows[0]).toEqual({ dates: [at, null], numbers: [1, -2, null], flags: [true, false] });
  } finally {
    await client.end();
  }
});
