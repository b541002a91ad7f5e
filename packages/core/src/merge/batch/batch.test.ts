import { expect, test } from "vitest";
import { goldenBatches, goldenEventTime, goldenSpec } from "../../testing/merge-golden.ts";
import { parseAssetKey } from "../../values/asset-key.ts";
import { unpartitioned } from "../../values/partitions/partition-key.ts";
import { admitBatch, makeBatchId, makeBatchKey, restatementOf, type KnownBatch } from "./batch.ts";
import { sealBatch, type DeliveredRow } from "./seal-batch.ts";

const known = (generation: number, digest: string, standing: KnownBatch["standing"]): KnownBatch => ({
  batchKey: "k",
  generation,
  digest,
  standing,
});

test("the first batch of a key is its first generation", () => {
  expect(admitBatch([], { batchKey: "k", digest: "a" }, "refuse")).toEqual({
    kind: "admitted",
    generation: 1,
    isSuspect: false,
  });
});

test("the live content again is a duplicate", () => {
  const existing = [known(1, "a", "superseded"), known(2, "b", "live")];
  expect(admitBatch(existing, { batchKey: "k", digest: "b" }, "supersede")).toEqual({
    kind: "duplicate",
    generation: 2,
    standing: "live",
  });
});

test("another content supersedes, or is refused where the key promised not to change", () => {
  const existing = [known(1, "a", "live")];
  expect(admitBatch(existing, { batchKey: "k", digest: "b" }, "supersede")).toEqual({
    kind: "superseding",
    generation: 2,
    supersedes: 1,
  });
  expect(admitBatch(existing, { batchKey: "k", digest: "b" }, "refuse")).toEqual({ kind: "refused", live: 1 });
});

test("what was superseded comes back as a new generation", () => {
  const existing = [known(1, "a", "superseded"), known(2, "b", "live")];
  expect(admitBatch(existing, { batchKey: "k", digest: "a" }, "supersede")).toMatchObject({ generation: 3 });
});

test("what was taken back stays so when it is delivered again, and another content is a new generation", () => {
  const existing = [known(1, "a", "live"), known(2, "b", "revoked")];
  const deliver = (digest: string) => admitBatch(existing, { batchKey: "k", digest }, "supersede");
  expect(deliver("b")).toEqual({ kind: "duplicate", generation: 2, standing: "revoked" });
  expect(deliver("a")).toEqual({ kind: "duplicate", generation: 1, standing: "live" });
  expect(deliver("c")).toEqual({ kind: "superseding", generation: 3, supersedes: 1 });
  expect(admitBatch([known(1, "a", "revoked")], { batchKey: "k", digest: "c" }, "supersede")).toMatchObject({
    kind: "admitted",
    generation: 2,
  });
});

test("a held delivery again is a duplicate, and another content takes its place", () => {
  const existing = [known(1, "a", "held")];
  expect(admitBatch(existing, { batchKey: "k", digest: "a" }, "supersede")).toMatchObject({ standing: "held" });
  expect(admitBatch(existing, { batchKey: "k", digest: "b" }, "supersede")).toMatchObject({ kind: "superseding" });
});

test("only a state is restated; changes and snapshots refuse another content under their key", () => {
  expect((["state", "changes", "snapshot"] as const).map(restatementOf)).toEqual(["supersede", "refuse", "refuse"]);
});

test("the same content under another key is admitted and marked", () => {
  expect(admitBatch([known(1, "a", "live")], { batchKey: "other", digest: "a" }, "refuse")).toMatchObject({
    kind: "admitted",
    isSuspect: true,
  });
});

test("batch keys and ids tell apart everything that they are made of", () => {
  const scope = { asset: parseAssetKey("a"), source: "b", partition: unpartitioned, extent: ["c"] };
  const keys = [
    scope,
    { ...scope, source: "bc", extent: [""] },
    { ...scope, extent: ["c", ""] },
    { ...scope, extent: [] },
  ].map(makeBatchKey);
  expect(new Set(keys).size).toBe(keys.length);
  const batch = { batchKey: "k", generation: 1, schemaVersion: "1", digest: "d" };
  expect(makeBatchId(batch)).not.toBe(makeBatchId({ ...batch, generation: 2 }));
});

test("the same rows in another order are the same batch", () => {
  const seal = (rows: readonly DeliveredRow[]) =>
    sealBatch(goldenSpec, goldenEventTime, {
      source: "web",
      batchKey: "k",
      generation: 1,
      schemaVersion: "1",
      batchSequence: 1n,
      rows,
    });
  const rows = [{ row: { customer: "k1", at: 1 } }, { row: { customer: "k2", at: 1, name: null } }];
  const [one, other] = [seal(rows), seal(rows.toReversed())];
  expect(one).toMatchObject({ batch: { batchId: other.kind === "sealed" ? other.batch.batchId : "" } });
  expect(seal([...rows, ...rows.slice(0, 1)])).not.toMatchObject({
    batch: { digest: one.kind === "sealed" ? one.batch.digest : "" },
  });
  const twice = rows.map((row) => seal([row, row])).map((each) => (each.kind === "sealed" ? each.batch.digest : ""));
  expect(new Set(twice).size).toBe(2);
});

test("the digest of a batch depends neither on trust nor on tolerance", () => {
  const spec = { ...goldenSpec, policy: { ...goldenSpec.policy, trust: {}, toleranceUs: 5 } };
  const rows = [{ row: { customer: "k1", at: 10, name: "Ann", email: "a@x" } }];
  const sealing = sealBatch(spec, goldenEventTime, {
    source: "crm",
    batchKey: "crm-1",
    generation: 1,
    schemaVersion: "1",
    batchSequence: 1n,
    rows,
  });
  expect(sealing).toMatchObject({ batch: { batchId: goldenBatches.b1.batchId } });
});

test("a batch with two values for one token is ambiguous, and its keys are named", () => {
  const rows = [
    { row: { customer: "k1", at: 1, name: "a" } },
    { row: { customer: "k1", at: 1, name: "b" } },
    { row: { customer: "k2", at: 1 } },
  ];
  const batch = { source: "web", batchKey: "k", generation: 1, schemaVersion: "1", batchSequence: 1n };
  expect(sealBatch(goldenSpec, goldenEventTime, { ...batch, rows })).toEqual({
    kind: "ambiguous",
    keys: [{ customer: "k1" }],
  });
  expect(
    sealBatch(goldenSpec, goldenEventTime, {
      ...batch,
      rows: rows.map((row, index) => ({ ...row, ordinal: BigInt(index) })),
    }),
  ).toMatchObject({ kind: "sealed" });
});

test("what a delete says beside its key is nothing, so that two of them are one", () => {
  const rows: readonly DeliveredRow[] = [
    { row: { customer: "k1", at: 1, name: "a" }, operation: "delete" },
    { row: { customer: "k1", at: 1, name: "b" }, operation: "delete" },
  ];
  const batch = { source: "web", batchKey: "k", generation: 1, schemaVersion: "1", batchSequence: 1n, rows };
  const sealing = sealBatch(goldenSpec, goldenEventTime, batch);
  expect(sealing.kind === "sealed" ? sealing.batch.contributions.map(({ cells }) => cells) : []).toEqual([{}, {}]);
});

test("rows without a usable key or time are rejected with the reason", () => {
  const rows = [
    { customer: null, at: 1 },
    { at: 1 },
    { customer: "a\0b", at: 1 },
    { customer: "\ud800", at: 1 },
    { customer: "k", at: null },
    { customer: "k", at: 1.5 },
  ];
  const sealing = sealBatch(goldenSpec, goldenEventTime, {
    source: "web",
    batchKey: "k",
    generation: 1,
    schemaVersion: "1",
    batchSequence: 1n,
    rows: rows.map((row) => ({ row })),
  });
  expect(
    sealing.kind === "sealed" ? sealing.batch.rejected.map(({ reason, column }) => `${column}: ${reason}`) : [],
  ).toEqual([
    "customer: keyMissing",
    "customer: keyMissing",
    "customer: keyNotText",
    "customer: keyNotText",
    "at: eventTimeMissing",
    "at: eventTimeInvalid",
  ]);
});
