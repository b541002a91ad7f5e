import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../../tools/testing/test-database.ts";
import { openStore } from "../../../src/stores/open-store.ts";
import type { Commit, Store } from "../../../src/stores/store.ts";
import { createScratch, read, type Scratch } from "../stored-rows.ts";
import { commitEach, formsOf, prepareSecond, publishFirst } from "./every-form.ts";

/*
 * Whole processes that are killed while they commit to Postgres: a plain asset of each form, few rows from memory, and merges, each by a call of its own in a
 * transaction that they share. Each process has assets of its own in one database.
 */
const committer = fileURLToPath(new URL("./killed-committer.ts", import.meta.url));

const uncommitted = ["folding", "staged", "begun", "ledgerWritten", "headsMoved", "rowsMoved", "extrasMoved"];
const deaths = [...uncommitted, "committed"];

let scratch: Scratch;
let database: TestDatabase;
let admin: pg.Client;
let store: Store;
/** What a process that lives makes, by the asset's name without its first word, and partition. */
let undisturbed: ReadonlyMap<string, string>;
/** Made by those that died, when the store was opened after all deaths. */
let found: ReadonlyMap<string, number>;
let abandoned = 0;

beforeAll(async () => {
  scratch = await createScratch();
  database = await createTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  for (const when of deaths) {
    const args = [committer, database.url, scratch.folder, when.toLowerCase(), when];
    const end = await promisify(execFile)(process.execPath, args, { timeout: 240_000 }).catch(
      (error: unknown) => error,
    );
    expect(end, `${when}: ${String(end)}`).toMatchObject({ signal: "SIGKILL" });
  }
  // The server ends what a process has left when it notices that nobody is there.
  await waitUntil(async () => (await count("pg_stat_activity where application_name = 'watersmeet'")) === 0);
  store = await openStore({
    name: "default",
    config: { kind: "postgres", url: database.url, schema: "public" },
    root: scratch.folder,
    stateDirectory: scratch.folder,
  });
  found = await countCommits();
  abandoned = await store.discardAbandoned([]);
  await publishFirst({ store, scratch, name: "calm" });
  const commits = await commitEach(store, await prepareSecond({ store, scratch, name: "calm" }));
  undisturbed = digestsOf("calm", commits);
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await admin.end();
  await database[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const firstCommits = 9;
const secondCommits = 11;
/** Of the second ones, those that the store has staged; the rows of the others are gone with their process. */
const stagedCommits = 8;

test("what killed processes had staged is found, and nothing is left of it when it is discarded", async () => {
  // Those that were killed within their transaction or before it have left all that they had staged; of a merge that was folding, the six plain ones and itself.
  expect(abandoned).toBe((uncommitted.length - 1) * stagedCommits + 7);
  expect(await listLeftovers()).toEqual([]);
});

test.each(deaths)("a process that was killed when it was %s has committed all or nothing", (when) => {
  const isCommitted = !uncommitted.includes(when);
  expect(found.get(when.toLowerCase())).toBe(firstCommits + (isCommitted ? secondCommits : 0));
});

test.each(deaths)(
  "what a process that was killed when it was %s was about is made once, by who tries again",
  async (when) => {
    const name = when.toLowerCase();
    const again = await commitEach(store, await prepareSecond({ store, scratch, name }));
    expect(again.map(({ isReplay }) => isReplay)).toEqual(again.map(() => !uncommitted.includes(when)));
    expect(digestsOf(name, again)).toEqual(undisturbed);
    expect((await countCommits()).get(name)).toBe(firstCommits + secondCommits);
    for (const form of Object.values(formsOf(name))) {
      const heads = await store.listHeads("prod", form.key);
      const latest = again.filter(({ asset }) => asset === form.key);
      if (latest.length === 0) continue;
      expect(idsOf(heads)).toEqual(idsOf(latest));
      expect(await read(store, form, heads)).toHaveLength(latest.reduce((sum, { rowCount }) => sum + rowCount, 0));
    }
    expect(await listLeftovers()).toEqual([]);
  },
);

test("each batch of a merge whose process was killed stands in its cut once", async () => {
  for (const when of deaths) {
    for (const merge of ["merged", "mergedParts"] as const) {
      const { key } = formsOf(when.toLowerCase())[merge];
      const cuts = await store.merges.listCuts({ asset: key, limit: 10 });
      expect(
        cuts.map(({ version }) => version),
        key,
      ).toEqual([2, 1]);
      const batches = await store.merges.listBatches({ asset: key, limit: 10 });
      expect(batches.map(({ generation, standing }) => `${generation} ${standing}`).sort()).toEqual([
        "1 superseded",
        "2 live",
      ]);
    }
  }
});

function digestsOf(name: string, commits: readonly Commit[]): ReadonlyMap<string, string> {
  return new Map(
    commits.map(({ asset, dataDigest, partition }) => [`${asset.slice(name.length)}@${partition}`, dataDigest]),
  );
}

function idsOf(commits: readonly Pick<Commit, "commitId">[]): readonly string[] {
  return commits.map(({ commitId }) => commitId).sort();
}

/** Commits in the store's log by the process that made them; each is in it once. */
async function countCommits(): Promise<ReadonlyMap<string, number>> {
  const commits = await store.listCommits({ after: 0n, limit: 1000 });
  expect(new Set(commits.map(({ commitId }) => commitId)).size).toBe(commits.length);
  const byName = Map.groupBy(commits, ({ asset }) => asset.split("_")[0] ?? "");
  return new Map([...byName].map(([name, some]) => [name, some.length]));
}

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo()) return;
    await delay(100);
  }
  throw new Error("it is not so after 20 s");
}

async function count(from: string): Promise<number> {
  const { rows } = await admin.query<{ n: string }>(`select count(*) as n from ${from}`);
  return Number(rows[0]?.n);
}

/** Everything that belongs to an attempt and not to a version: registered stagings, their tables, rows in tables that they share, and what merges had sealed. */
async function listLeftovers(): Promise<readonly string[]> {
  const { rows: tables } = await admin.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = '_watersmeet' order by 1",
  );
  const names = tables.map(({ name }) => name);
  const left = names.filter((name) => /^(m_|stage_)/.test(name));
  for (const name of names.filter((one) => /_(stage|changes_\w+)$/.test(one)))
    if ((await count(`_watersmeet."${name}"`)) > 0) left.push(name);
  for (const name of names.filter((one) => /_contribution_\w+$/.test(one)))
    if (
      (await count(
        `_watersmeet."${name}" c where not exists (select 1 from _watersmeet.merge_batch b where b.number = c._batch and b.staged_by is null)`,
      )) > 0
    )
      left.push(name);
  for (const from of [
    "staging",
    "merge_batch where staged_by is not null",
    "merge_cut where version is null",
    "merge_epoch where staged_by is not null",
  ])
    if ((await count(`_watersmeet.${from}`)) > 0) left.push(from);
  return left;
}
