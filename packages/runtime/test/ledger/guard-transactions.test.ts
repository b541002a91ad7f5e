import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestLedger, type TestLedger } from "./test-ledger.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
  await sql`create table public.written (at text not null)`.execute(ledger.db);
});
afterAll(() => ledger[Symbol.asyncDispose]());

test("nothing that is sent beside a statement that fails, or because of one that did not, stands by itself afterwards", async () => {
  const transaction = ledger.db.transaction().execute(async (tx) => {
    const write = (at: string) => sql`insert into public.written values (${at})`.execute(tx);
    await Promise.all([
      write("before").then(() => write("because of it")),
      sql`select 1 / 0`.execute(tx),
      ...Array.from({ length: 5 }, () => write("beside").then(() => write("after"))),
    ]);
  });
  await expect(transaction).rejects.toThrow("division by zero");
  await sql`select`.execute(ledger.db);
  const { rows } = await sql`select at from public.written`.execute(ledger.db);
  expect(rows).toEqual([]);
});
