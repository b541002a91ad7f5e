import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freezeMerge, insertDecision } from "../../src/ledger/decisions.ts";
import { insertOrders } from "../../src/ledger/merge-orders.ts";
import { findVersionsSince, listHistory } from "../../src/ledger/versions/asset-history.ts";
import { createTestLedger, type TestLedger } from "./test-ledger.ts";
import { recordVersion } from "./test-versions.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
  await tellStory();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

const airports = parseAssetKey("airports");
const place = { environment: "prod", asset: airports };

/** Version 1 with two batches, an order, a freeze, version 2 that carries the order out, and clocks that run backwards. */
async function tellStory(): Promise<void> {
  const { db } = ledger;
  const first = await recordVersion(db, { asset: "airports", version: 1, committedAt: "2001-01-02T00:00:00Z" });
  await insertBatch(first, "admitted", 1);
  await insertBatch(first, "duplicate", 1);
  await db.transaction().execute(async (tx) => {
    const decisionId = await insertDecision(tx, { ...place, kind: "revoke", by: "ana", reason: "wrong" });
    await insertOrders(tx, place, {
      decisionId,
      orders: [{ kind: "revoke", batchId: "b1", partition: unpartitioned }],
    });
  });
  await recordVersion(db, { asset: "cities", version: 9 });
  await db.transaction().execute((tx) => freezeMerge(tx, { ...place, by: "watersmeet", reason: "differs" }));
  const second = await recordVersion(db, {
    asset: "airports",
    version: 2,
    committedAt: "2001-01-01T00:00:00Z",
    fingerprints: { "~orders": "o" },
  });
  await insertBatch(second, "superseding", 2);
  await insertBatch(second, "held", 1);
}

async function insertBatch(id: string, outcome: string, generation: number): Promise<void> {
  await sql`insert into watersmeet.batch (materialization_id, branch, batch_key, batch_id, generation, digest, row_count, outcome)
    values (${id}, 'faa', 'k', ${`b${generation}`}, ${generation}, 'd', 3, ${outcome})`.execute(ledger.db);
}

test("the history of an asset is in the order in which things were committed, whatever clocks say", async () => {
  const items = await listHistory(ledger.db, airports, { limit: 100 });
  expect(items.map((item) => [item.kind, item.version, item.by])).toEqual([
    ["batch:revoked", 2, "ana"],
    ["batch:held", 2, "test"],
    ["batch:superseded", 2, "test"],
    ["batch:admitted", 2, "test"],
    ["version:committed", 2, "test"],
    ["merge:frozen", null, "watersmeet"],
    ["order:given", null, "ana"],
    ["batch:admitted", 1, "test"],
    ["version:committed", 1, "test"],
  ]);
  expect(items.map((item) => item.sequence)).toEqual(
    items
      .map((item) => item.sequence)
      .toSorted()
      .reverse(),
  );
});

test.each([1, 2, 3])("pages of %i join without a gap and without a repetition", async (limit) => {
  const all = await listHistory(ledger.db, airports, { limit: 100 });
  const paged: string[] = [];
  for (let before: string | undefined; ;) {
    const page = await listHistory(ledger.db, airports, { limit, before });
    paged.push(...page.map((item) => item.sequence));
    before = page.at(-1)?.sequence;
    if (page.length < limit) break;
  }
  expect(paged).toEqual(all.map((item) => item.sequence));
});

test("what is no sequence is refused", async () => {
  await expect(listHistory(ledger.db, airports, { limit: 1, before: "7" })).rejects.toMatchObject({
    code: "USAGE_INVALID",
  });
});

test("an instant finds the first version that was committed then or later", async () => {
  const [before, after] = await findVersionsSince(ledger.db, airports, [
    "2000-01-01T00:00:00Z",
    "2030-01-01T00:00:00Z",
  ]);
  expect([before === null, after]).toEqual([false, null]);
});
