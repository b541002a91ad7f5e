import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createChildPool, type ChildPool } from "../../src/child/child-pool.ts";
import type { ChildAnswer } from "../../src/child/child-process.ts";
import { copyShop, type TestProject } from "./shop-project.ts";

/* Memory is admitted by what was seen, and children are replaced: with real children that say who they are and when they ran. */
const megabyte = 1_048_576;
const assets = `import { asset } from "@watersmeet/core";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Row = z.object({ pid: z.int() });
async function run(megabytes: number, name: string) {
  const kept = Buffer.alloc(megabytes * 1_048_576, 1);
  const beganAt = Date.now();
  await sleep(400);
  console.log(name + " " + process.pid + " " + beganAt + " " + Date.now());
  return [{ pid: kept.length > 0 ? process.pid : 0 }];
}
export const hog = asset({ schema: Row }, () => run(200, "hog"));
export const small = asset({ schema: Row }, () => run(1, "small"));
`;

let project: TestProject;
beforeAll(async () => {
  project = await copyShop();
  await mkdir(project.stateDirectory);
  await writeFile(join(project.root, "assets/hogs.ts"), assets);
});
afterAll(() => project[Symbol.asyncDispose]());

interface Ran {
  readonly name: string;
  readonly pid: number;
  readonly beganAt: number;
  readonly endedAt: number;
}

async function perform(pool: ChildPool, name: string): Promise<Ran> {
  const lines: string[] = [];
  const answer: ChildAnswer = await pool.perform(
    {
      kind: "run",
      asset: { key: parseAssetKey(name), file: "assets/hogs.ts", exportPath: [name] },
      arguments: [],
      attempt: {
        asset: parseAssetKey(name),
        partition: unpartitioned,
        window: null,
        runId: "run1",
        attempt: 1,
        environment: "prod",
        traceId: "trace1",
      },
      output: {
        path: join(project.stateDirectory, `${name}-${Math.random()}.parquet`),
        format: "parquet",
        schema: { columns: [{ name: "pid", type: { kind: "integer" }, isNullable: false, nullAs: "null" }] },
      },
      savedDirectory: join(project.stateDirectory, "checkpoints", name),
    },
    {
      subject: name,
      code: { root: project.root, generation: "1", files: {} },
      timeoutMs: 240_000,
      listener: { log: ({ message }) => lines.push(message), progress: () => {} },
      signal: new AbortController().signal,
    },
  );
  if (answer.kind !== "result") throw new Error(JSON.stringify(answer));
  const [, pid, beganAt, endedAt] = (lines.find((line) => line.startsWith(name)) ?? "").split(" ").map(Number);
  return { name, pid: pid ?? 0, beganAt: beganAt ?? 0, endedAt: endedAt ?? 0 };
}

function overlaps(a: Ran, b: Ran): boolean {
  return a.beganAt < b.endedAt && b.beganAt < a.endedAt;
}

test("steps that were seen to need much memory do not run beside each other where it is scarce", async () => {
  await using pool = createChildPool({
    root: project.root,
    size: 3,
    memoryMb: 512,
    stepsPerChild: 100,
    env: process.env,
    memoryBudgetBytes: 550 * megabyte,
  });
  // The first of its kind is not known yet.
  await perform(pool, "hog");
  const [one, two] = await Promise.all([perform(pool, "hog"), perform(pool, "hog"), perform(pool, "small")]);
  expect(overlaps(one, two)).toBe(false);
});

test("a child is replaced after its number of steps", async () => {
  const settings = { root: project.root, size: 1, memoryMb: 128, env: process.env };
  await using pool = createChildPool({ ...settings, stepsPerChild: 2 });
  const pids: number[] = [];
  for (let step = 0; step < 4; step++) pids.push((await perform(pool, "small")).pid);
  const counts = pids.map((pid) => pids.filter((other) => other === pid).length);
  expect(Math.max(...counts)).toBe(2);
  expect(new Set(pids).size).toBeGreaterThan(1);
});
