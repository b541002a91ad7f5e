import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { digestRows } from "@watersmeet/core/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CommitPhase } from "../../src/stores/commit/commit-context.ts";
import type { DuckdbStore } from "../../src/stores/duckdb/duckdb-store.ts";
import { createDuckdbMergeEngine } from "../../src/stores/duckdb/merge-engine.ts";
import { openDuckdbStore } from "../../src/stores/duckdb/open-duckdb-store.ts";
import {
  asset,
  createScratch,
  ids,
  orders,
  orderSchema,
  publish,
  read,
  stampedAsset,
  type Scratch,
} from "./stored-rows.ts";

const child = join(import.meta.dirname, "committing-child.ts");

let scratch: Scratch;

beforeAll(async () => {
  scratch = await createScratch();
});

afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
});

const [parts, whole] = [asset("parts", true), asset("whole", false)];
const [stamped, stampedParts] = [stampedAsset("stamped", false), stampedAsset("stamped_parts", true)];

describe("a process that is killed", () => {
  const before: readonly CommitPhase[] = ["begun", "ledgerWritten", "headsMoved", "rowsMoved", "extrasMoved"];
  const after: readonly CommitPhase[] = ["committed", "verified", "cleaned"];

  for (const phase of [...before, ...after]) {
    test(`when a commit has ${phase} leaves ${before.includes(phase) ? "nothing" : "all"} of it`, async () => {
      const path = join(scratch.folder, `${phase}.duckdb`);
      expect(await runUntilKilled([path, "at", phase])).toBe("SIGKILL");
      await using store = await open(path);
      const isThere = after.includes(phase);
      expect(await count(store, "parts")).toBe(isThere ? 9 : 3);
      expect(await count(store, "whole")).toBe(isThere ? 6 : 3);
      expect(await count(store, "stamped")).toBe(isThere ? 6 : 3);
      expect(await count(store, "stamped_parts")).toBe(isThere ? 9 : 3);
      const made = ["parts-2", "parts-b", "whole-2", "stamped-2", "stamped-a2", "stamped-b"];
      expect(await store.findCommits(made)).toHaveLength(isThere ? made.length : 0);
      await expectWholeStamps(store);
      const again = [
        await publish(store, scratch, {
          asset: parts,
          partition: "a",
          rows: orders(5, 10),
          base: 1,
          commitId: "parts-2",
        }),
        await publish(store, scratch, { asset: parts, partition: "b", rows: orders(4, 20), commitId: "parts-b" }),
        await publish(store, scratch, { asset: whole, rows: orders(6, 30), base: 1, commitId: "whole-2" }),
        await publish(store, scratch, { asset: stamped, rows: orders(6, 1), base: 1, commitId: "stamped-2" }),
        await publish(store, scratch, {
          asset: stampedParts,
          partition: "a",
          rows: orders(5, 1),
          base: 1,
          commitId: "stamped-a2",
        }),
        await publish(store, scratch, {
          asset: stampedParts,
          partition: "b",
          rows: orders(4, 20),
          commitId: "stamped-b",
        }),
      ];
      expect(again.map((commit) => commit.isReplay)).toEqual(again.map(() => isThere));
      expect(await count(store, "parts")).toBe(9);
      expect(await count(store, "whole")).toBe(6);
      expect(await count(store, "stamped")).toBe(6);
      expect(await count(store, "stamped_parts")).toBe(9);
      expect(await store.listCommits({ after: 0n, limit: 100 })).toHaveLength(10);
      await expectWholeStamps(store);
      expect(ids(await read(store, parts, again.slice(0, 2)))).toEqual([10, 11, 12, 13, 14, 20, 21, 22, 23]);
      expect(await leftovers(store)).toEqual([]);
    });
  }

  test("at any moment, again and again, never loses what it acknowledged and never leaves half a commit", async () => {
    const path = join(scratch.folder, "loop.duckdb");
    for (let round = 0; round < 4; round += 1) {
      const { committing, committed } = await killWhileCommitting(path, 2 + round);
      await using store = await open(path);
      const [head] = await store.listHeads("prod", parts.key);
      expect([committed, committing]).toContain(head?.version);
      expect(await store.listHeads("prod", whole.key)).toMatchObject([{ version: head?.version }]);
      expect(await count(store, "parts")).toBe(2000);
      expect(await count(store, "whole")).toBe(100);
      const commits = await store.listCommits({ after: 0n, limit: 10_000 });
      expect(commits.map((commit) => commit.sequence)).toEqual(commits.map((_, index) => BigInt(index + 1)));
      expect(commits).toHaveLength(3 * (head?.version ?? 0));
      expect(await count(store, "stamped")).toBe(500);
      await expectWholeStamps(store);
      const old = commits.filter((commit) => commit.asset === parts.key).slice(-3);
      expect(await read(store, parts, old)).toHaveLength(2000 * old.length);
    }
  });
});

test("a second process is told who holds the file", async () => {
  const path = join(scratch.folder, "held.duckdb");
  await using held = await open(path);
  expect(held.kind).toBe("duckdb");
  const { code, stderr } = await run([path, "at", "begun"]);
  expect(code).not.toBe(0);
  expect(stderr).toContain("STORE_LOCKED");
  expect(stderr).toContain(`is held by process ${process.pid}`);
});

test("a process opens a file once, however often it is asked to", async () => {
  const path = join(scratch.folder, "shared.duckdb");
  const first = await open(path);
  const second = await open(join(scratch.folder, ".", "shared.duckdb"));
  expect(second.storeId).toBe(first.storeId);
  await publish(first, scratch, { asset: parts, partition: "a", rows: orders(1) });
  await first[Symbol.asyncDispose]();
  await publish(second, scratch, { asset: parts, partition: "b", rows: orders(1, 7) });
  expect(await count(second, "parts")).toBe(2);
  await second[Symbol.asyncDispose]();
  await using third = await open(path);
  expect(await count(third, "parts")).toBe(2);
});

test("a statement that failed inside a transaction is never followed by a commit that is believed", async () => {
  const path = join(scratch.folder, "failed.duckdb");
  const a = asset("failing", true);
  let isArmed = false;
  await using store = await openDuckdbStore({
    ...options(path),
    onPhase(phase) {
      if (isArmed && phase === "rowsMoved") throw new Error("the disk is on fire");
    },
  });
  await publish(store, scratch, { asset: a, partition: "a", rows: orders(2) });
  isArmed = true;
  await expect(
    publish(store, scratch, { asset: a, partition: "a", rows: orders(5), base: 1, commitId: "lost" }),
  ).rejects.toThrow("the disk is on fire");
  isArmed = false;
  expect(await store.findCommits(["lost"])).toEqual([]);
  expect(await count(store, "failing")).toBe(2);
  expect(
    await publish(store, scratch, { asset: a, partition: "a", rows: orders(5), base: 1, commitId: "lost" }),
  ).toMatchObject({ version: 2 });
});

function options(path: string) {
  return {
    name: "default",
    path,
    spillDirectory: join(scratch.folder, "spill"),
    memoryLimit: "256MB",
    threads: 1,
    merge: createDuckdbMergeEngine(),
    now: Date.now,
    onPhase: () => {},
  };
}

async function open(path: string): Promise<DuckdbStore> {
  return await openDuckdbStore(options(path));
}

async function count(store: DuckdbStore, view: string): Promise<number> {
  const [row] = await store.queryViews(`select count(*) as n, count(distinct id) as ids from ${view}`);
  expect(row?.["ids"]).toBe(row?.["n"]);
  return Number(row?.["n"]);
}

/** Every version of stamped assets reads as it was committed, and no row has a stamp that no commit made. */
async function expectWholeStamps(store: DuckdbStore): Promise<void> {
  const commits = await store.listCommits({ after: 0n, limit: 10_000 });
  for (const of of [stamped, stampedParts]) {
    const own = commits.filter((commit) => commit.asset === of.key);
    for (const commit of own.slice(-4))
      expect(digestRows(orderSchema, await read(store, of, [commit]))).toBe(commit.dataDigest);
    const versions = [0, 2_147_483_647, ...own.map((commit) => commit.version)].join(", ");
    const tables = await store.queryViews(
      "select '_watersmeet.\"a' || t.asset_id || '_stamped' || t.number || '\"' as name from _watersmeet.stamped_table t join _watersmeet.asset a on a.asset_id = t.asset_id where a.key = $1",
      [of.key],
    );
    for (const { name } of tables)
      expect(
        await store.queryViews(`select * from ${name} where _from not in (${versions}) or _to not in (${versions})`),
      ).toEqual([]);
  }
}

/** Tables of stagings that nobody can publish any more. */
async function leftovers(store: DuckdbStore): Promise<readonly unknown[]> {
  return await store.queryViews("select table_name from information_schema.tables where table_name like 'stage%'");
}

async function runUntilKilled(args: readonly string[]): Promise<NodeJS.Signals | null> {
  return (await run(args)).signal;
}

async function run(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stderr: string }> {
  const spawned = spawn(process.execPath, [child, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  spawned.stderr.on("data", (data) => (stderr += String(data)));
  const [code, signal] = await once(spawned, "close");
  return { code, signal, stderr };
}

/** Kills the looping child a moment after it said that it commits for the `turns`th time; answers the last versions that it spoke of. */
async function killWhileCommitting(
  path: string,
  turns: number,
): Promise<{ readonly committing: number; readonly committed: number }> {
  const spawned = spawn(process.execPath, [child, path, "loop"], { stdio: ["ignore", "pipe", "inherit"] });
  const said = { committing: 0, committed: 0 };
  let seen = 0;
  const ended = once(spawned, "close");
  for await (const line of createInterface({ input: spawned.stdout })) {
    const [what, version] = line.split(" ");
    if (what === "committed") said.committed = Number(version);
    if (what !== "committing") continue;
    said.committing = Number(version);
    if (said.committed === 0) said.committed = said.committing - 1;
    seen += 1;
    if (seen !== turns) continue;
    await delay(Math.random() * 40);
    spawned.kill("SIGKILL");
  }
  await ended;
  return said;
}
