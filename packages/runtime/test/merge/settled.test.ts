import type { CellPolicy, DeliveredBatch, MergeOrder, MergeSpec, RowPolicy } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CollectOptions } from "../../src/stores/port/merge-records.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import { column, read } from "../stores/stored-rows.ts";
import {
  branchesOf,
  commitStep,
  deliver,
  feedPolicy,
  publishFeed,
  stampedMerge,
  type CommittedStep,
} from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const hourMs = 3_600_000;
const columns = [
  column("id", { kind: "text" }, false),
  column("name", { kind: "text" }),
  column("city", { kind: "text" }),
  column("size", { kind: "integer" }),
];
const eventTime = column("at", { kind: "timestamp" });
const terms = {
  policy: { graceMs: 2 * hourMs, beyond: "hold" },
  asOf: "2001-12-01T00:00:00Z",
  window: null,
} as const;
const retention = { keepMs: 3 * hourMs };

interface Said {
  readonly key: number;
  readonly back: number;
  readonly operation: "upsert" | "delete" | "retract";
  readonly cells: Readonly<Record<string, string | number | null>>;
}

const said: fc.Arbitrary<Said> = fc.record({
  key: fc.nat(4),
  back: fc.nat(4),
  operation: fc.oneof(
    { arbitrary: fc.constant("upsert" as const), weight: 6 },
    { arbitrary: fc.constantFrom("delete" as const, "retract" as const), weight: 2 },
  ),
  cells: fc.record(
    { name: fc.constantFrom("a", "b", null), city: fc.constantFrom("x", "y"), size: fc.nat(3) },
    { requiredKeys: [] },
  ),
});

/** Batches of two sources whose times move on by two hours each: what is further back than the grace comes late. */
const histories = fc.record({
  rows: fc.constantFrom<RowPolicy>("recencyFirst", "priorityFirst"),
  name: fc.constantFrom<CellPolicy>("recencyFirst", "priorityFirst", "first"),
  size: fc.constantFrom<CellPolicy>("recencyFirst", "recencyFirst", "sum"),
  toleranceUs: fc.constantFrom(0, 2 * hourMs * 1000),
  batches: fc.array(fc.array(said, { minLength: 3, maxLength: 8 }), {
    minLength: 8,
    maxLength: 8,
  }),
});

const samples = fc.sample(histories, { numRuns: 2, seed: 11 });

type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

function specOf({ name, rows, size, toleranceUs }: History): MergeSpec {
  const policy = { key: ["id"], rows, columns: { name, size }, trust: { one: 2, two: 1 }, eventTime: "at" };
  return { policy: { ...policy, toleranceUs }, schema: { columns } };
}

function batchesOf({ batches }: History): readonly DeliveredBatch[] {
  return batches.map((rows, index) => ({
    source: index % 2 === 0 ? "one" : "two",
    batchKey: String(index),
    generation: 1,
    schemaVersion: "1",
    batchSequence: BigInt(index),
    rows: rows.map(({ back, cells, key, operation }, sequence) => ({
      row: { id: `k${key}`, ...cells, at: timeOf(2 * index - back) } satisfies Row,
      operation,
      sequence: BigInt(sequence),
    })),
  }));
}

const common = { source: "s", generation: 1, schemaVersion: "1" };
const plain: MergeSpec = {
  policy: { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at" },
  schema: { columns },
};

function timeOf(hours: number): string {
  return new Date(Date.parse("2001-06-01T00:00:00Z") + hours * hourMs).toISOString();
}

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`what retention lets go of in ${engine}`, () => {
    let world: MergeWorld;
    beforeAll(async () => {
      world = await open({ partialPerMille: 1000 });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const conserve = async (asset: StoredAsset, { commit }: CommittedStep): Promise<void> => {
      const { partition, version } = commit;
      const [cut] = await world.store.merges.listCuts({ asset: asset.key, partition, version, limit: 1 });
      const batches = await world.store.merges.listBatches({ asset: asset.key, partition, version, limit: 1000 });
      const delivered = batches.reduce((sum, { rowCount }) => sum + rowCount, 0);
      expect(Object.values(cut?.fates ?? {}).reduce((sum, count) => sum + count, 0)).toBe(delivered);
    };

    for (const [index, history] of samples.entries()) {
      test(`changes no row and no digest, not of any later batch either, and every contribution keeps one fate (${index}, M14, L4, L14)`, async () => {
        let settled = 0;
        const spec = specOf(history);
        const batches = batchesOf(history);
        const feed = await publishFeed(world, { spec, batches, columns, eventTime });
        const [collected, kept] = [stampedMerge(world, columns), stampedMerge(world, columns)];
        const policy = feedPolicy(spec.policy);
        const collect: Omit<CollectOptions, "dryRun"> = {
          asset: collected,
          keepVersions: [],
          settle: { policy, ...retention, revoked: [] },
        };
        const orders = new Map<StoredAsset, readonly MergeOrder[]>();
        const heads = new Map<StoredAsset, CommittedStep>();
        const step = async (target: StoredAsset, count: number): Promise<CommittedStep> => {
          const merge = {
            policy,
            branches: branchesOf(feed, [...batches.keys()].slice(0, count)),
            late: terms,
            retention,
            orders: orders.get(target) ?? [],
            shadowPerMille: 1000,
          };
          const made = await commitStep(world, { target, merge, base: heads.get(target)?.commit });
          heads.set(target, made);
          expect(made.staged.shadow?.differentKeys ?? []).toEqual([]);
          await conserve(target, made);
          return made;
        };
        const compare = async (count: number): Promise<void> => {
          const [ours, theirs] = [await step(collected, count), await step(kept, count)];
          expect(ours.commit.dataDigest).toBe(theirs.commit.dataDigest);
          expect(ours.staged.batches.map(({ outcome, rowCount }) => [outcome, rowCount])).toEqual(
            theirs.staged.batches.map(({ outcome, rowCount }) => [outcome, rowCount]),
          );
        };
        for (let count = 2; count <= batches.length; count += 2) {
          await compare(count);
          const latest = heads.get(collected);
          if (latest === undefined) throw new Error("no version");
          const before = await read(world.store, collected, [latest.commit]);
          const planned = await world.store.merges.collect({ ...collect, dryRun: true });
          expect(await world.store.merges.collect({ ...collect, dryRun: false })).toEqual(planned);
          settled += planned.contributions;
          const again = await world.store.merges.collect({ ...collect, dryRun: true });
          expect(again).toEqual({ versions: 0, rows: 0, batches: 0, contributions: 0 });
          expect(await read(world.store, collected, [latest.commit])).toEqual(before);
          await conserve(collected, latest);
          const shadow = { asset: collected, policy, partition: latest.commit.partition, perMille: 1000 };
          const found = await world.store.merges.checkShadow({ ...shadow, version: latest.commit.version });
          expect(found.differentKeys).toEqual([]);
        }
        // The latest batch is within the retention: it can be taken back, and nothing that it hid has been let go.
        for (const target of [collected, kept]) {
          const [latest] = await world.store.merges.listBatches({ asset: target.key, limit: 1 });
          if (latest === undefined) throw new Error("no batch");
          orders.set(target, [{ kind: "revoke", batchId: latest.batchId }]);
        }
        await compare(batches.length);
        expect(settled).toBeGreaterThan(2);
      });
    }

    test("spares keys of which a batch that waits speaks, and what only trust or sequence would tell apart (M14, M30)", async () => {
      const said = (key: string, hours: number, more: Partial<DeliveredBatch["rows"][number]> = {}) => ({
        row: { id: key, name: `${key} at ${hours}`, at: timeOf(hours) },
        ...more,
      });
      const batches = [
        [
          said("hidden", 10),
          said("hidden", 12, { operation: "delete" }),
          said("tied", 10),
          said("tied", 10, { operation: "retract", sequence: 1n }),
          said("stale", 5),
          said("stale", 6),
          said("new", 20),
        ],
        [said("hidden", 11)],
      ].map((rows, index) => ({ ...common, batchKey: String(index), batchSequence: BigInt(index), rows }));
      const feed = await publishFeed(world, { spec: plain, batches, columns, eventTime });
      const asset = stampedMerge(world, columns);
      const policy = feedPolicy(plain.policy);
      const step = (indexes: readonly number[], base?: CommittedStep, orders: readonly MergeOrder[] = []) => {
        const merge = { policy, branches: branchesOf(feed, indexes), late: terms, retention, orders };
        return commitStep(world, { target: asset, merge, base: base?.commit });
      };
      const second = await step([0, 1], await step([0]));
      const held = second.staged.batches.find(({ outcome }) => outcome === "held")?.batchId ?? "";
      const settle = { policy, ...retention, revoked: [] };
      const options = { asset, keepVersions: [], dryRun: false, settle };
      expect(await world.store.merges.collect(options)).toMatchObject({ versions: 1, contributions: 1 });
      await conserve(asset, second);
      const third = await step([0, 1], second, [{ kind: "admit", batchId: held }]);
      const ids = (await read(world.store, asset, [third.commit])).map(({ id }) => String(id));
      expect(ids.toSorted()).toEqual(["new", "stale"]);
      const batch = await world.store.merges.listBatches({ asset: asset.key, batchIds: [held], limit: 1 });
      expect(batch[0]?.settledBefore).toBeUndefined();
    });

    test("counts as the batches do that are left, once those are forgotten that others had replaced (L14)", async () => {
      const rows = (name: string) => [{ row: { id: "a", name, at: timeOf(1) } }, { row: { id: "b", name, at: null } }];
      const batches = ["one", "two", "three"].map((name, index) => ({
        ...common,
        batchKey: String(index),
        batchSequence: BigInt(index),
        rows: rows(name),
      }));
      const feed = await publishFeed(world, { spec: plain, batches: batches.slice(), columns, eventTime });
      const asset = stampedMerge(world, columns);
      const policy = feedPolicy(plain.policy);
      let base: CommittedStep | undefined;
      for (const index of batches.keys()) {
        const [branch] = branchesOf(feed, [index]);
        const deliveries = [deliver(feed, index, { emits: "state", batchKey: "all" })];
        if (branch === undefined) throw new Error("no branch");
        const merge = { policy, branches: [{ ...branch, deliveries }] };
        base = await commitStep(world, { target: asset, merge, base: base?.commit });
      }
      if (base === undefined) throw new Error("no version");
      await conserve(asset, base);
      const options = { asset, keepVersions: [], dryRun: false };
      expect(await world.store.merges.collect(options)).toMatchObject({ versions: 2, batches: 2, contributions: 4 });
      await conserve(asset, base);
      const [branch] = branchesOf(feed, [2]);
      if (branch === undefined) throw new Error("no branch");
      const deliveries = [deliver(feed, 2, { emits: "state", batchKey: "all" })];
      const again = await commitStep(world, {
        target: asset,
        merge: { policy, branches: [{ ...branch, deliveries }] },
        base: base.commit,
      });
      await conserve(asset, again);
      expect(again.commit.dataDigest).toBe(base.commit.dataDigest);
    });
  });
}
