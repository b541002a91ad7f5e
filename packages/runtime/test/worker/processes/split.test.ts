import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../../tools/testing/test-database.ts";
import type { RunId } from "../../../src/ledger/records.ts";
import { listAttemptOutcomes, waitForEnd, waitUntil } from "../test-runs.ts";
import { createProjectWorld, type ProjectWorld } from "./project-world.ts";

/* Partitions that are made in slices, by workers as processes. */
const partitions = ["hot", ...Array.from({ length: 6 }, (_, index) => `cold${index}`)];
const assets = `import { asset, listed, source, type Ctx, type In } from "@watersmeet/core";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Row = z.object({ user: z.int().nullable(), amount: z.int() });
const Sum = z.object({ user: z.int().nullable(), total: z.int() });
const inPartitions = { partitions: listed(${JSON.stringify(partitions)}) };

export const orders = source({ schema: Row, resource: "shop", ...inPartitions }, (ctx: Ctx) =>
  Array.from({ length: ctx.partition === "hot" ? 80 : 4 }, (_, n) => ({ user: n % 9 === 0 ? null : n % 9, amount: n })));

const sumUp = async (o: In<typeof orders>) => {
  const totals = new Map();
  for await (const { user, amount } of o) totals.set(user, (totals.get(user) ?? 0) + amount);
  return [...totals].map(([user, total]) => ({ user, total }));
};
export const totals = asset({ schema: Sum, key: ["user"], splittable: { by: "user" }, ...inPartitions }, (o: In<typeof orders>) => sumUp(o));

export const slow = asset({ schema: Sum, key: ["user"], splittable: { by: "user", parts: 3 }, ...inPartitions }, async (o: In<typeof orders>, ctx: Ctx) => {
  ctx.log.info("started");
  while (!existsSync("go")) await sleep(20);
  return sumUp(o);
});
`;

let database: TestDatabase;
let world: ProjectWorld;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await createProjectWorld({
    store: { kind: "postgres", url: database.url },
    assets,
    config: "worker: { concurrency: 3, childMemoryMb: 96 }, resources: { shop: { concurrency: 3 } }",
  });
}, 120_000);

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function submit(select: string, onlyHot = false): Promise<RunId> {
  const { run } = await world.project.submitRun({
    select,
    ...(onlyHot ? { partitions: "hot" } : {}),
    force: true,
    requestedBy: "test",
  });
  return run.id;
}

async function listVersions(asset: string): Promise<readonly { readonly digest: string; readonly rows: string }[]> {
  const { rows } = await sql<{ digest: string; rows: string }>`
    select data_digest as digest, row_count as rows from watersmeet.materialization where asset = ${asset} and partition = 'hot' order by id`.execute(
    world.ledger.db,
  );
  return rows;
}

const hot = "hot" as PartitionKey;

test("a partition whose worker is killed while its slices run ends in one version, made in as many slices", async () => {
  const { db } = world.ledger;
  const first = await world.spawnWorker();
  expect(await waitForEnd(db, await submit("orders"))).toBe("succeeded");
  const id = await submit("slow", true);
  await waitUntil(async () => {
    const { rows } = await sql`select from watersmeet.log_line where run_id = ${id} and message = 'started'`.execute(
      db,
    );
    return rows.length >= 2;
  });
  first.process.kill("SIGKILL");
  await world.write("go", "");
  await world.spawnWorker();
  expect(await waitForEnd(db, id)).toBe("succeeded");
  expect(await listAttemptOutcomes(db, id)).toEqual(["lost", "committed"]);
  expect(await listVersions("slow")).toEqual([{ digest: expect.any(String), rows: "9" }]);
  const [split, ...others] = await world.project.splits(id);
  expect(others).toEqual([]);
  expect(split).toMatchObject({ asset: "slow", partition: "hot", attempt: 2, parts: 3, rowCount: 80 });
  expect(split?.slices?.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(80);
  const why = await world.project.why(parseAssetKey("slow"), hot);
  expect(why.reasons).toContainEqual(
    expect.stringMatching(/^slow @ hot is made in 3 slices: it has 80 rows to read; /),
  );
});

test("a partition that has far more rows than its siblings, and took long for them, is split the next time, into the same version", async () => {
  const { db } = world.ledger;
  const before = await submit("totals");
  expect(await waitForEnd(db, before)).toBe("succeeded");
  expect(await world.project.splits(before)).toEqual([]);
  await sql`update watersmeet.materialization set started_at = committed_at - interval '210 seconds'
    where asset = 'totals' and partition = 'hot'`.execute(db);
  const after = await submit("totals");
  expect(await waitForEnd(db, after)).toBe("succeeded");
  expect(await world.project.splits(after)).toMatchObject([
    { asset: "totals", partition: "hot", parts: 4, wanted: 4, rowCount: 80, medianRows: 4, expectedMs: 210_000 },
  ]);
  const [whole, split] = await listVersions("totals");
  expect(split).toEqual(whole);

  // Now it takes no time: the plan of the last run holds all the same.
  const again = await submit("totals");
  expect(await waitForEnd(db, again)).toBe("succeeded");
  expect(await world.project.splits(again)).toMatchObject([{ partition: "hot", parts: 4, wanted: 1 }]);
});
