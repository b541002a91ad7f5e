import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { countStates, waitForEnd } from "../test-runs.ts";
import { createProjectWorld, type ProjectWorld } from "./project-world.ts";

/* Everything that user code can do to its process, beside a hundred healthy steps of the same run, in real children of one worker. */
const assets = `import { asset, listed, type Ctx } from "@watersmeet/core";
import { execSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Row = z.object({ id: z.int(), text: z.string() });
const options = { schema: Row, timeout: "1h" } as const;
const soon = { schema: Row, timeout: "3s" } as const;
const rows = [{ id: 1, text: "fine" }];

export const healthy = asset({ schema: Row, partitions: listed(${JSON.stringify(Array.from({ length: 100 }, (_, index) => `p${index}`))}) }, async () => {
  await sleep(5);
  return rows;
});
export const loops = asset(soon, () => { for (;;); });
export const waits = asset(soon, async () => { await new Promise(() => {}); return rows; });
export const blocksLoop = asset(soon, async () => { await sleep(1); execSync("sleep 600"); return rows; });
export const fillsHeap = asset({ schema: Row, timeout: "1h" }, () => {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(10_000).fill(kept.length).map(String));
});
export const fillsBuffers = asset({ schema: Row, timeout: "1h" }, async () => {
  const kept: Buffer[] = [];
  for (;;) { kept.push(Buffer.alloc(32 * 1_048_576, 1)); await sleep(5); }
});
export const aborts = asset(options, () => process.abort());
export const exits = asset(options, () => process.exit(0));
export const crashes = asset(options, async () => { process.kill(process.pid, "SIGSEGV"); await new Promise(() => {}); return rows; });
export const rejects = asset(options, async () => { void Promise.reject(new Error("nobody waits")); await new Promise(() => {}); return rows; });
export const throwsLater = asset(options, async () => { setTimeout(() => { throw new Error("later"); }, 1); await new Promise(() => {}); return rows; });
export const floods = asset({ schema: Row, timeout: "1h" }, () => {
  for (let index = 0; index < 100_000; index += 1) process.stdout.write("line " + index + " " + "x".repeat(80) + "\\n");
  return rows;
});
export const hugeRows = asset({ schema: Row, timeout: "1h" }, function* () {
  for (let id = 0; id < 40; id += 1) yield { id, text: "x".repeat(100 * 1_048_576) };
});
export const afterCrash = asset({ schema: Row, timeout: "1h" }, (ctx: Ctx) => [{ id: process.pid, text: ctx.runId }]);
`;

interface Ending {
  readonly state: string;
  readonly code: string | null;
  readonly cause: string | null;
  readonly message: string | null;
}

async function readEndings({ ledger }: ProjectWorld, run: string): Promise<Readonly<Record<string, Ending>>> {
  const { rows } = await sql<Ending & { asset: string }>`
    select asset, state, failure ->> 'code' as code, failure -> 'details' ->> 'cause' as cause, failure ->> 'message' as message
    from watersmeet.step where run_id = ${run} and asset <> 'healthy'`.execute(ledger.db);
  return Object.fromEntries(rows.map(({ asset, ...ending }) => [asset, ending]));
}

const died = (cause: unknown, message: RegExp) => ({
  state: "failed",
  code: "CHILD_DIED",
  cause,
  message: expect.stringMatching(message),
});

test("whatever user code does to its process ends its own attempt, with the cause by name, and a hundred steps beside it do not notice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "watersmeet-deeds-"));
  await using world = await createProjectWorld({
    store: { kind: "duckdb", path: join(directory, "data.duckdb"), memoryLimit: "256MB", threads: 1 },
    assets,
    config: "worker: { concurrency: 4, childMemoryMb: 96 }",
  });
  await using _worker = await world.project.startWorker();
  const id = await world.submit();
  expect(await waitForEnd(world.ledger.db, id)).toBe("failed");

  expect(await readEndings(world, id)).toEqual({
    loops: {
      state: "failed",
      code: "STEP_TIMED_OUT",
      cause: null,
      message: expect.stringMatching(/event loop was blocked/),
    },
    // That it was waiting is told within a second, or not: see child.test.ts.
    waits: { state: "failed", code: "STEP_TIMED_OUT", cause: null, message: expect.stringMatching(/within 3 s/) },
    blocksLoop: {
      state: "failed",
      code: "STEP_TIMED_OUT",
      cause: null,
      message: expect.stringMatching(/event loop was blocked/),
    },
    fillsHeap: died("heapLimit", /ran out of memory/),
    fillsBuffers: died("memoryLimit", /memory outside of the heap/),
    aborts: died("abort", /SIGABRT/),
    exits: died("exit", /process\.exit\(0\) was called/),
    crashes: died("nativeCrash", /SIGSEGV/),
    rejects: died("unhandledRejection", /nobody waits/),
    throwsLater: died("uncaughtException", /later/),
    floods: { state: "succeeded", code: null, cause: null, message: null },
    hugeRows: died(expect.stringMatching(/^(heap|memory)Limit$/), /memory/),
    afterCrash: { state: "succeeded", code: null, cause: null, message: null },
  });
  const states = await countStates(world.ledger.db, id);
  expect(states).toEqual({ failed: 11, succeeded: 102 });
  const { rows } = await sql`
    select from watersmeet.step where run_id = ${id} and asset = 'healthy' and (failures > 0 or crashes > 0 or attempt > 1)`.execute(
    world.ledger.db,
  );
  expect(rows).toHaveLength(0);
  await rm(directory, { recursive: true, force: true });
});
