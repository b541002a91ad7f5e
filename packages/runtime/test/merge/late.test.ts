import type { LatePolicy, MergeOrder, MergeSpec } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import { column, read } from "../stores/stored-rows.ts";
import {
  branchesOf,
  commitStep,
  feedPolicy,
  publishFeed,
  stampedMerge,
  type CommittedStep,
  type Feed,
} from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const columns = [column("id", { kind: "text" }), column("name", { kind: "text" })];
const eventTime = column("at", { kind: "timestamp" });
const spec: MergeSpec = {
  policy: { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at" },
  schema: { columns },
};
const asOf = "2001-02-01T00:00:00Z";
const hour = 3_600_000;
const hold: LatePolicy = { graceMs: hour, beyond: "hold" };

/** A row an hour of the day. */
const row = (id: string, hourOfDay: number, name = id): Row => ({
  id,
  name,
  at: `2001-01-31T${String(hourOfDay).padStart(2, "0")}:00:00Z`,
});
const batch = (sequence: number, rows: readonly Row[]) => ({
  source: "s",
  batchKey: String(sequence),
  generation: 1,
  schemaVersion: "1",
  batchSequence: BigInt(sequence),
  rows: rows.map((one) => ({ row: one })),
});
/** The second comes after the first has moved the watermark to 12 o'clock: one row is in time, one in grace, one beyond it. */
const batches = [
  batch(0, [row("a", 10), row("b", 12)]),
  batch(1, [row("c", 13), row("d", 11.5), row("a", 10.5, "late"), row("e", 5)].map(withMinutes)),
  batch(2, [row("f", 2), { id: "g", name: "g", at: "2001-02-03T00:00:00Z" }]),
];

function withMinutes(one: Row): Row {
  return { ...one, at: String(one["at"]).replace(/T(\d+)\.5:00/, "T$1:30") };
}

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`late rows in ${engine}`, () => {
    let world: MergeWorld;
    let feed: Feed;
    beforeAll(async () => {
      world = await open({ partialPerMille: 1000 });
      feed = await publishFeed(world, { spec, batches, columns, eventTime });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const step = (
      target: StoredAsset,
      indexes: readonly number[],
      more: {
        readonly base?: CommittedStep;
        readonly policy?: LatePolicy;
        readonly orders?: readonly MergeOrder[];
      } = {},
    ) =>
      commitStep(world, {
        target,
        base: more.base?.commit,
        merge: {
          policy: feedPolicy(spec.policy),
          branches: branchesOf(feed, indexes),
          late: { policy: more.policy ?? hold, asOf, window: null },
          orders: more.orders ?? [],
        },
      });
    const names = async (target: StoredAsset, { commit }: CommittedStep) =>
      (await read(world.store, target, [commit])).map(({ id, name }) => `${String(id)}=${String(name)}`).sort();

    test("wait in a batch of their own until they are admitted, and then the table is the one in order (M30, M31)", async () => {
      const target = stampedMerge(world, columns);
      const first = await step(target, [0]);
      expect(first.staged.cut?.cut.watermark).toBe(String(Date.parse("2001-01-31T12:00:00Z") * 1000));
      const second = await step(target, [0, 1], { base: first });
      expect(await names(target, second)).toEqual(["a=a", "b=b", "c=c", "d=d"]);
      expect(second.staged.batches.map(({ outcome, rowCount }) => `${outcome} ${rowCount}`)).toEqual([
        "duplicate 2",
        "admitted 2",
        "held 2",
      ]);
      expect(second.staged.batches[1]?.lateness).toEqual({ onTime: 1, inGrace: 1 });
      expect(second.staged.batches[2]?.lateness).toEqual({ beyondGrace: 2 });
      expect(second.staged.fates).toMatchObject({ winner: 4, held: 2, superseded: 0 });
      const third = await step(target, [0, 1], { base: second });
      expect(third.staged.fates).toEqual(second.staged.fates);
      const held = second.staged.batches[2]?.batchId ?? "";
      const [waiting] = await world.store.merges.listBatches({ asset: target.key, standing: "held", limit: 5 });
      expect(waiting).toMatchObject({ batchId: held, batchKey: "1#held", rowCount: 2 });
      const rows = await world.store.merges.readBatchRows({ asset: target, batchId: held, limit: 5 });
      expect(rows.map(({ key, lateClass }) => `${String(key["id"])} ${lateClass}`).sort()).toEqual([
        "a beyondGrace",
        "e beyondGrace",
      ]);
      const fourth = await step(target, [0, 1], { base: third, orders: [{ kind: "admit", batchId: held }] });
      expect(await names(target, fourth)).toEqual(["a=late", "b=b", "c=c", "d=d", "e=e"]);
      const inOrder = await step(stampedMerge(world, columns), [0, 1]);
      expect(fourth.commit.dataDigest).toBe(inOrder.commit.dataDigest);
      expect(fourth.staged.fates).toEqual(inOrder.staged.fates);
    });

    test("are left out and recorded where a merge rejects them", async () => {
      const target = stampedMerge(world, columns);
      const first = await step(target, [0], { policy: { ...hold, beyond: "reject" } });
      const second = await step(target, [0, 1], { base: first, policy: { ...hold, beyond: "reject" } });
      expect(second.staged.fates).toMatchObject({ winner: 4, rejected: 2, held: 0 });
      expect(second.staged.batches.at(-1)?.outcome).toBe("rejected");
    });

    test("amend what is published where a merge lets them, but not the closed period", async () => {
      const target = stampedMerge(world, columns);
      const policy: LatePolicy = { graceMs: 0, beyond: "amend", closedBefore: "2001-01-31T03:00:00Z" };
      const first = await step(target, [0], { policy });
      const second = await step(target, [0, 1, 2], { base: first, policy });
      expect(await names(target, second)).toEqual(["a=late", "b=b", "c=c", "d=d", "e=e"]);
      // One row is of the closed period, one claims a time two days ahead.
      expect(second.staged.fates).toMatchObject({ held: 1, rejected: 1 });
      const closed = second.staged.batches.find(({ outcome }) => outcome === "held")?.batchId ?? "";
      const orders: readonly MergeOrder[] = [{ kind: "admit", batchId: closed }];
      const third = await step(target, [0, 1, 2], { base: second, policy, orders });
      expect(third.staged.fates).toMatchObject({ held: 1 });
      const overriding = [{ kind: "admit" as const, batchId: closed, overridesClosed: true }];
      const fourth = await step(target, [0, 1, 2], { base: third, policy, orders: overriding });
      expect(await names(target, fourth)).toContain("f=f");
    });

    test("wait when the cap on amendments is reached (M32)", async () => {
      const target = stampedMerge(world, columns);
      const policy: LatePolicy = { graceMs: 100 * hour, beyond: "amend", amendments: { count: 1, perMs: 24 * hour } };
      const first = await step(target, [0], { policy });
      const second = await step(target, [0, 1], { base: first, policy });
      expect(second.staged.fates).toMatchObject({ held: 0 });
      const third = await step(target, [0, 1, 2], { base: second, policy });
      expect(third.staged.fates).toMatchObject({ held: 1, rejected: 1 });
    });
  });
}
