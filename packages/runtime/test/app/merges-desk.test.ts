import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freezeMerge, insertDecision, lockDecisions } from "../../src/ledger/decisions.ts";
import { findNewOrders, insertOrders } from "../../src/ledger/merge-orders.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import type { BatchRecord } from "../../src/stores/port/merge-records.ts";
import { cloneLedgerDatabase } from "../ledger/test-ledger.ts";
import { airports, key, openRegisters, type Change, type Registers } from "./registers-project.ts";

/* The registers of airports, from the first delivery to a rollback. The tests build on each other, in this order. `merges-explain.test.ts` does the like on both engines. */

const day = (date: string): string => `2001-01-${date}T00:00:00Z`;
const first: readonly Change[] = [
  { code: "TXL", name: "Tegel", city: "Berlin", at: day("01") },
  { code: "MUC", name: "Munich", city: "Munich", runways: 2, at: day("01") },
];
const tenth = "979084800000000";
const ana = { by: "ana", reason: "told by phone" } as const;

describe("the desk", () => {
  let registers: Registers;
  beforeAll(async () => {
    registers = await openRegisters();
  });
  afterAll(() => registers[Symbol.asyncDispose]());

  const merges = () => registers.project.merges;
  const listLive = async (branch: string): Promise<readonly BatchRecord[]> =>
    merges().listBatches({ asset: airports, branch, standing: "live", limit: 10 });
  const conserved = async (): Promise<boolean> =>
    (await merges().checkConservation(airports)).every((each) => each.isConserved);

  test("says what a merge joined, and what it waits for", async () => {
    await registers.run({ select: "authority airline limits" });
    const waiting = await merges().describe(airports);
    expect(waiting.partitions).toMatchObject([
      { partition: "", version: null, legs: [{ branch: "authority", state: "missing" }, { branch: "airline" }] },
    ]);
    await registers.deliver({
      authority: first,
      airline: [{ code: "TXL", name: "Berlin-Tegel", runways: 2, at: day("02") }],
    });
    const { partitions, isFrozen, policy } = await merges().describe(airports);
    expect([isFrozen, policy.key]).toEqual([false, ["code"]]);
    expect(partitions).toMatchObject([
      {
        partition: "",
        decision: { kind: "complete" },
        waitingFor: [],
        held: 0,
        legs: [{ branch: "airline" }, { branch: "authority" }],
      },
    ]);
    expect(await registers.rows("airports")).toEqual([
      "code=MUC name=Munich city=Munich runways=2",
      "code=TXL name=Tegel city=Berlin runways=2",
    ]);
    expect(await conserved()).toBe(true);
  });

  test("names the branch whose newest work is not joined yet", async () => {
    await registers.project.merges.listCuts(airports, { limit: 1 });
    await registers.deliver({ authority: [{ code: "HAM", name: "Hamburg", city: "Hamburg", at: day("10") }] });
    await registers.deliver({ airline: [{ code: "HAM", runways: 2, at: day("10") }] });
    await registers.run({ select: "authority", force: true });
    const { partitions } = await merges().describe(airports);
    expect(partitions[0]?.waitingFor).toEqual([
      { branch: "authority", why: expect.stringMatching(/^authority has something newer than version \d+/) },
    ]);
    await registers.run({ select: "airports+" });
    expect((await merges().describe(airports)).partitions[0]?.waitingFor).toEqual([]);
  });

  test("shows what came too late, and lets nothing of it count", async () => {
    const before = await registers.rows("airports");
    await registers.deliver({
      airline: [
        { code: "TXL", city: "Reinickendorf", at: day("03") },
        { code: "STR", city: "Stuttgart", at: day("11") },
      ],
    });
    expect(await registers.rows("airports")).toEqual([...before, "code=STR city=Stuttgart"].toSorted());
    const held = await merges().listLate({ limit: 10 });
    expect(held).toMatchObject([{ branch: "airline", standing: "held", rowCount: 1, lateness: { beyondGrace: 1 } }]);
    const shown = await merges().showLate(held[0]?.batchId ?? "", 10);
    expect(shown.rows).toMatchObject([
      { key: { code: "TXL" }, cells: { city: "Reinickendorf" }, lateClass: "beyondGrace" },
    ]);
    await expect(merges().showLate("nothing", 10)).rejects.toMatchObject({ code: "MERGE_BATCH_UNKNOWN" });
    expect((await merges().describe(airports)).partitions[0]?.held).toBe(1);
    expect(await conserved()).toBe(true);
  });

  test("admits what was held, once, and the table is as if it had come in time", async () => {
    const { run, batches, partitions, descendants } = await merges().reconcile({
      asset: airports,
      batchIds: "all",
      ...ana,
    });
    expect([batches.length, partitions, descendants]).toEqual([1, [""], ["cities", "totals"]]);
    expect(await registers.follow(run)).toMatchObject({ state: "succeeded", stepCount: 1 });
    expect(await registers.rows("airports")).toContain("code=TXL name=Tegel city=Reinickendorf runways=2");
    expect(await merges().listLate({ asset: airports, limit: 10 })).toEqual([]);
    const again = await merges().reconcile({ asset: airports, batchIds: batches.map((each) => each.batchId), ...ana });
    expect(again.run?.id).toBe(run?.id);
    expect(await registers.project.partitionStatuses(key("cities"))).toMatchObject([{ status: "stale" }]);
    expect(await conserved()).toBe(true);
  });

  test("refuses to admit or reject what does not wait", async () => {
    const [live] = await listLive("authority");
    const request = { asset: airports, batchIds: [live?.batchId ?? ""], ...ana };
    await expect(merges().reject(request)).rejects.toMatchObject({ code: "MERGE_BATCH_NOT_HELD" });
    await expect(merges().reconcile({ ...request, batchIds: ["x"] })).rejects.toMatchObject({
      code: "MERGE_BATCH_UNKNOWN",
    });
    await expect(merges().reconcile({ ...request, asset: key("cities") })).rejects.toMatchObject({
      code: "NOT_A_MERGE",
    });
    await expect(
      merges().revoke({ ...request, what: { kind: "batches", batchIds: [] }, by: "" }),
    ).rejects.toMatchObject({
      code: "USAGE_INVALID",
    });
  });

  test("rejects what was held for good, and keeps it on record", async () => {
    await registers.deliver({ airline: [{ code: "TXL", city: "Pankow", at: day("04") }] });
    const { batches, run } = await merges().reject({ asset: airports, batchIds: "all", ...ana });
    expect(await registers.follow(run)).toMatchObject({ state: "succeeded" });
    expect(await registers.rows("airports")).toContain("code=TXL name=Tegel city=Reinickendorf runways=2");
    const batchIds = batches.map((each) => each.batchId);
    expect(await merges().listBatches({ asset: airports, batchIds, limit: 10 })).toMatchObject([
      { standing: "rejected" },
    ]);
    await expect(merges().reconcile({ asset: airports, batchIds, ...ana })).rejects.toMatchObject({
      code: "MERGE_BATCH_NOT_HELD",
    });
    expect(await conserved()).toBe(true);
  });

  test("brings rows into a closed period only when that is said", async () => {
    await registers.deliver({ authority: [{ code: "OLD", city: "Potsdam", at: "2000-12-31T00:00:00Z" }] });
    const closed = { asset: airports, batchIds: "all", ...ana } as const;
    await expect(merges().reconcile(closed)).rejects.toMatchObject({ code: "MERGE_PERIOD_CLOSED" });
    const { run, batches } = await merges().reconcile({ ...closed, overridesClosed: true });
    expect(batches).toMatchObject([{ branch: "authority", lateness: { closed: 1 } }]);
    expect(await registers.follow(run)).toMatchObject({ state: "succeeded" });
    expect(await registers.rows("airports")).toContain("code=OLD city=Potsdam");
  });

  test("tells what a revocation would do, and then does it: what remains decides, and nothing else moves", async () => {
    const batch = (await listLive("airline")).find((each) => each.eventTimes?.least === tenth);
    const what = { kind: "batches", batchIds: [batch?.batchId ?? ""] } as const;
    const before = await registers.rows("airports");
    const dry = await merges().revoke({ asset: airports, what, dryRun: true, ...ana });
    expect([dry.run, dry.partitions, dry.batches.length]).toEqual([null, [""], 1]);
    expect((await registers.project.plan({ select: "airports" })).stepCount).toBe(0);
    const { run } = await merges().revoke({ asset: airports, what, ...ana });
    expect(await registers.follow(run)).toMatchObject({ state: "succeeded", stepCount: 1 });
    expect(before).toContain("code=HAM name=Hamburg city=Hamburg runways=2");
    expect(await registers.rows("airports")).toEqual(
      before.map((row) =>
        row === "code=HAM name=Hamburg city=Hamburg runways=2" ? "code=HAM name=Hamburg city=Hamburg" : row,
      ),
    );
    expect(await conserved()).toBe(true);
  });

  test("finds the batches of a source's range of times, and those that a run delivered", async () => {
    const range = { kind: "source", branch: "authority", from: "2001-01-09", to: "2001-01-10" } as const;
    const inRange = await merges().revoke({ asset: airports, what: range, dryRun: true, ...ana });
    expect(inRange.batches).toMatchObject([{ branch: "authority", eventTimes: { least: tenth } }]);
    const origin = inRange.batches[0]?.origin ?? null;
    const what = { kind: "run", runId: origin?.runId ?? "" } as const;
    const ofRun = await merges().revoke({ asset: airports, what, dryRun: true, ...ana });
    expect(ofRun.batches.map((each) => each.batchId)).toEqual(inRange.batches.map((each) => each.batchId));
    const unknown = { ...range, branch: "nobody" };
    await expect(merges().revoke({ asset: airports, what: unknown, ...ana })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("loses nothing when the process ends between an order and its run", async () => {
    const [batch] = await listLive("authority");
    const order = { kind: "revoke", batchId: batch?.batchId ?? "", partition: unpartitioned } as const;
    await using ledger = await openLedger(registers.ledgerUrl, { schema: "require" });
    const decision = await ledger.db.transaction().execute(async (tx) => {
      const place = { environment: "prod", asset: airports };
      await lockDecisions(tx, place);
      const id = await insertDecision(tx, { ...place, kind: "revoke", by: "ana", reason: "crash" });
      await insertOrders(tx, place, { decisionId: id, orders: await findNewOrders(tx, place, [order]) });
      return id;
    });
    const plan = await registers.project.plan({ select: "airports" });
    expect(plan.assets[0]?.run[0]?.reason).toEqual({ kind: "ordersChanged" });
    const why = await registers.project.why(airports, unpartitioned);
    expect(why.reasons).toContainEqual(expect.stringMatching(/^1 batch was revoked by ana at .*: crash$/));
    const what = { kind: "batches", batchIds: [order.batchId] } as const;
    const { run } = await merges().revoke({ asset: airports, what, ...ana });
    expect(await registers.follow(run)).toMatchObject({ state: "succeeded", stepCount: 1 });
    const entries = await merges().audit(airports, { limit: 5 });
    expect(entries.filter((entry) => entry.kind === "order:given")).toMatchObject([
      { reason: "crash", details: { decision } },
    ]);
  });

  test("lets a frozen merge publish nothing until it is unfrozen", async () => {
    expect(await merges().verify(airports, 1000)).toMatchObject({ differentKeys: [] });
    await using ledger = await openLedger(registers.ledgerUrl, { schema: "require" });
    const freeze = { environment: "prod", asset: airports, by: "watersmeet", reason: "1 key differs" };
    await ledger.db.transaction().execute((tx) => freezeMerge(tx, freeze));
    expect((await merges().describe(airports)).isFrozen).toBe(true);
    expect((await registers.project.why(airports, null)).reasons[0]).toMatch(/^airports is frozen by watersmeet since/);
    const before = await registers.rows("airports");
    const failed = await registers.deliver({ authority: [{ code: "BER", city: "Berlin", at: day("12") }] });
    expect(failed).toMatchObject({ state: "failed" });
    expect(await registers.rows("airports")).toEqual(before);
    await merges().unfreeze(airports, "ana", "looked at it");
    expect(await registers.run({ select: "airports+" })).toMatchObject({ state: "succeeded" });
    expect(await registers.rows("airports")).toContain("code=BER city=Berlin");
  });

  test("rolls a merge back by revoking what came since, and refuses to tear what was built from it", async () => {
    const [now] = await merges().listCuts(airports, { limit: 1 });
    await registers.deliver({ airline: [{ code: "BER", city: "Schoenefeld", at: day("13") }] });
    const request = { asset: airports, to: now?.version ?? 0, ...ana };
    const [mistaken] = await merges().listCuts(airports, { limit: 1 });
    await expect(merges().rollback({ ...request, cascade: "refuse" })).rejects.toMatchObject({
      code: "ROLLBACK_TEARS",
      details: { torn: [{ asset: "cities" }, { asset: "totals" }] },
    });
    const { run, batches } = await merges().rollback({ ...request, cascade: "run" });
    expect(batches).toMatchObject([{ branch: "airline" }]);
    expect(await registers.follow(run)).toMatchObject({ state: "succeeded", stepCount: 3 });
    expect(await registers.rows("airports")).toContain("code=BER city=Berlin");
    expect(await registers.rows("cities")).toContain("city=Berlin airports=1");
    await expect(merges().rollback({ ...request, to: 10_000, cascade: "run" })).rejects.toMatchObject({
      code: "STORE_VERSION_UNKNOWN",
    });
    const forward = { ...request, to: mistaken?.version ?? 0, cascade: "run" } as const;
    await expect(merges().rollback(forward)).rejects.toMatchObject({
      code: "ROLLBACK_STAYS_OUT",
      details: { batches: batches.map(({ batchId }) => batchId) },
    });
    await registers.deliver({ airline: [{ code: "BER", city: "Rudow", at: day("14") }] });
    const again = await merges().rollback(forward);
    expect(again).toMatchObject({ batches: [{ branch: "airline" }], stayOut: batches });
    await registers.follow(again.run);
    expect(await registers.rows("airports")).toContain("code=BER city=Berlin");
    expect(await conserved()).toBe(true);
  });

  test("keeps the trail of it all, in the order of commits", async () => {
    const entries = await merges().audit(airports, { limit: 200 });
    expect(entries.map((entry) => entry.sequence)).toEqual(
      entries
        .map((entry) => entry.sequence)
        .toSorted()
        .toReversed(),
    );
    const kinds = new Set(entries.map((entry) => entry.kind));
    for (const kind of [
      "version:committed",
      "batch:admitted",
      "batch:held",
      "order:given",
      "epoch:registered",
      "merge:frozen",
    ]) {
      expect(kinds).toContain(kind);
    }
    const rollback = entries.findIndex((entry) => entry.details["order"] === "rollback");
    const carriedOut = entries.slice(0, rollback).filter((entry) => entry.kind === "batch:revoked");
    expect(carriedOut).toMatchObject([{ by: "ana", reason: ana.reason }]);
    const half = await merges().audit(airports, { limit: 10 });
    const rest = await merges().audit(airports, { limit: 200, before: half.at(-1)?.sequence ?? "" });
    expect([...half, ...rest].map((entry) => entry.sequence)).toEqual(entries.map((entry) => entry.sequence));
  });

  test("knows the forms of the schema and whether they can be read", async () => {
    expect(await merges().schemaHistory(airports)).toMatchObject([{ number: 1, isPresent: true, note: null }]);
    const verdicts = await merges().checkSchemas("airports newest cities");
    expect(verdicts).toMatchObject([
      { asset: "airports", isCompatible: true, comparisons: [{ from: 1, changes: [] }] },
      { asset: "newest", isCompatible: true, comparisons: [] },
    ]);
    const [verdict] = await merges().checkSchemas("airports", { replay: 3 });
    expect(verdict?.replay?.map((each) => [each.epoch, each.rejectedCount])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    expect(verdict?.differences).toMatchObject([{ partition: "", differentKeys: 0, failure: null }]);
  });

  test("names who reads a column that cannot be read any more, and where", async () => {
    const file = join(registers.root, "assets", "airports.ts");
    const source = await readFile(file, "utf8");
    const line = source.split("\n").findIndex((text) => text.includes('.groupBy("a.city")')) + 1;
    await writeFile(
      file,
      source.replace("city: z.string()", "city: z.int()").replace("runways: z.int()", "runways: z.iso.date()"),
    );
    await registers.reopen();
    const [verdict] = await merges().checkSchemas("airports");
    const changes = verdict?.comparisons.flatMap((comparison) => comparison.changes);
    expect(changes?.map(({ field, isCompatible, consumers }) => [field, isCompatible, consumers])).toEqual([
      ["city", false, [{ asset: "cities", namedAt: `assets/airports.ts:${line}` }]],
      ["runways", false, [{ asset: "cities", namedAt: null }]],
    ]);
    await writeFile(file, `${source}\nthrow new Error("not today");\n`);
    await registers.reopen();
    await expect(merges().describe(airports)).rejects.toMatchObject({
      code: "PROJECT_INVALID",
      message: expect.stringMatching(/^airports could not be loaded: [^]*not today/),
    });
    await writeFile(file, source);
    await registers.reopen();
  });

  test("a lost ledger brings nothing back: the store knows what was revoked, rejected and admitted", async () => {
    const before = await registers.rows("airports");
    const standings = async () =>
      new Map(
        (await merges().listBatches({ asset: airports, limit: 100 })).map((each) => [each.batchId, each.standing]),
      );
    const known = await standings();
    await using fresh = await cloneLedgerDatabase();
    await registers.reopen(fresh.url);
    expect(await registers.run({ select: "airports" })).toMatchObject({ state: "succeeded" });
    expect(await registers.rows("airports")).toEqual(before);
    for (const [batchId, standing] of await standings()) expect(standing).toBe(known.get(batchId));
    await registers.reopen();
  });
});
