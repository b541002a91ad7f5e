import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger, type LedgerConnections } from "../../../src/ledger/open-ledger.ts";
import { doorbellSchema } from "../../../src/queue/doorbell/doorbell.ts";
import { createTestLedger, type TestLedger } from "../../ledger/test-ledger.ts";
import { listAttemptOutcomes, startTestWorker, submit, waitForEnd, waitUntil } from "../test-runs.ts";

/* What the worker is made of ends by itself now and then, and is started again. */
let ledger: TestLedger;
let observer: LedgerConnections;
beforeAll(async () => {
  ledger = await createTestLedger();
  observer = await openLedger(ledger.url);
});
afterAll(async () => {
  await observer[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

/** Backends that listen, as graphile's runner does for its bells. */
async function listListeners(): Promise<readonly number[]> {
  const { rows } = await sql<{ pid: number }>`
    select pid from pg_stat_activity where datname = current_database() and query ~* '^\\s*listen\\M'`.execute(
    observer.db,
  );
  return rows.map((row) => row.pid);
}

test("the runner that listens to the doorbell is there again after its connections were cut, again and again", async () => {
  await using _worker = await startTestWorker(ledger.connections);
  for (let cuts = 0; cuts < 3; cuts++) {
    await waitUntil(async () => (await listListeners()).length > 0);
    const cut = await listListeners();
    for (const pid of cut) await sql`select pg_terminate_backend(${pid})`.execute(observer.db);
    await waitUntil(async () => {
      const now = await listListeners();
      return now.length > 0 && now.every((pid) => !cut.includes(pid));
    });
    const id = await submit(observer.db, [{ key: `afterCut${cuts}` }]);
    expect(await waitForEnd(observer.db, id)).toBe("succeeded");
    expect(await listAttemptOutcomes(observer.db, id)).toEqual(["committed"]);
  }
});

test("a bell that cannot be answered, because its connection ends at that moment, ends nobody", async () => {
  await sql`
    create function public.refuse_answers() returns trigger language plpgsql as $$
      begin raise exception 'terminating connection' using errcode = '57P01'; end $$`.execute(observer.db);
  await sql`
    create trigger refuse_answers before delete on ${sql.table(`${doorbellSchema}._private_jobs`)}
      for each row execute function public.refuse_answers()`.execute(observer.db);
  await using _worker = await startTestWorker(ledger.connections);
  expect(await waitForEnd(observer.db, await submit(observer.db, [{ key: "unanswered" }]))).toBe("succeeded");
  // It was tried: a bell that has been rung, and stays.
  await waitUntil(async () => {
    const { rows } = await sql`
      select from ${sql.table(`${doorbellSchema}._private_jobs`)} where attempts > 0`.execute(observer.db);
    return rows.length > 0;
  });
  await sql`drop function public.refuse_answers cascade`.execute(observer.db);
  expect(await waitForEnd(observer.db, await submit(observer.db, [{ key: "answered" }]))).toBe("succeeded");
});
