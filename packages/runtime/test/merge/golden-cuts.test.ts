import type { MergeOrder } from "@watersmeet/core/merge";
import { goldenBatches, goldenEventTime, goldenSets, goldenSpec, type GoldenBatch } from "@watersmeet/core/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import type { Commit } from "../../src/stores/store.ts";
import { partition, read } from "../stores/stored-rows.ts";
import { branchesOf, commitStep, feedPolicy, publishFeed, stampedMerge, type Feed } from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const names: readonly GoldenBatch[] = ["b1", "b2", "b3", "b4", "b5", "b6", "b7"];

/** The example's batches as they are delivered: rows with their operation. */
const delivered = names.map((name) => {
  const { source, contributions } = goldenBatches[name];
  return {
    source,
    batchKey: name,
    generation: 1,
    schemaVersion: "1",
    batchSequence: contributions[0]?.batchSequence ?? 0n,
    rows: contributions.map(({ key, cells, operation, eventTimeUs, sequence }) => ({
      row: { ...key, ...cells, at: Number(eventTimeUs) },
      operation,
      sequence,
    })),
  };
});

for (const [engine, open] of [
  ["DuckDB", openDuckdbWorld],
  ["Postgres", openPostgresWorld],
] as const) {
  describe(`the golden example as successive cuts in ${engine}`, () => {
    let world: MergeWorld;
    let feed: Feed;
    beforeAll(async () => {
      world = await open({ partialPerMille: 1000 });
      const { columns } = goldenSpec.schema;
      feed = await publishFeed(world, { spec: goldenSpec, batches: delivered, columns, eventTime: goldenEventTime });
    });
    afterAll(() => world[Symbol.asyncDispose]());

    test("each set is a version of its own", async () => {
      const target = stampedMerge(world, goldenSpec.schema.columns);
      const ids = new Map<GoldenBatch, string>();
      const commits: Commit[] = [];
      for (const set of Object.values(goldenSets)) {
        const orders = set.revoked.map((name): MergeOrder => ({ kind: "revoke", batchId: ids.get(name) ?? "" }));
        // Orders stay in force: what was taken back is taken back onto the third set, and so the sets after it build on that one.
        const base = commits[2] ?? commits.at(-1);
        if (commits.length > 3) await goBack(target, base);
        const { commit, staged } = await commitStep(world, {
          target,
          base,
          merge: {
            policy: feedPolicy(goldenSpec.policy),
            branches: branchesOf(
              feed,
              set.batches.map((name) => names.indexOf(name)),
            ),
            orders,
            shadowPerMille: 1000,
          },
        });
        for (const batch of staged.batches) ids.set(names[Number(batch.batchKey)] ?? "b1", batch.batchId);
        const rows = await read(world.store, target, [commit]);
        expect(rows.toSorted(byCustomer)).toEqual(set.rows.toSorted(byCustomer));
        expect(staged.shadow?.differentKeys ?? []).toEqual([]);
        commits.push(commit);
      }
      expect(new Set(commits.map(({ version }) => version)).size).toBe(6);
    });

    async function goBack(target: StoredAsset, to: Commit | undefined): Promise<void> {
      await world.store.revert({
        environment: "prod",
        asset: target,
        partition: partition(""),
        version: to?.version ?? 0,
        moveId: world.scratch.next(),
      });
    }

    test("says what was said of a key, by whom, and how it stands", async () => {
      const target = stampedMerge(world, goldenSpec.schema.columns);
      const first = await commitStep(world, {
        target,
        merge: { policy: feedPolicy(goldenSpec.policy), branches: branchesOf(feed, [0, 1, 2]) },
      });
      const contributions = await world.store.merges.readContributions({
        asset: target,
        partition: partition(""),
        key: { customer: "k2" },
        limit: 10,
      });
      expect(
        contributions.map(({ branch, operation, cells, eventTimeUs }) => ({ branch, operation, cells, eventTimeUs })),
      ).toEqual([
        { branch: "web", operation: "upsert", cells: { name: "Bob", email: null }, eventTimeUs: "11" },
        { branch: "erp", operation: "delete", cells: {}, eventTimeUs: "13" },
      ]);
      const batches = await world.store.merges.listBatches({ asset: target.key, limit: 10 });
      expect(
        batches
          .map(({ branch, standing, sinceVersion, sequence }) => `${branch} ${standing} ${sinceVersion} ${sequence}`)
          .sort(),
      ).toEqual(["crm live 1 1", "erp live 1 1", "web live 1 1"]);
      const [cut] = await world.store.merges.listCuts({ asset: target.key, limit: 1 });
      expect(cut?.cutId).toBe(first.staged.cut?.cutId);
      expect(cut?.fates).toEqual(first.staged.fates);
      expect(cut?.cut.legs.map(({ branch, batches: counts }) => [branch, counts.live])).toEqual([
        ["crm", 1],
        ["erp", 1],
        ["web", 1],
      ]);
      const [epoch] = await world.store.merges.listEpochs(target.key);
      expect(epoch).toMatchObject({ number: 1, batches: 3 });
    });

    test("the same cut again changes no row and has the same id", async () => {
      const target = stampedMerge(world, goldenSpec.schema.columns);
      const merge = { policy: feedPolicy(goldenSpec.policy), branches: branchesOf(feed, [0, 1, 2]) };
      const first = await commitStep(world, { target, merge });
      const again = await commitStep(world, { target, merge, base: first.commit });
      expect(again.staged.cut?.cutId).toBe(first.staged.cut?.cutId);
      expect(again.staged.delta).toMatchObject({ affectedKeys: 0, changedRows: 0 });
      expect(again.commit.dataDigest).toBe(first.commit.dataDigest);
      expect(again.staged.fates).toEqual(first.staged.fates);
    });
  });
}

function byCustomer(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  return String(a["customer"]) < String(b["customer"]) ? -1 : 1;
}
