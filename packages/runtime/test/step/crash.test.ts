import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyShop, type TestProject } from "./shop-project.ts";
import { ShopRunner } from "./shop-runner.ts";

const crashMain = fileURLToPath(new URL("./crash-main.ts", import.meta.url));

/** One step for each phase in which its worker is killed. */
const crashes = [
  { phase: "called", asset: "subscribers", partition: "" },
  { phase: "staged", asset: "orders", partition: "2001-01-01" },
  { phase: "store:rowsMoved", asset: "countries", partition: "" },
  { phase: "store:committed", asset: "speaksForChild", partition: "" },
  { phase: "committed", asset: "orders", partition: "2001-01-03" },
];

/** The same for a merge, which leaves contributions, batches and a cut behind; it stands for all in the phases that are alike. */
const mergeCrashes = [
  { phase: "claimed", partition: "2001-01-01" },
  { phase: "called", partition: "2001-01-02" },
  { phase: "staged", partition: "2001-01-03" },
  { phase: "gated", partition: "2001-01-04" },
  { phase: "store:extrasMoved", partition: "2001-01-05" },
  { phase: "store:committed", partition: "2001-01-06" },
  { phase: "committed", partition: "2001-01-07" },
].map((crash) => ({ ...crash, asset: "dayStock" }));

let project: TestProject;
let childrenLeft: readonly string[];
let shop: ShopRunner;

beforeAll(async () => {
  project = await copyShop();
  const { root, stateDirectory } = project;
  await makeInputs();
  // It never awaits anything: only the watchdog can end its child.
  const busy = { phase: "busy", asset: "blocksAndLogs", partition: "" };
  for (const { phase, asset, partition } of [...crashes, ...mergeCrashes, busy]) {
    const args = [crashMain, root, stateDirectory, phase, asset, partition];
    const died = promisify(execFile)(process.execPath, args, { timeout: 240_000 });
    const end = await died.catch((error: unknown) => error);
    expect(end, `${phase}: ${String(end)}`).toMatchObject({ signal: "SIGKILL" });
  }
  childrenLeft = await waitForChildren();
  shop = await ShopRunner.open({ project });
  await shop.adopt("shelf", "counts");
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

test.each([...crashes, ...mergeCrashes])(
  "a step of $asset whose worker was killed when it was $phase ends in exactly one version when it is tried again",
  async ({ phase, asset, partition }) => {
    const outcome = await shop.run(asset, { partition });
    if (outcome.kind !== "committed") throw new Error(JSON.stringify(outcome));
    const { commit, timings } = outcome;
    const wasCommitted = phase.endsWith("committed");
    expect(commit.isReplay).toBe(wasCommitted);
    // A commit that is found again is adopted: the function is not called once more.
    expect(timings.userMs === 0).toBe(wasCommitted);
    const commits = await shop.store.listCommits({ after: 0n, limit: 100 });
    expect(commits.filter((one) => one.asset === asset && one.partition === partition)).toHaveLength(1);
    expect(await shop.rows(asset, partition)).toHaveLength(commit.rowCount);
    expect(await shop.run(asset, { partition })).toMatchObject({ kind: "unchanged" });
  },
);

test("a merge whose worker was killed has each batch once, and one cut", async () => {
  const asset = parseAssetKey("dayStock");
  for (const { partition } of mergeCrashes) {
    const cuts = await shop.store.merges.listCuts({ asset, partition: parsePartition(partition), limit: 10 });
    expect(cuts.map(({ version }) => version)).toEqual([shop.heads.get(`dayStock@${partition}`)?.version]);
    const batches = await shop.store.merges.listBatches({ asset, partition: parsePartition(partition), limit: 10 });
    expect(batches.map(({ branch, standing }) => `${branch} ${standing}`).sort()).toEqual([
      "counts live",
      "shelf live",
    ]);
    expect(await shop.rows("dayStock", partition)).toEqual([
      { sku: "a", name: partition, amount: 1, at: `${partition}T01:00:00Z` },
      { sku: "b", name: "Shelf", amount: 2, at: "2001-01-01T00:00:00Z" },
    ]);
  }
});

test("children end with a worker that is killed, even when their event loop is blocked", () => {
  expect(childrenLeft).toEqual([]);
});

test("what a killed worker had staged is gone from the disk and from the store", async () => {
  for (const kind of ["staging", "exchange"]) {
    const sessions = await list(join(project.stateDirectory, kind));
    expect(sessions.filter((session) => !session.startsWith(`${process.pid}-`))).toEqual([]);
  }
  await shop.store.discardAbandoned([]);
  expect(await shop.store.discardAbandoned([])).toBe(0);
});

/** What the merge reads; it also leaves the facts of the project's files behind, so that the workers that are killed need no compiler. */
async function makeInputs(): Promise<void> {
  await mkdir(join(project.root, "data"));
  const put = (name: string, rows: readonly object[]) =>
    writeFile(join(project.root, "data", `${name}.json`), JSON.stringify({ rows }));
  const shelf = { name: "Shelf", amount: 2, at: "2001-01-01T00:00:00Z" };
  await put("shelf", [
    { ...shelf, sku: "a" },
    { ...shelf, sku: "b" },
  ]);
  await using first = await ShopRunner.open({ project });
  await first.make("shelf");
  for (const { partition } of mergeCrashes) {
    await put(`counts-${partition}`, [{ sku: "a", name: partition, amount: 1, at: `${partition}T01:00:00Z` }]);
    await first.make("counts", { partition });
  }
}

function parsePartition(partition: string): PartitionKey {
  const commit = shop.heads.get(`dayStock@${partition}`);
  if (commit === undefined) throw new Error(`there is no ${partition}`);
  return commit.partition;
}

/** Processes that stay, by their working directory, which is the project's for its children alone. */
async function waitForChildren(): Promise<readonly string[]> {
  for (let tries = 0; ; tries += 1) {
    const left = await listChildren();
    if (left.length === 0 || tries === 1000) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function listChildren(): Promise<readonly string[]> {
  const command = `ls -l /proc/*/cwd 2>/dev/null | grep -F '${project.root}' || true`;
  const { stdout } = await promisify(execFile)("sh", ["-c", command]);
  return stdout.split("\n").filter((line) => line !== "");
}

async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
