import { buildGraph } from "@watersmeet/core/graph";
import { assessAsset, createPlanningState, fingerprintOrders } from "@watersmeet/core/plan";
import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freezeMerge, insertDecision, lockDecisions, readFreezes, unfreezeMerge } from "../../src/ledger/decisions.ts";
import {
  findDecisionOf,
  findNewOrders,
  insertOrders,
  listOrdersSinceHead,
  readOrders,
  type PlacedOrder,
} from "../../src/ledger/merge-orders.ts";
import { readSnapshot } from "../../src/ledger/read-snapshot.ts";
import type { MaterializationId } from "../../src/ledger/records.ts";
import { finishPin, insertPins, listPendingPins } from "../../src/ledger/versions/head-pins.ts";
import { listKeptVersions } from "../../src/ledger/versions/kept-versions.ts";
import { findTornHeads } from "../../src/ledger/versions/torn-heads.ts";
import { createTestLedger, type TestLedger } from "./test-ledger.ts";
import { insertEnvironments, placeOf, recordVersion } from "./test-versions.ts";

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await createTestLedger();
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
});

const airports = parseAssetKey("airports");
const place = { environment: "prod", asset: airports };

/** As the desk gives them: those that are new, under one decision. */
async function give(
  orders: readonly PlacedOrder[],
  environment = "prod",
  reason = "because",
): Promise<string | undefined> {
  return ledger.db.transaction().execute(async (tx) => {
    const where = { environment, asset: airports };
    await lockDecisions(tx, where);
    const fresh = await findNewOrders(tx, where, orders);
    if (fresh.length === 0) return undefined;
    const id = await insertDecision(tx, { ...where, kind: "revoke", by: "ana", reason });
    await insertOrders(tx, where, { decisionId: id, orders: fresh });
    return id;
  });
}

function order(batchId: string, kind: PlacedOrder["kind"] = "revoke"): PlacedOrder {
  return { kind, batchId, partition: unpartitioned };
}

test("the orders of a partition are the set of all that were ever given, in one order", async () => {
  const first = await give([order("b2"), order("b1", "admit")]);
  await give([order("b1"), order("b2")]);
  const [given, none] = await readOrders(ledger.db, [
    placeOf("airports", unpartitioned),
    placeOf("cities", unpartitioned),
  ]);
  expect(given?.orders).toEqual([
    { kind: "admit", batchId: "b1" },
    { kind: "revoke", batchId: "b1" },
    { kind: "revoke", batchId: "b2" },
  ]);
  expect(given?.fingerprint).toBe(fingerprintOrders(given?.orders ?? []));
  expect(none).toBeNull();
  const again = await ledger.db.transaction().execute((tx) => findDecisionOf(tx, place, [order("b2")]));
  expect(again).toBe(first);
});

test("an order that was given once is not given again, also when somebody else is about to give it", async () => {
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
  const { promise: hasGiven, resolve: given } = Promise.withResolvers<void>();
  const first = ledger.db.transaction().execute(async (tx) => {
    await lockDecisions(tx, place);
    const id = await insertDecision(tx, { ...place, kind: "revoke", by: "bob", reason: "because" });
    await insertOrders(tx, place, { decisionId: id, orders: [order("b1")] });
    given();
    await mayCommit;
  });
  await hasGiven;
  const second = give([order("b1")]);
  const isWaiting = async (): Promise<boolean> => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from pg_locks join pg_database on pg_database.oid = pg_locks.database
      where datname = current_database() and not granted`.execute(ledger.db);
    return rows[0]?.count === 1;
  };
  await expect.poll(isWaiting).toBe(true);
  commit();
  await first;
  expect(await second).toBeUndefined();
});

test("what was decided in an environment holds in those below it, and not above", async () => {
  await insertEnvironments(ledger.db, ["prod", null], ["dev", "prod"], ["dev/ana", "dev"]);
  await give([order("b1")]);
  await give([order("b2")], "dev");
  const [prod, ana] = await readOrders(ledger.db, [
    placeOf("airports", unpartitioned),
    placeOf("airports", unpartitioned, "dev/ana"),
  ]);
  expect(prod?.orders.map((each) => each.batchId)).toEqual(["b1"]);
  expect(ana?.orders.map((each) => each.batchId)).toEqual(["b1", "b2"]);
  const snapshot = await readSnapshot(ledger.connections.pool, { environment: "dev/ana" });
  expect(snapshot.orders?.get(airports)?.get(unpartitioned)).toBe(ana?.fingerprint);
});

test("decisions cannot be changed or forgotten", async () => {
  await give([order("b1")]);
  for (const statement of [
    "update watersmeet.decision set reason = 'x'",
    "delete from watersmeet.merge_order",
    "truncate watersmeet.decision cascade",
  ]) {
    await expect(sql.raw(statement).execute(ledger.db)).rejects.toThrow(/append-only/);
  }
  await expect(give([order("b2")], "prod", "")).rejects.toThrow(/check constraint/);
});

test("a freeze holds until somebody lifts it; freezing what is frozen says nothing new", async () => {
  const freeze = { ...place, by: "watersmeet", reason: "2 keys differ" };
  const inOne = <T>(work: (tx: Parameters<typeof freezeMerge>[0]) => Promise<T>) =>
    ledger.db.transaction().execute(work);
  expect(await readFreezes(ledger.db, [place])).toEqual([null]);
  expect(await inOne((tx) => freezeMerge(tx, freeze))).not.toBeNull();
  expect(await inOne((tx) => freezeMerge(tx, freeze))).toBeNull();
  const [frozen, other] = await readFreezes(ledger.db, [place, { ...place, environment: "dev" }]);
  expect([frozen?.by, frozen?.reason, other]).toEqual(["watersmeet", "2 keys differ", null]);
  expect(await inOne((tx) => unfreezeMerge(tx, { ...place, by: "ana", reason: "looked" }))).not.toBeNull();
  expect(await readFreezes(ledger.db, [place])).toEqual([null]);
});

test("the planner sees orders that the head does not have, and why can say whose they are", async () => {
  await recordVersion(ledger.db, { asset: "airports", version: 1 });
  await give([order("b1"), order("b2")], "prod", "wrong feed");
  const since = await listOrdersSinceHead(ledger.db, { ...place, partition: null, limit: 5 });
  expect(since).toMatchObject([{ count: 2, kind: "revoke", by: "ana", reason: "wrong feed" }]);
  const [given] = await readOrders(ledger.db, [placeOf("airports", unpartitioned)]);
  await recordVersion(ledger.db, {
    asset: "airports",
    version: 2,
    fingerprints: { "~orders": given?.fingerprint ?? "" },
  });
  expect(await listOrdersSinceHead(ledger.db, { ...place, partition: null, limit: 5 })).toEqual([]);
});

test("a pin is in force from the move that it asked for until the next one, and survives being left half done", async () => {
  const old = await recordVersion(ledger.db, { asset: "airports", version: 1 });
  await recordVersion(ledger.db, { asset: "airports", version: 2 });
  const pin = await ledger.db.transaction().execute(async (tx) => {
    const decisionId = await insertDecision(tx, { ...place, kind: "rollback", by: "ana", reason: "bad" });
    const wish = { ...placeOf("airports", unpartitioned), decisionId, store: "default", storeId: "s1" };
    const pinned = { ...wish, fromVersion: 2, toVersion: 1, materializationId: old };
    await insertPins(tx, [pinned]);
    return pinned;
  });
  const pinned = async (): Promise<boolean> => {
    const { pinned: all } = await readSnapshot(ledger.connections.pool, { environment: "prod" });
    return all?.get(airports)?.has(unpartitioned) === true;
  };
  const pending = await listPendingPins(ledger.db, { name: "default", storeId: "s1" });
  expect(pending).toMatchObject([pin]);
  expect(pending[0]?.moveId).toMatch(/^decision_[0-9a-f]+_\d+$/);
  expect(await pinned()).toBe(false);
  await ledger.db.transaction().execute((tx) => finishPin(tx, pin));
  expect(await pinned()).toBe(true);
  expect(await listPendingPins(ledger.db, { name: "default", storeId: "s1" })).toEqual([]);
  await recordVersion(ledger.db, { asset: "airports", version: 3 });
  expect(await pinned()).toBe(false);
});

test("heads that were built from what goes are named, at any distance, and no others", async () => {
  const { db } = ledger;
  const a1 = await recordVersion(db, { asset: "a", version: 1, digest: "old" });
  const b1 = await recordVersion(db, { asset: "b", version: 1, inputs: [a1] });
  await recordVersion(db, { asset: "kept", version: 1, inputs: [b1] });
  const a2 = await recordVersion(db, { asset: "a", version: 2, digest: "new" });
  const b2 = await recordVersion(db, { asset: "b", version: 2, inputs: [a2] });
  await recordVersion(db, { asset: "far", version: 1, inputs: [b2] });
  await recordVersion(db, { asset: "far", partition: "other", version: 2, inputs: [b1] });
  await recordVersion(db, { asset: "b", version: 3, inputs: [a1] });
  const find = (to: number) =>
    findTornHeads(db, {
      ...placeOf("a", unpartitioned),
      to,
      among: ["b", "kept", "far"].map(parseAssetKey),
    });
  // b itself has been made anew from version 1 since; far still is what came of version 2 through an earlier b.
  expect(await find(1)).toEqual([{ asset: "far", partition: "" }]);
  expect(await find(2)).toEqual([]);
  const a3 = await recordVersion(db, { asset: "a", version: 3, digest: "old" });
  await recordVersion(db, { asset: "kept", version: 2, inputs: [a3] });
  // Equal content is not torn.
  expect(await find(1)).toEqual([{ asset: "far", partition: "" }]);
});

test("versions are kept that are recent, served, the latest, pinned or pinned by an open run", async () => {
  const { db } = ledger;
  const old = "2001-01-01T00:00:00Z";
  const ids: MaterializationId[] = [];
  for (const version of [1, 2, 3, 4, 5]) {
    ids.push(await recordVersion(db, { asset: "airports", version, committedAt: old, movesHead: version === 2 }));
  }
  await recordVersion(db, { asset: "airports", version: 6, movesHead: false });
  await recordVersion(db, { asset: "airports", partition: "eu", version: 7, committedAt: old, movesHead: false });
  await insertEnvironments(db, ["prod", null]);
  await sql`insert into watersmeet.run (kind, environment, selection, requested_by, step_count, open_count, skipped, lanes, trace_id, plan, state)
    values ('run', 'prod', '*', 'test', 1, 1, '{}', '[]', 't', ${JSON.stringify({ pins: { airports: { "": "airports@:4" } } })}, 'running')`.execute(
    db,
  );
  const kept = await listKeptVersions(db, { asset: airports, storeId: "s1", since: new Date("2020-01-01") });
  expect(kept).toEqual([2, 4, 6, 7]);
});

test("a merge with orders is stale for the planner until a version has them", async () => {
  const asset = {
    key: airports,
    kind: "merge" as const,
    file: "a.ts",
    exportPath: ["airports"],
    location: { file: "a.ts", line: 1, column: 1 },
    doc: "",
    inputs: [],
    injections: [],
    partitions: null,
    tags: [],
    group: null,
    resource: null,
    codeVersion: "c",
    schemaVersion: "s",
  };
  const { graph } = buildGraph({ formatVersion: 1, analyzer: "test", files: {}, assets: [asset] });
  const assess = async (): Promise<unknown> => {
    const snapshot = await readSnapshot(ledger.connections.pool, { environment: "prod" });
    return assessAsset(createPlanningState({ graph, snapshot, now: new Date() }), airports).groups[0]?.freshness;
  };
  await recordVersion(ledger.db, { asset: "airports", version: 1 });
  expect(await assess()).toEqual({ kind: "upToDate" });
  await give([order("b1")]);
  expect(await assess()).toEqual({ kind: "stale", reason: { kind: "ordersChanged" } });
});
