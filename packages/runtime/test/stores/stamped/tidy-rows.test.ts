import { join } from "node:path";
import { expect, test } from "vitest";
import type { DuckdbStore } from "../../../src/stores/duckdb/duckdb-store.ts";
import { openDuckdbStore } from "../../../src/stores/duckdb/open-duckdb-store.ts";
import type { StoredAsset } from "../../../src/stores/port/staging.ts";
import type { Commit, CommitRequest } from "../../../src/stores/store.ts";
import { createScratch, partition, stampedAsset, type Scratch } from "../stored-rows.ts";
import { createTellingEngine } from "./telling-engine.ts";

const rowCount = 130_000;

/** With each version, four rows of a hundred become others. */
function rowsOf(version: number, count = rowCount): string {
  return `select range::integer as id, case when range % 100 < ${4 * version} then 'changed by ' || (range % 100 // 4) else 'as it was' end as name, range / 4.0::double as amount from range(${count})`;
}

test("closed rows that stand together stay where they are: what came last and was taken back makes no reader slower", async () => {
  await using scratch = await createScratch();
  await using store = await openTidied(scratch);
  const asset = stampedAsset("tidied", false);
  await store.ensureAsset(asset);
  const publish = async (count: number, base: number | null) =>
    await commit(store, await stage(store, scratch, { asset, at: "", sql: rowsOf(0, count), base }));
  const first = await publish(2 * rowCount, null);
  const more = await publish(3 * rowCount, first.version);
  await publish(2 * rowCount, more.version);
  const place = async (): Promise<unknown> =>
    await store.queryViews(
      "select max(rowid) as last, count(*) as rows from _watersmeet.a1_stamped1 where _to <> 2147483647",
    );
  const before = await place();
  await store.keepUp();
  expect(await place()).toEqual(before);
});

for (const isPartitioned of [false, true]) {
  test(`closed rows are sorted away from those that readers see, and every version reads as before, ${isPartitioned ? "with" : "without"} partitions`, async () => {
    await using scratch = await createScratch();
    await using store = await openTidied(scratch);
    const asset = stampedAsset("tidied", isPartitioned);
    await store.ensureAsset(asset);
    const prepare = (at: string, sql: string, base: number | null) => stage(store, scratch, { asset, at, sql, base });
    const publish = (request: CommitRequest) => commit(store, request);
    const at = isPartitioned ? "a" : "";
    const commits: Commit[] = [];
    for (let version = 0; version < 3; version += 1)
      commits.push(await publish(await prepare(at, rowsOf(version), commits.at(-1)?.version ?? null)));
    if (isPartitioned) await publish(await prepare("b", rowsOf(0, 10), null));
    const latest = commits[2];
    if (latest === undefined) throw new Error("three versions");
    const table = "_watersmeet.a1_stamped1";
    const digest = async ({ version }: Commit): Promise<unknown> =>
      await store.queryViews(
        `select count(*) as rows, sum(hash(id, name, amount)) as hash from ${table} where _from <= ${version} and _to > ${version}`,
      );
    const countStrays = async (): Promise<number> => {
      const [row] = await store.queryViews(
        `select count(*) as strays from ${table} where _to <> 2147483647 and rowid > (select min(rowid) from ${table} where _to = 2147483647)`,
      );
      return Number(row?.["strays"]);
    };
    const before = await Promise.all(commits.map(digest));
    const rival = await prepare(at, rowsOf(4), latest.version);

    expect(await countStrays()).toBeGreaterThan(2 * rowCount * 0.039);
    await store.keepUp();
    expect(await countStrays()).toBe(0);

    expect(await Promise.all(commits.map(digest))).toEqual(before);
    const next = await publish(rival);
    expect(await countStrays()).toBeGreaterThan(0);
    expect(next.rowCount).toBe(rowCount);
    const [seen] = await store.queryViews("select count(*) as rows, count(distinct name) as names from tidied");
    expect(seen).toEqual({ rows: String(isPartitioned ? rowCount + 10 : rowCount), names: "5" });
    await store.keepUp();
    expect(await Promise.all(commits.map(digest))).toEqual(before);
  });
}

async function openTidied(scratch: Scratch): Promise<DuckdbStore> {
  return await openDuckdbStore({
    name: "default",
    path: join(scratch.folder, "tidy.duckdb"),
    spillDirectory: join(scratch.folder, "spill"),
    memoryLimit: "512MB",
    threads: 2,
    merge: createTellingEngine(() => ({ rows: [], keys: null })),
    now: Date.now,
    onPhase: () => {},
    upkeepDelayMs: null,
  });
}

async function stage(
  store: DuckdbStore,
  scratch: Scratch,
  {
    asset,
    at,
    sql,
    base,
  }: { readonly asset: StoredAsset; readonly at: string; readonly sql: string; readonly base: number | null },
): Promise<CommitRequest> {
  const target = { asset, partition: partition(at), attempt: scratch.next() };
  const staged = await store.stageQuery(target, { sql, parameters: [], inputs: [] });
  const measurement = await store.measure(staged, []);
  return { commitId: target.attempt, environment: "prod", staged, measurement, baseVersion: base, record: null };
}

async function commit(store: DuckdbStore, request: CommitRequest): Promise<Commit> {
  const [made] = await store.commit([request]);
  if (made === undefined) throw new Error("no commit");
  return made;
}
