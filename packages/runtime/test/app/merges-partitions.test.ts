import { createPartitionSpace, fingerprint, type PartitionKey } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { key, openRegisters, type Registers } from "./registers-project.ts";

/* A merge by days: what is decided about one day moves that day, and nothing else. The tests build on each other, in this order. */
let registers: Registers;
const levels = key("levels");
const ana = { by: "ana", reason: "the gauge was cleaned" } as const;
beforeAll(async () => {
  registers = await openRegisters();
  await registers.run({ select: "+sums" });
});
afterAll(() => registers[Symbol.asyncDispose]());

const merges = () => registers.project.merges;
const findBatch = async (partition: string, branch: string): Promise<string> => {
  const batches = await merges().listBatches({ asset: levels, limit: 100 });
  return batches.find((each) => each.partition === partition && each.branch === branch)?.batchId ?? "none";
};
const statuses = async (asset: string): Promise<string> =>
  (await registers.project.partitionStatuses(key(asset))).map((each) => each.status).join(" ");

test("every partition is described, and a key is found in the one that something was said in", async () => {
  const { partitions } = await merges().describe(levels);
  expect(partitions.map((each) => [each.partition, each.legs.length, each.waitingFor.length])).toEqual([
    ["2001-01-01", 2, 0],
    ["2001-01-02", 2, 0],
    ["2001-01-03", 2, 0],
  ]);
  const first = await merges().explain({ asset: levels, key: { gauge: "a" } });
  expect([first.partition, first.row]).toEqual(["2001-01-01", { gauge: "a", level: 101 }]);
  const second = await merges().explain({ asset: levels, key: { gauge: "a" }, partition: dayOf(2) });
  expect([second.partition, second.row]).toEqual(["2001-01-02", { gauge: "a", level: 102 }]);
  expect(second.cells[0]).toMatchObject({
    policy: "priorityFirst",
    winners: [
      { branch: "hand", token: [{ part: "trust", value: "1" }, { part: "time", value: "undated" }, {}, {}, {}, {}] },
    ],
    runnersUp: [{ branch: "automatic", fate: "superseded", batch: { cursor: { from: expect.any(String) } } }],
  });
});

test("a revoked batch makes exactly its partition and what reads it stale, and its day falls to who was next", async () => {
  const batchIds = [await findBatch("2001-01-02", "hand")];
  const { run, partitions } = await merges().revoke({ asset: levels, what: { kind: "batches", batchIds }, ...ana });
  expect(partitions).toEqual(["2001-01-02"]);
  expect(await registers.follow(run)).toMatchObject({ state: "succeeded", stepCount: 1 });
  expect(await registers.rows("levels")).toEqual([
    "gauge=a level=101",
    "gauge=a level=103",
    "gauge=a level=2",
    "gauge=b level=0",
    "gauge=b level=0",
  ]);
  expect([await statuses("levels"), await statuses("sums")]).toEqual([
    "materialized materialized materialized",
    "materialized stale materialized",
  ]);
});

test("the partition of a version need not be named to roll it back", async () => {
  const [cut] = await merges().listCuts(levels, { partition: dayOf(3), limit: 1 });
  await registers.run({ select: "levels", partitions: "2001-01-03", force: true });
  const request = { asset: levels, to: cut?.version ?? 0, cascade: "leaveStale", ...ana } as const;
  // The forced version joined the same batches: there is nothing to take back.
  expect(await merges().rollback(request)).toMatchObject({ batches: [], run: null });
});

test("a batch that nobody has seen can be revoked only where it is clear which partition it would be of", async () => {
  const what = { kind: "batches", batchIds: [fingerprint(["never delivered"])] } as const;
  await expect(merges().revoke({ asset: levels, what, ...ana })).rejects.toMatchObject({ code: "MERGE_BATCH_UNKNOWN" });
  const { run, batches } = await merges().revoke({ asset: key("airports"), what, ...ana });
  expect([batches, run?.stepCount]).toEqual([[], 0]);
  const [order] = await merges().audit(key("airports"), { limit: 1 });
  expect(order).toMatchObject({ kind: "order:given", details: { batchIds: what.batchIds } });
});

/** A day of January 2001 as a partition. */
function dayOf(number: number): PartitionKey {
  const day = registers.project.project().graph.assets.get(levels)?.partitions;
  if (day === undefined || day === null) throw new Error("levels is not partitioned");
  return createPartitionSpace(day, new Date()).keyAt(number - 1);
}
