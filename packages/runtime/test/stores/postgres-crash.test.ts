import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/test-database.ts";
import type { CommitPhase } from "../../src/stores/commit/commit-context.ts";
import { openStore } from "../../src/stores/open-store.ts";
import type { Store } from "../../src/stores/store.ts";
import {
  asset,
  createScratch,
  ids,
  orders,
  prepare,
  prepareSmall,
  publish,
  read,
  stampedAsset,
  type Scratch,
} from "./stored-rows.ts";

let scratch: Scratch;
let database: TestDatabase;
let admin: pg.Client;

beforeAll(async () => {
  scratch = await createScratch();
  database = await createTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  await database[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

async function open(onPhase: (phase: CommitPhase) => void | Promise<void> = () => {}): Promise<Store> {
  return await openStore({
    name: "default",
    config: { kind: "postgres", url: database.url, schema: "public" },
    root: scratch.folder,
    stateDirectory: scratch.folder,
    onPhase,
  });
}

test.for([asset("terminated", true), stampedAsset("terminated_stamped", true)])(
  "a backend that is terminated before COMMIT of $key leaves nothing, and the commit says so",
  async (a) => {
    let isArmed = false;
    await using store = await open(async (phase) => {
      if (isArmed && phase === "extrasMoved") await terminateCommitter();
    });
    await publish(store, scratch, { asset: a, partition: "a", rows: orders(2) });
    const request = await prepare(store, scratch, {
      asset: a,
      partition: "a",
      rows: orders(5),
      base: 1,
      commitId: `cut-${a.key}`,
    });
    isArmed = true;
    await expect(store.commit([request])).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
    isArmed = false;
    expect(await store.findCommits([`cut-${a.key}`])).toEqual([]);
    expect(await store.commit([request])).toMatchObject([{ version: 2, isReplay: false }]);
  },
);

test.for([asset("lost_reply", true), stampedAsset("lost_reply_stamped", true)])(
  "a reply to COMMIT of $key that is lost is looked up in the ledger",
  async (a) => {
    await using store = await open();
    await publish(store, scratch, { asset: a, partition: "a", rows: orders(2) });
    const request = await prepare(store, scratch, {
      asset: a,
      partition: "a",
      rows: orders(5),
      base: 1,
      commitId: `lost-${a.key}`,
    });
    expect(await losingReply(() => store.commit([request]))).toMatchObject([{ version: 2, isReplay: false }]);
    expect(ids(await read(store, a, [{ partition: request.staged.target.partition, version: 2 }]))).toEqual([
      0, 1, 2, 3, 4,
    ]);
  },
);

/** The server commits, and the connection breaks before anybody hears of it; once. */
async function losingReply<T>(work: () => Promise<T>): Promise<T> {
  let lose = true;
  const query = pg.Client.prototype.query;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const answer: unknown = Reflect.apply(query, this, args);
    if (!lose || args[0] !== "commit" || !(answer instanceof Promise)) return answer;
    lose = false;
    return answer.then(() => {
      throw new Error("Connection terminated unexpectedly");
    });
  } as typeof query;
  try {
    return await work();
  } finally {
    pg.Client.prototype.query = query;
    expect(lose).toBe(false);
  }
}

test("a reply to a COMMIT that many steps share is looked up for each of their commit ids", async () => {
  const a = asset("lost_shared", true);
  await using store = await open();
  const names = ["a", "b", "c", "d"];
  const requests = await Promise.all(
    names.map((partition, index) =>
      prepareSmall(store, scratch, { asset: a, partition, rows: orders(1, index), commitId: `shared-${partition}` }),
    ),
  );
  const commits = await losingReply(() => Promise.all(requests.map((request) => store.commit([request]))));
  expect(commits.flat().map(({ commitId, isReplay }) => [commitId, isReplay])).toEqual(
    names.map((name) => [`shared-${name}`, false]),
  );
  expect(ids(await read(store, a, commits.flat()))).toEqual([0, 1, 2, 3]);
  const found = await store.findCommits(requests.map(({ commitId }) => commitId));
  expect(found.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
});

test("of steps that share a transaction, one whose rows the server refuses fails alone", async () => {
  const a = asset("refused_alone", true);
  await using store = await open();
  const rows = [orders(1, 0), [{ id: 1, name: "a\0b", amount: 1 }], orders(1, 2), orders(1, 3)];
  const requests = await Promise.all(
    rows.map((some, index) => prepareSmall(store, scratch, { asset: a, partition: `p${index}`, rows: some })),
  );
  const outcomes = await Promise.allSettled(requests.map((request) => store.commit([request])));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "STORE_VALUE_INVALID" } });
  expect(await store.listHeads("prod", a.key)).toHaveLength(3);
  expect((await admin.query("select id from refused_alone order by id")).rows.map(({ id }) => Number(id))).toEqual([
    0, 2, 3,
  ]);
});

test("of two processes whose shared transactions want one head, the loser's one step alone is refused", async () => {
  const a = asset("raced", true);
  await using first = await open();
  await using second = await open();
  const requestsOf = (store: Store, own: string) =>
    Promise.all(
      [`${own}1`, "common", `${own}2`].map((partition, index) =>
        prepareSmall(store, scratch, { asset: a, partition, rows: orders(1, index) }),
      ),
    );
  const [ofFirst, ofSecond] = [await requestsOf(first, "x"), await requestsOf(second, "y")];
  const outcomes = await Promise.allSettled([
    ...ofFirst.map((request) => first.commit([request])),
    ...ofSecond.map((request) => second.commit([request])),
  ]);
  const refused = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [{ index, reason: outcome.reason }] : [],
  );
  expect(refused).toHaveLength(1);
  expect([1, 4]).toContain(refused[0]?.index);
  expect(refused[0]?.reason).toMatchObject({ code: "STORE_STALE" });
  expect(await first.listHeads("prod", a.key)).toHaveLength(5);
});

test("two processes that commit at the same time get one order, and one of two that want the same head is refused", async () => {
  const a = asset("two_processes", true);
  await using first = await open();
  await using second = await open();
  await publish(first, scratch, { asset: a, partition: "a", rows: orders(1) });
  const requests = [];
  for (let index = 0; index < 10; index += 1) {
    const store = index % 2 === 0 ? first : second;
    requests.push({
      store,
      request: await prepare(store, scratch, { asset: a, partition: `p${Math.floor(index / 2)}`, rows: orders(1) }),
    });
  }
  const results = await Promise.allSettled(requests.map(({ store, request }) => store.commit([request])));
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(5);
  expect(results.filter((result) => result.status === "rejected").map(({ reason }) => reason.code)).toEqual(
    Array.from({ length: 5 }, () => "STORE_STALE"),
  );
  const commits = await first.listCommits({ after: 0n, limit: 1000 });
  expect(new Set(commits.map((commit) => commit.sequence)).size).toBe(commits.length);
});

test("a store that an earlier release made learns what stamped assets need", async () => {
  const a = stampedAsset("later", true);
  {
    await using store = await open();
    await publish(store, scratch, { asset: asset("later", true), partition: "a", rows: orders(2) });
  }
  // As it was: no word of stamps in the register of stagings.
  await admin.query("alter table _watersmeet.staging drop column stamped");
  await admin.query(
    "drop table _watersmeet.stamped_asset, _watersmeet.stamped_table, _watersmeet.stamped_strand, _watersmeet.stamped_version",
  );
  await using store = await open();
  const second = await publish(store, scratch, { asset: a, partition: "a", rows: orders(3), base: 1 });
  const third = await publish(store, scratch, { asset: a, partition: "a", rows: orders(4), base: 2 });
  expect(ids(await read(store, a, [second]))).toEqual([0, 1, 2]);
  expect(ids(await read(store, a, [third]))).toEqual([0, 1, 2, 3]);
  expect(ids(await read(store, a, [{ ...second, version: 1 }]))).toEqual([0, 1]);
});

test("a text with a NUL is refused with the place where it stands", async () => {
  await using store = await open();
  await expect(
    publish(store, scratch, { asset: asset("nul", false), rows: [{ id: 1, name: "a\0b", amount: 1 }] }),
  ).rejects.toMatchObject({
    code: "STORE_VALUE_INVALID",
    message: expect.stringContaining("line 1"),
  });
});

/** Ends the server process that holds the store's commit lock. */
async function terminateCommitter(): Promise<void> {
  const { rowCount } = await admin.query(
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())",
  );
  expect(rowCount).toBeGreaterThan(0);
}
