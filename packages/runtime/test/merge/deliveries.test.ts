import type { MergeSpec } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import { compareStrings } from "@watersmeet/core/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Delivery, StagedBranch } from "../../src/stores/port/staged-merge.ts";
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
  type Feed,
} from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const columns = [column("id", { kind: "text" }), column("name", { kind: "text" })];
const eventTime = column("at", { kind: "timestamp" });
const spec: MergeSpec = {
  policy: { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: "at" },
  schema: { columns },
};
const at = (minute: number) => `2001-01-31T05:${String(minute).padStart(2, "0")}:00Z`;
const row = (id: string, minute: number, name = id): Row => ({ id, name, at: at(minute) });
const batch = (sequence: number, rows: readonly Row[]) => ({
  source: "s",
  batchKey: String(sequence),
  generation: 1,
  schemaVersion: "1",
  batchSequence: BigInt(sequence),
  rows: rows.map((one) => ({ row: one })),
});
/** Three snapshots: `b` changes and `c` goes; then nearly all is gone. */
const snapshots = [
  batch(0, [row("a", 1), row("b", 1), row("c", 9)]),
  batch(1, [row("a", 1), row("b", 2, "changed"), row("d", 2)]),
  batch(2, [row("a", 1)]),
  batch(3, [row("a", 1), row("b", 2, "changed"), row("d", 2), row("c", 3, "again")]),
];

interface Joining {
  readonly base?: CommittedStep;
  readonly revoked?: number | undefined;
}

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`what branches deliver to ${engine}`, () => {
    let world: MergeWorld;
    let feed: Feed;
    beforeAll(async () => {
      world = await open({ partialPerMille: 1000 });
      feed = await publishFeed(world, { spec, batches: snapshots, columns, eventTime });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const branch = (
      indexes: readonly number[],
      more: Partial<Delivery>,
      given: Partial<StagedBranch> = {},
    ): StagedBranch => ({
      name: "s",
      columns: feed.columns.map(({ name }) => name),
      deliveries: indexes.map((index) => deliver(feed, index, more)),
      ...given,
    });
    const commit = (target: StoredAsset, branches: readonly StagedBranch[], base?: CommittedStep) =>
      commitStep(world, { target, base: base?.commit, merge: { policy: feedPolicy(spec.policy), branches } });
    const names = async (target: StoredAsset, step: CommittedStep) =>
      (await read(world.store, target, [step.commit])).map(({ id, name }) => `${String(id)}=${String(name)}`).sort();

    test("a snapshot is kept as the difference to the one before it, and what it lacks is retracted (M13)", async () => {
      const target = stampedMerge(world, columns);
      const first = await commit(target, [branch([0], { emits: "snapshot" })]);
      const second = await commit(target, [branch([0, 1], { emits: "snapshot" })], first);
      expect(await names(target, second)).toEqual(["a=a", "b=changed", "d=d"]);
      const told = second.staged.batches[1];
      const rows = await world.store.merges.readBatchRows({ asset: target, batchId: told?.batchId ?? "", limit: 10 });
      expect(
        rows.map(({ key, operation, eventTimeUs }) => [key["id"], operation, eventTimeUs]).toSorted(byText),
      ).toEqual([
        ["b", "upsert", String(Date.parse(at(2)) * 1000)],
        ["c", "retract", String(Date.parse(at(9)) * 1000)],
        ["d", "upsert", String(Date.parse(at(2)) * 1000)],
      ]);
      expect(second.staged.fates).toMatchObject({ winner: 4, masked: 1, superseded: 1, duplicate: 1 });
      expect(told?.rowCount).toBe(4);
    });

    test("an unchanged snapshot says nothing: what was told is not told again, what is gone is not withdrawn twice", async () => {
      const target = stampedMerge(world, columns);
      const first = await commit(target, [branch([0, 1], { emits: "snapshot" })]);
      const same = deliver(feed, 1, { emits: "snapshot", batchKey: "renewed", sequence: 2n });
      const twice = deliver(feed, 1, { emits: "snapshot", batchKey: "renewed again", sequence: 3n });
      const told = branch([0, 1], { emits: "snapshot" });
      const renewed = await commit(target, [{ ...told, deliveries: [...told.deliveries, same, twice] }], first);
      for (const { batchId, rowCount } of renewed.staged.batches.slice(2)) {
        const rows = await world.store.merges.readBatchRows({ asset: target, batchId, limit: 10 });
        expect(rows).toEqual([]);
        expect(rowCount).toBe(3);
      }
      expect(renewed.staged.delta).toMatchObject({ affectedKeys: 0, changedRows: 0 });
      expect(renewed.staged.fates).toMatchObject({ ...first.staged.fates, duplicate: 7 });
    });

    test("what a snapshot says again is not late, and is counted (L14)", async () => {
      const target = stampedMerge(world, columns);
      const late = {
        policy: { graceMs: 0, beyond: "hold" as const },
        asOf: "2001-02-01T00:00:00Z",
        window: null,
      };
      const stage = (branches: readonly StagedBranch[], base?: CommittedStep) =>
        commitStep(world, {
          target,
          base: base?.commit,
          merge: { policy: feedPolicy(spec.policy), branches, late },
        });
      const told = branch([0], { emits: "snapshot" });
      const first = await stage([told]);
      // All but `c` are older than the watermark that `c` has brought about.
      const same = deliver(feed, 0, { emits: "snapshot", batchKey: "renewed", sequence: 1n });
      const renewed = await stage([{ ...told, deliveries: [...told.deliveries, same] }], first);
      expect(renewed.staged.batches.map(({ rowCount, outcome }) => [rowCount, outcome])).toEqual([
        [3, "duplicate"],
        [3, "admitted"],
      ]);
      expect(renewed.staged.fates).toMatchObject({ winner: 3, duplicate: 3, held: 0 });
    });

    test("a snapshot that lacks too much is refused and leaves nothing behind (M13)", async () => {
      const target = stampedMerge(world, columns);
      const first = await commit(target, [branch([0, 1], { emits: "snapshot" })]);
      await expect(commit(target, [branch([0, 1, 2], { emits: "snapshot" })], first)).rejects.toMatchObject({
        code: "MERGE_SNAPSHOT_SHRANK",
        details: { absentRows: 2, baseRows: 3 },
      });
      const generous = [branch([0, 1, 2], { emits: "snapshot" }, { shrinkPerMille: 700 })];
      expect(await names(target, await commit(target, generous, first))).toEqual(["a=a"]);
    });

    test("a row that a later snapshot has again is told again, and counts from its time on", async () => {
      const target = stampedMerge(world, columns);
      const first = await commit(target, [branch([0, 1, 3], { emits: "snapshot" })]);
      // It comes back with a time before that of the retract, which hides it: time decides, not arrival.
      expect(await names(target, first)).toEqual(["a=a", "b=changed", "d=d"]);
    });

    test("what a feed has delivered is not read again, and other rows under its key are refused (M19)", async () => {
      const target = stampedMerge(world, columns);
      const first = await commit(target, [branch([0], {})]);
      const [delivery] = branch([1], { batchKey: "0" }).deliveries;
      if (delivery === undefined) throw new Error("no delivery");
      const other = [{ ...branch([], {}), deliveries: [delivery] }];
      await expect(commit(target, other, first)).rejects.toMatchObject({ code: "MERGE_BATCH_CONFLICT" });
      const again = await commit(target, [branch([0], {})], first);
      expect(again.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate"]);
    });

    test("the rows of another batch under another key count, and are told apart as suspicious (M19)", async () => {
      const target = stampedMerge(world, columns);
      const twice = await publishFeed(world, {
        spec,
        batches: [snapshots[0], snapshots[1], snapshots[0]].flatMap((one) => one ?? []),
        columns,
        eventTime,
      });
      const merge = { policy: feedPolicy(spec.policy), branches: branchesOf(twice, [0, 1, 2]) };
      const { staged } = await commitStep(world, { target, merge });
      expect(staged.batches.map(({ isSuspectDuplicate = false }) => isSuspectDuplicate)).toEqual([false, false, true]);
      expect(staged.fates).toMatchObject({ winner: 4, duplicate: 3 });
    });

    test("what says all under its key takes the place of what it said, unless something new in it is too late", async () => {
      const target = stampedMerge(world, columns);
      const late = {
        policy: { graceMs: 0, beyond: "hold" as const },
        asOf: "2001-02-01T00:00:00Z",
        window: null,
      };
      const stage = (indexes: readonly number[], base?: CommittedStep) =>
        commitStep(world, {
          target,
          base: base?.commit,
          merge: {
            policy: feedPolicy(spec.policy),
            branches: [branch(indexes, { batchKey: "all", emits: "state" })],
            late,
          },
        });
      const first = await stage([0]);
      // Both say `a` at the same time as before, which is not late; `d` is new, and before the latest of all.
      const second = await stage([1], first);
      expect(second.staged.batches.map(({ outcome, generation }) => `${outcome} ${generation}`)).toEqual(["held 2"]);
      expect(await names(target, second)).toEqual(["a=a", "b=b", "c=c"]);
      const orders = [{ kind: "admit" as const, batchId: second.staged.batches[0]?.batchId ?? "" }];
      const third = await commitStep(world, {
        target,
        base: second.commit,
        merge: {
          policy: feedPolicy(spec.policy),
          branches: [branch([1], { batchKey: "all", emits: "state" })],
          late,
          orders,
        },
      });
      expect(await names(target, third)).toEqual(["a=a", "b=changed", "d=d"]);
      expect(third.staged.fates).toMatchObject({ superseded: 3, held: 0 });
    });

    test("a batch that was taken back stays out when it is delivered again (M37)", async () => {
      const target = stampedMerge(world, columns);
      const merge = { policy: feedPolicy(spec.policy), branches: branchesOf(feed, [0, 1]) };
      const first = await commitStep(world, { target, merge });
      const orders = [{ kind: "revoke" as const, batchId: first.staged.batches[1]?.batchId ?? "" }];
      const second = await commitStep(world, { target, merge: { ...merge, orders }, base: first.commit });
      const third = await commitStep(world, { target, merge, base: second.commit });
      expect(third.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "revoked"]);
      expect(third.commit.dataDigest).toBe(second.commit.dataDigest);
      expect(third.staged.fates).toMatchObject({ winner: 3, revoked: 3 });
    });

    describe.each(["changes", "snapshot"] as const)("a branch of %s that goes on from the cut before", (emits) => {
      const numbered = (index: number): Delivery => {
        const one = deliver(feed, index, { emits });
        return { ...one, origin: { ...one.origin, version: index } };
      };
      const all = (indexes: readonly number[]) => branch([], {}, { deliveries: indexes.map(numbered) });
      /** Everything up to the first of them is in the cut before. */
      const since = (indexes: readonly number[], listAll = never) => {
        const { asset, partition, version } = numbered(indexes[0] ?? 0).origin;
        return { ...all(indexes), continues: { inputs: [{ asset, partition, version }], listAll } };
      };
      const never = (): Promise<readonly Delivery[]> => Promise.reject(new Error("all deliveries were listed"));

      test("comes to what all of its deliveries come to, also when one is taken back", async () => {
        const [whole, continued] = [stampedMerge(world, columns), stampedMerge(world, columns)];
        const join = async (target: StoredAsset, branches: StagedBranch, given: Joining = {}) => {
          const { base, revoked } = given;
          const orders =
            revoked === undefined ? [] : [{ kind: "revoke" as const, batchId: await idOf(target, revoked) }];
          const merge = { policy: feedPolicy(spec.policy), branches: [branches], orders };
          return commitStep(world, { target, base: base?.commit, merge });
        };
        let [one, other] = [await join(whole, all([0])), await join(continued, all([0]))];
        for (const { indexes, last, revoked } of [
          { indexes: [0, 1], last: [0, 1] },
          { indexes: [0, 1, 3], last: [1, 3] },
          { indexes: [0, 1, 3], last: [3], revoked: 1 },
          { indexes: [0, 1, 3], last: [3] },
        ]) {
          one = await join(whole, all(indexes), { base: one, revoked });
          other = await join(continued, since(last), { base: other, revoked });
          expect(other.commit.dataDigest).toBe(one.commit.dataDigest);
          expect(other.staged.fates).toEqual(one.staged.fates);
          expect(await standings(continued)).toEqual(await standings(whole));
        }
      });

      test("is asked for all of them when the last would not be delivered as it was", async () => {
        const target = stampedMerge(world, columns);
        const first = await commit(target, [all([0])]);
        const listed = await commit(target, [since([1, 3], async () => [0, 1, 3].map(numbered))], first);
        expect(listed.staged.batches.map(({ outcome }) => outcome)).toEqual(["duplicate", "admitted", "admitted"]);
        const edited = numbered(3);
        const query = { ...edited.query, sql: `${edited.query.sql} and true` };
        const again = since([3], async () => [numbered(0), numbered(1), { ...edited, query }]);
        await expect(commit(target, [{ ...again, deliveries: [{ ...edited, query }] }], listed)).rejects.toMatchObject({
          code: "MERGE_BATCH_CONFLICT",
        });
      });

      async function idOf(target: StoredAsset, index: number): Promise<string> {
        const records = await world.store.merges.listBatches({ asset: target.key, limit: 10 });
        return records.find(({ batchKey }) => batchKey === String(index))?.batchId ?? "";
      }

      async function standings(target: StoredAsset): Promise<readonly string[]> {
        const records = await world.store.merges.listBatches({ asset: target.key, limit: 10 });
        return records.map(({ batchKey, standing }) => `${batchKey} ${standing}`);
      }
    });

    test("many batches are sealed together and folded like few", async () => {
      const many = Array.from({ length: 70 }, (_, index) =>
        batch(index, [row(`k${index % 7}`, index % 50, `n${index}`), row(`only ${index}`, 1)]),
      );
      const long = await publishFeed(world, { spec, batches: many, columns, eventTime });
      const target = stampedMerge(world, columns);
      const indexes = [...many.keys()];
      const policy = feedPolicy({ ...spec.policy, rows: "keepConflicts" });
      const all = await commitStep(world, { target, merge: { policy, branches: branchesOf(long, indexes) } });
      expect(all.staged.rowCount).toBe(77);
      const grown = await commitStep(world, {
        target: stampedMerge(world, columns),
        merge: { policy, branches: branchesOf(long, indexes.slice(0, 69)) },
      });
      const last = await commitStep(world, {
        target: grown.staged.target.asset,
        merge: { policy, branches: branchesOf(long, indexes) },
        base: grown.commit,
      });
      expect(last.staged.delta).toMatchObject({ affectedKeys: 2 });
      expect(last.commit.dataDigest).toBe(all.commit.dataDigest);
      expect(last.staged.fates).toEqual(all.staged.fates);
    });
  });
}

/** In the order of what they read as. */
function byText(a: unknown, b: unknown): number {
  return compareStrings(JSON.stringify(a), JSON.stringify(b));
}
