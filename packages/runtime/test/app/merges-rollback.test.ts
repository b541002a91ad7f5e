import { unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { insertDecision } from "../../src/ledger/decisions.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { insertPins } from "../../src/ledger/versions/head-pins.ts";
import { key, openRegisters, type Registers } from "./registers-project.ts";

/* Assets that are no merges, taken back: limits → doubled, totals. The tests build on each other, in this order. */
let registers: Registers;
const limits = key("limits");
beforeAll(async () => {
  registers = await openRegisters();
  await registers.run({ select: "limits+ +totals" });
  await registers.setLimits(3);
  await registers.run({ select: "limits", force: true });
  await registers.run({ select: "limits+" });
});
afterAll(() => registers[Symbol.asyncDispose]());

const back = { asset: limits, to: 1, by: "ana", reason: "wrong file" } as const;

test("a rollback that would tear what readers see is refused, and says what would be torn", async () => {
  const { merges } = registers.project;
  await expect(merges.rollback({ ...back, cascade: "refuse" })).rejects.toMatchObject({
    code: "ROLLBACK_TEARS",
    details: { torn: [{ asset: "doubled" }, { asset: "totals" }] },
  });
  expect(await registers.rows("limits")).toEqual(["least=3"]);
  expect((await merges.audit(limits, { limit: 10 })).map((entry) => entry.kind)).toEqual([
    "version:committed",
    "version:committed",
  ]);
});

test("what is not there, nobody is taken back to", async () => {
  const { merges } = registers.project;
  await expect(merges.rollback({ ...back, to: 7, cascade: "leaveStale" })).rejects.toMatchObject({
    code: "STORE_VERSION_UNKNOWN",
  });
  await expect(merges.rollback({ ...back, reason: " ", cascade: "leaveStale" })).rejects.toMatchObject({
    code: "USAGE_INVALID",
  });
});

test("readers are taken back at once, the version is pinned, and what was built from the other is stale", async () => {
  const { merges } = registers.project;
  const result = await merges.rollback({ ...back, cascade: "leaveStale" });
  expect(result).toMatchObject({ run: null, partitions: [""], descendants: ["doubled", "totals"] });
  expect(await registers.rows("limits")).toEqual(["least=1"]);
  expect(await registers.rows("doubled")).toEqual(["least=6"]);
  expect(await registers.project.partitionStatuses(key("doubled"))).toEqual([{ partition: "", status: "stale" }]);
  expect((await registers.project.why(limits, unpartitioned)).reasons).toContainEqual(
    expect.stringContaining("pinned"),
  );
  const plan = await registers.project.plan({ select: "limits" });
  expect(plan.assets[0]?.skip[0]?.reason).toEqual({ kind: "pinned" });
});

test("a run makes what reads it again, and leaves the pinned version alone", async () => {
  expect(await registers.run({ select: "limits+" })).toMatchObject({ state: "succeeded", skipped: { pinned: 1 } });
  expect(await registers.rows("doubled")).toEqual(["least=2"]);
  expect(await registers.rows("limits")).toEqual(["least=1"]);
});

test("force ends the pin", async () => {
  await registers.run({ select: "limits", force: true });
  expect(await registers.rows("limits")).toEqual(["least=3"]);
  const plan = await registers.project.plan({ select: "limits" });
  expect(plan.assets[0]?.skip[0]?.reason).toEqual({ kind: "upToDate" });
});

test("with cascade, one run makes everything downstream from what remains; the same key gives the same run", async () => {
  const { merges } = registers.project;
  await registers.run({ select: "limits+" });
  const request = { ...back, cascade: "run", idempotencyKey: "k1" } as const;
  const result = await merges.rollback(request);
  expect(await registers.follow(result.run)).toMatchObject({ state: "succeeded" });
  expect([await registers.rows("limits"), await registers.rows("doubled")]).toEqual([["least=1"], ["least=2"]]);
  expect((await merges.rollback(request)).run?.id).toBe(result.run?.id);
});

test("the audit trail tells it in the order in which it happened", async () => {
  const entries = await registers.project.merges.audit(limits, { limit: 20 });
  expect(entries.map((entry) => entry.kind).toReversed()).toEqual([
    "version:committed",
    "version:committed",
    "order:given",
    "head:moved",
    "version:committed",
    "order:given",
    "head:moved",
  ]);
  expect(entries[0]).toMatchObject({ by: "ana", reason: "wrong file", version: 1, partition: "" });
  expect(entries[1]?.text).toBe("ana ordered: roll limits back to version 1, because wrong file.");
});

/** What a process leaves behind that ends after the wish is recorded and before the store is asked. */
async function leaveWish(from: number, to: number): Promise<void> {
  await using ledger = await openLedger(registers.ledgerUrl, { schema: "require" });
  await ledger.db.transaction().execute(async (tx) => {
    const place = { environment: "prod", asset: limits };
    const made = await tx
      .selectFrom("materialization")
      .select(["id", "store", "store_id"])
      .where("asset", "=", limits)
      .where("version", "=", to)
      .executeTakeFirstOrThrow();
    const decisionId = await insertDecision(tx, { ...place, kind: "rollback", by: "ana", reason: "crash" });
    const { store, store_id: storeId, id: materializationId } = made;
    const wish = { ...place, partition: unpartitioned, store, storeId, materializationId };
    await insertPins(tx, [{ ...wish, decisionId, fromVersion: from, toVersion: to }]);
  });
}

test("a rollback that a process left between ledger and store is finished when the store is opened next", async () => {
  await leaveWish(1, 2);
  expect(await registers.rows("limits")).toEqual(["least=1"]);
  await registers.reopen();
  expect(await registers.rows("limits")).toEqual(["least=3"]);
  expect((await registers.project.plan({ select: "limits" })).assets[0]?.skip[0]?.reason).toEqual({ kind: "pinned" });
});

test("a wish that was overtaken is dropped: the head that it was about is gone", async () => {
  await leaveWish(1, 1);
  const before = await registers.rows("limits");
  await registers.reopen();
  expect(await registers.rows("limits")).toEqual(before);
  await registers.reopen();
});
