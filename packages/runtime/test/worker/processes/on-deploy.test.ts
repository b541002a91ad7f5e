import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import type { RunId } from "../../../src/ledger/records.ts";
import { countStates, listStepRows, waitForEnd, waitUntil } from "../test-runs.ts";
import { createProjectWorld, type ProjectWorld } from "./project-world.ts";

/*
 * New code is deployed beside a worker that has the old, while three runs go on: one for each policy. Each has one step under way in the old worker, and others
 * that have not begun.
 */
const header = (gate: string): string => `import { asset, listed, type Ctx, type In } from "@watersmeet/core";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Row = z.object({ code: z.int() });
const options = { schema: Row, partitions: listed(["a", "b", "c"]) } as const;
async function wait(ctx: Ctx): Promise<void> {
  ctx.log.info("started");
  while (!existsSync(${JSON.stringify(gate)})) await sleep(20, undefined, { signal: ctx.signal });
}
`;

const oldAssets = (gate: string): string => `${header(gate)}
export const pinned = asset(options, async (ctx: Ctx) => { await wait(ctx); return [{ code: 1 }]; });
export const upgraded = asset(options, async (ctx: Ctx) => { await wait(ctx); return [{ code: 1 }]; });
export const aborted = asset(options, async (ctx: Ctx) => { await wait(ctx); return [{ code: 1 }]; });
export const dropped = asset(options, (own: In<typeof upgraded>) => own);
export const retyped = asset(options, (own: In<typeof upgraded>) => own);
`;

/** Other code of everything; `dropped` is gone, and the column of `retyped` has another type. */
const newAssets = `${header("/")}
const Text = z.object({ code: z.string() });
export const pinned = asset(options, () => [{ code: 2 }]);
export const upgraded = asset(options, () => [{ code: 2 }]);
export const aborted = asset(options, () => [{ code: 2 }]);
export const retyped = asset({ ...options, schema: Text }, async (own: In<typeof upgraded>) => (await own.all()).map(() => ({ code: "two" })));
`;

async function countStarted({ ledger }: ProjectWorld, id: RunId): Promise<number> {
  const { rows } = await sql`select from watersmeet.log_line where run_id = ${id} and message = 'started'`.execute(
    ledger.db,
  );
  return rows.length;
}

async function listFailures({ ledger }: ProjectWorld, id: RunId): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ asset: string; code: string }>`
    select distinct asset, failure ->> 'code' as code from watersmeet.step where run_id = ${id} and failure is not null`.execute(
    ledger.db,
  );
  return Object.fromEntries(rows.map(({ asset, code }) => [asset, code]));
}

/** Rows that readers see, by partition: which code made them. */
async function listMadeBy(world: ProjectWorld, asset: string): Promise<Readonly<Record<string, unknown>>> {
  const key = [...world.project.project().graph.assets.keys()].find((each) => each === asset);
  if (key === undefined) throw new Error(`there is no ${asset}`);
  const partitions = await world.project.partitionStatuses(key);
  const made = await Promise.all(
    partitions.map(async ({ partition }) => {
      const [row] = await world.project.readRows(key, { partition, limit: 1 });
      return [partition, row?.["code"]] as const;
    }),
  );
  return Object.fromEntries(made);
}

test("while runs go on, other code is deployed: one run waits for its own code, one goes on with the new, one is cancelled", async () => {
  await using database = await createTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), "watersmeet-gate-"));
  const gate = join(directory, "open");
  await writeFile(gate, "");
  await using world = await createProjectWorld({
    store: { kind: "postgres", url: database.url },
    assets: oldAssets(gate),
    config: "worker: { concurrency: 3, childMemoryMb: 96 }",
  });
  const { db } = world.ledger;
  const oldWorker = await world.spawnWorker();
  expect(await waitForEnd(db, await world.submit())).toBe("succeeded");
  await rm(gate);
  const submit = async (select: string, onDeploy: "pin" | "upgrade" | "abort"): Promise<RunId> => {
    const request = { select, onDeploy, maxParallel: 1, force: true, requestedBy: "test" } as const;
    return (await world.project.submitRun(request)).run.id;
  };
  const runs = {
    pin: await submit("pinned", "pin"),
    upgrade: await submit("upgraded dropped retyped", "upgrade"),
    abort: await submit("aborted", "abort"),
  };
  for (const id of Object.values(runs)) await waitUntil(async () => (await countStarted(world, id)) >= 1);

  await (await world.deploy(newAssets)).spawnWorker();
  expect(await waitForEnd(db, runs.abort)).toBe("cancelled");
  expect(await world.project.ledger.findRun(runs.abort)).toMatchObject({ failure: { code: "DEPLOY_ABORTED" } });
  expect(await countStates(db, runs.abort)).toEqual({ cancelled: 3 });
  await waitUntil(async () => {
    const { rows } = await sql`
      select from watersmeet.event where run_id = ${runs.upgrade} and kind = 'run:repinned' and asset = 'upgraded'`.execute(
      db,
    );
    return rows.length === 1;
  });

  await writeFile(gate, "");
  expect(await waitForEnd(db, runs.pin)).toBe("succeeded");
  expect(await listMadeBy(world, "pinned")).toEqual({ a: 1, b: 1, c: 1 });
  expect(await waitForEnd(db, runs.upgrade)).toBe("failed");
  // A worker that was thought dead meanwhile gave its step to the other one.
  const [begun] = (await listStepRows(db, runs.upgrade)).filter(({ asset }) => asset === "upgraded");
  expect(await listMadeBy(world, "upgraded")).toEqual({ a: begun?.attempt === 1 ? 1 : 2, b: 2, c: 2 });
  expect(await listFailures(world, runs.upgrade)).toEqual({
    dropped: "DEPLOY_ASSET_GONE",
    retyped: "STORE_SCHEMA_INCOMPATIBLE",
  });
  // What could not go on is as it was.
  expect(await listMadeBy(world, "dropped")).toEqual({ a: 1, b: 1, c: 1 });
  oldWorker.process.kill("SIGTERM");
  await rm(directory, { recursive: true });
}, 300_000);
