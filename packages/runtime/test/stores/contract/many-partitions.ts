import { expect, test } from "vitest";
import type { Commit } from "../../../src/stores/store.ts";
import { asset, ids, orders, prepare, publish, read, stageRows } from "../stored-rows.ts";
import type { StoreWorld } from "./store-world.ts";

/** Several partitions and assets at once. */
export function describeManyPartitions(world: StoreWorld): void {
  test("publishes all of a call's partitions, or none", async () => {
    const a = asset("all_or_none", true);
    await publish(world.store, world.scratch, { asset: a, partition: "a", rows: orders(1) });
    const good = await prepare(world.store, world.scratch, { asset: a, partition: "b", rows: orders(2) });
    const stale = await prepare(world.store, world.scratch, { asset: a, partition: "a", rows: orders(3) });
    await expect(world.store.commit([good, stale])).rejects.toMatchObject({
      code: "STORE_STALE",
      details: { partition: "a", head: 1, base: null },
    });
    expect(await world.store.listHeads("prod", a.key)).toHaveLength(1);
    expect(await world.store.commit([good])).toMatchObject([{ version: 2 }]);
  });

  test("replaces one partition and leaves the others alone, many in one call", async () => {
    const a = asset("many", true);
    const names = Array.from({ length: 80 }, (_, index) => `p${String(index).padStart(3, "0")}`);
    const requests = [];
    for (const [index, name] of names.entries())
      requests.push(
        await prepare(world.store, world.scratch, { asset: a, partition: name, rows: orders(2, index * 10) }),
      );
    const commits = await world.store.commit(requests);
    expect(commits.map((commit) => commit.partition)).toEqual(names);
    expect(new Set(commits.map((commit) => commit.version))).toEqual(new Set(names.map((_, index) => index + 1)));
    const replaced = await world.store.commit([
      await prepare(world.store, world.scratch, {
        asset: a,
        partition: "p003",
        rows: orders(1, 5000),
        base: commits[3]?.version ?? null,
      }),
      await prepare(world.store, world.scratch, {
        asset: a,
        partition: "p079",
        rows: orders(1, 6000),
        base: commits[79]?.version ?? null,
      }),
    ]);
    expect(await world.query("select * from many")).toHaveLength(78 * 2 + 2);
    expect(ids(await read(world.store, a, commits))).toHaveLength(160);
    expect(ids(await read(world.store, a, replaced))).toEqual([5000, 6000]);
    const every = commits.filter((_, index) => index % 2 === 0);
    expect(ids(await read(world.store, a, every))).toEqual(
      every.flatMap((commit) => [0, 1].map((one) => names.indexOf(commit.partition) * 10 + one)),
    );
  });

  test("commits calls that come at the same time, each with its own outcome", async () => {
    const a = asset("racing", true);
    const requests = [];
    for (let index = 0; index < 12; index += 1)
      requests.push(
        await prepare(world.store, world.scratch, { asset: a, partition: `p${index % 6}`, rows: orders(index + 1) }),
      );
    const results = await Promise.allSettled(requests.map((request) => world.store.commit([request])));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(6);
    expect(results.filter((result) => result.status === "rejected").map(({ reason }) => reason.code)).toEqual(
      Array.from({ length: 6 }, () => "STORE_STALE"),
    );
    expect(await world.store.listHeads("prod", a.key)).toHaveLength(6);
  });

  test("stages, measures and commits many assets at the same time", async () => {
    const assets = Array.from({ length: 8 }, (_, index) => asset(`busy_${index}`, index % 2 === 0));
    await Promise.all(
      assets.flatMap((a) =>
        [1, 2, 3].map(async (turn) => {
          if (!a.isPartitioned && turn > 1) return;
          const commit = await publish(world.store, world.scratch, {
            asset: a,
            partition: a.isPartitioned ? `p${turn}` : "",
            rows: orders(20, turn * 100),
          });
          expect(ids(await read(world.store, a, [commit]))).toHaveLength(20);
        }),
      ),
    );
    for (const a of assets) expect(await world.query(`select * from ${a.key}`)).toHaveLength(a.isPartitioned ? 60 : 20);
  });

  test("lists commits in the order in which they were made", async () => {
    const a = asset("listed", true);
    const before = await world.store.listCommits({ after: 0n, limit: 10_000 });
    const after = before.at(-1)?.sequence ?? 0n;
    const commits: Commit[] = [];
    for (const name of ["x", "y", "z"])
      commits.push(await publish(world.store, world.scratch, { asset: a, partition: name, rows: orders(1) }));
    const listed = await world.store.listCommits({ after, limit: 10 });
    expect(listed.map(({ sequence, ...commit }) => ({ commit, isAfter: sequence > after }))).toEqual(
      commits.map((commit) => ({ commit, isAfter: true })),
    );
    expect(new Set(listed.map(({ sequence }) => sequence)).size).toBe(3);
    expect(await world.store.findCommits([commits[1]?.commitId ?? "", "unknown"])).toEqual([commits[1]]);
    expect(await world.store.findCommits([])).toEqual([]);
  });

  test("drops stagings of attempts that live no more", async () => {
    const a = asset("abandoned", true);
    const kept = await stageRows(world.store, world.scratch, { asset: a, partition: "a", rows: orders(1) });
    const lost = await stageRows(world.store, world.scratch, { asset: a, partition: "b", rows: orders(2) });
    const lostTable = await stageRows(world.store, world.scratch, {
      asset: asset("abandoned_table", false),
      rows: orders(2),
    });
    expect(await world.store.discardAbandoned([kept.target.attempt])).toBeGreaterThanOrEqual(2);
    expect(await world.store.measure(kept, [])).toMatchObject({ rowCount: 1 });
    for (const gone of [lost, lostTable])
      await expect(world.store.measure(gone, [])).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
  });

  test("refuses to commit what is staged no more", async () => {
    const a = asset("gone", true);
    const request = await prepare(world.store, world.scratch, { asset: a, partition: "a", rows: orders(1) });
    await world.store.discard(request.staged.target);
    await expect(world.store.commit([request])).rejects.toMatchObject({ code: "STORE_STAGING_GONE" });
  });
}
