import type { MergePolicy } from "@watersmeet/core/merge";
import { digestRows } from "@watersmeet/core/schema";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CommitPhase } from "../../../src/stores/commit/commit-context.ts";
import type { MergeEngine } from "../../../src/stores/merge-seam.ts";
import type { CommitRequest } from "../../../src/stores/store.ts";
import {
  createScratch,
  ids,
  orders,
  orderSchema,
  partition,
  prepare,
  publish,
  read,
  stampedAsset,
  type Scratch,
} from "../stored-rows.ts";
import { openWorlds, type StampedWorld } from "./stamped-world.ts";
import type { Told } from "./telling-engine.ts";

const policy: MergePolicy = { key: ["id"], rows: "recencyFirst", columns: {}, trust: {}, eventTime: null };

for (const kind of ["DuckDB", "Postgres"] as const) {
  describe(`the commit of a version that is kept as a difference, in ${kind}`, () => {
    let scratch: Scratch;
    let world: StampedWorld;
    const told = new Map<string, Told>();
    let failAt: CommitPhase | null = null;
    let publishMerges: MergeEngine["publish"] = async () => {};

    beforeAll(async () => {
      scratch = await createScratch();
      world = await openWorlds[kind](scratch, {
        onPhase(phase) {
          if (phase === failAt) throw new Error(`no further than ${phase}`);
        },
        tell: (attempt) => told.get(attempt) ?? { rows: [], keys: null },
        publish: (session, publications) => publishMerges(session, publications),
      });
    });

    beforeEach(() => {
      failAt = null;
      publishMerges = async () => {};
    });

    afterAll(async () => {
      await world[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    });

    for (const phase of ["begun", "ledgerWritten", "headsMoved", "rowsMoved", "extrasMoved"] as const) {
      test(`that fails when it has ${phase} leaves nothing, and is made again`, async () => {
        const asset = stampedAsset(`fails_${phase.toLowerCase()}`, false);
        const first = await publish(world.store, scratch, { asset, rows: orders(5) });
        const request = await prepare(world.store, scratch, { asset, rows: orders(5, 2), base: first.version });
        failAt = phase;
        await expect(world.store.commit([request])).rejects.toThrow(`no further than ${phase}`);
        failAt = null;
        expect(await world.store.findCommits([request.commitId])).toEqual([]);
        expect(ids(await world.query(`select id from ${asset.key}`))).toEqual([0, 1, 2, 3, 4]);
        const [second] = await world.store.commit([request]);
        expect(second).toMatchObject({
          version: 2,
          isReplay: false,
          dataDigest: digestRows(orderSchema, orders(5, 2)),
        });
        expect(ids(await read(world.store, asset, [first]))).toEqual([0, 1, 2, 3, 4]);
        expect(ids(await world.query(`select id from ${asset.key}`))).toEqual([2, 3, 4, 5, 6]);
      });
    }

    test("is refused for one of two writers that differ from the same version, whatever their environments", async () => {
      const asset = stampedAsset("races", true);
      const at = { asset, partition: "a" };
      const first = await publish(world.store, scratch, { ...at, rows: orders(5) });
      await publish(world.store, scratch, { ...at, rows: orders(5), environment: "dev", commitId: first.commitId });
      const requests: CommitRequest[] = [];
      for (const environment of ["prod", "prod", "dev"])
        requests.push(
          await prepare(world.store, scratch, {
            ...at,
            rows: orders(5, requests.length + 1),
            environment,
            base: first.version,
          }),
        );
      const results = await Promise.allSettled(requests.map((request) => world.store.commit([request])));
      expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
      for (const result of results)
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "STORE_STALE" });
      const winner = results.flatMap((result) => (result.status === "fulfilled" ? result.value : []))[0];
      const index = results.findIndex((result) => result.status === "fulfilled");
      expect(ids(await read(world.store, asset, [first]))).toEqual(ids(orders(5)));
      expect(ids(await read(world.store, asset, winner === undefined ? [] : [winner]))).toEqual(
        ids(orders(5, index + 1)),
      );
    });

    test("stays a failure when a statement of its transaction failed and nobody noticed", async () => {
      const asset = stampedAsset("unnoticed", false);
      const first = await publish(world.store, scratch, { asset, rows: orders(3) });
      const target = { asset, partition: partition(""), attempt: scratch.next() };
      const staged = await world.store.stageMerge(target, { policy, branches: [] });
      const measurement = await world.store.measure(staged, []);
      publishMerges = async (session) => {
        await session.run("insert into _watersmeet.meta (name, value) values ('store_id', 'another')").catch(() => {});
      };
      const commit = { commitId: scratch.next(), environment: "prod", staged, measurement, baseVersion: 1, record: {} };
      await expect(world.store.commit([commit])).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_/) });
      expect(await world.store.findCommits([commit.commitId])).toEqual([]);
      expect(await read(world.store, asset, [first])).toHaveLength(3);
      publishMerges = async () => {};
      expect(await world.store.commit([commit])).toMatchObject([{ version: 2, rowCount: 0 }]);
    });

    test("of many partitions is one difference each, in one transaction", async () => {
      const asset = stampedAsset("many_stamped", true);
      const names = Array.from({ length: 66 }, (_, index) => `p${index}`);
      await world.store.ensureAsset(asset);
      const publishAll = async (shift: number) => {
        const requests: CommitRequest[] = [];
        for (const [index, name] of names.entries()) {
          const target = { asset, partition: partition(name), attempt: scratch.next() };
          told.set(target.attempt, { rows: orders(3, index * 10 + shift), keys: null });
          const staged = await world.store.stageMerge(target, { policy, branches: [] });
          requests.push({
            commitId: scratch.next(),
            environment: "prod",
            staged,
            measurement: await world.store.measure(staged, []),
            baseVersion: shift === 0 ? null : index + 1,
            record: {},
          });
        }
        return await world.store.commit(requests);
      };
      const [first, second] = [await publishAll(0), await publishAll(1)];
      expect(await world.query("select * from many_stamped")).toHaveLength(198);
      const idsOf = (shift: number) =>
        names.flatMap((_, index) => [0, 1, 2].map((one) => index * 10 + shift + one)).toSorted((a, b) => a - b);
      expect(ids(await read(world.store, asset, first))).toEqual(idsOf(0));
      expect(ids(await read(world.store, asset, second))).toEqual(idsOf(1));
      expect(ids(await read(world.store, asset, [...first.slice(0, 20), ...second.slice(20)]))).toHaveLength(198);
    });
  });
}
