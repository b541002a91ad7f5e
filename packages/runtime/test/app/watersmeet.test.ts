import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDatabase } from "../../../../tools/testing/test-database.ts";
import { openWatersmeet } from "../../src/app/open-watersmeet.ts";
import type { Watersmeet } from "../../src/app/watersmeet.ts";
import type { LedgerEvent, RunRecord } from "../../src/ledger/records.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { cloneLedgerDatabase } from "../ledger/test-ledger.ts";

/* The quickstart, opened as a face opens it, from the first run to a lost ledger. The tests build on each other, in this order. */
const example = fileURLToPath(new URL("../../../../examples/quickstart/", import.meta.url));
let root: string;
let database: TestDatabase;
const open = new AsyncDisposableStack();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "watersmeet-app-"));
  open.defer(() => rm(root, { recursive: true, force: true }));
  for (const name of ["assets", "package.json", "watersmeet.config.ts"]) {
    await cp(join(example, name), join(root, name), { recursive: true });
  }
  await symlink(join(example, "node_modules"), join(root, "node_modules"));
  database = open.use(await cloneLedgerDatabase());
});
afterAll(() => open.disposeAsync());

function openProject(url = database.url): Promise<Watersmeet> {
  return openWatersmeet({ directory: root, env: { ...process.env, DATABASE_URL: url }, logger: silentLogger });
}

async function runAll(project: Watersmeet, select = "*"): Promise<RunRecord> {
  const { run } = await project.submitRun({ select, requestedBy: "test" });
  let last = run;
  for await (const record of project.followRun(run.id)) last = record;
  return last;
}

const revenue = parseAssetKey("revenue");

test("a project runs, and says what it made, from what, and why it is where it is", async () => {
  await using project = await openProject();
  expect(project.project().problems).toEqual([]);
  expect(await project.hasLiveWorker()).toBe(false);
  await using _worker = await project.startWorker();
  expect(await project.hasLiveWorker()).toBe(true);
  const events: LedgerEvent[] = [];
  const ending = new AbortController();
  const following = (async () => {
    for await (const event of project.followEvents(null, ending.signal)) events.push(event);
  })();
  const run = await runAll(project);
  expect(run).toMatchObject({ state: "succeeded", stepCount: 3, steps: { succeeded: 3, running: 0, waiting: 0 } });
  expect((await project.readRows(revenue, { limit: 10 })).length).toBe(2);
  const head = await project.ledger.findHead("prod", revenue, unpartitioned);
  expect(head?.inputs.map((input) => input.asset).sort()).toEqual(["customers", "orders"]);
  const provenance = head === undefined ? [] : await project.provenance(head.id);
  expect(provenance.map((made) => made.asset).sort()).toEqual(["customers", "orders"]);
  expect(await project.partitionStatuses(revenue)).toEqual([{ partition: "", status: "materialized" }]);
  expect(await project.why(revenue, unpartitioned)).toMatchObject({
    status: "materialized",
    reasons: [expect.stringContaining("up to date")],
  });
  await expect.poll(() => events.map((event) => event.kind)).toContain("run:finished");
  ending.abort();
  await following;
  expect(events.map((event) => Number(event.sequence))).toEqual(
    events.map((event) => Number(event.sequence)).toSorted((a, b) => a - b),
  );
});

test("what is up to date is not run again", async () => {
  await using project = await openProject();
  const { run } = await project.submitRun({ select: "*", requestedBy: "test" });
  expect(run).toMatchObject({ state: "succeeded", stepCount: 0, skipped: { upToDate: 3 } });
});

test("a changed function is stale, and so is nothing else until it has run", async () => {
  await using project = await openProject();
  const file = join(root, "assets", "revenue.ts");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace('"paid"', '"open"'));
  await project.reloadProject();
  expect(await project.partitionStatuses(revenue)).toEqual([{ partition: "", status: "stale" }]);
  const plan = await project.plan({ select: "*" });
  expect(plan.stepCount).toBe(1);
  await using _worker = await project.startWorker();
  expect(await runAll(project)).toMatchObject({ state: "succeeded", stepCount: 1 });
});

test("a ledger that has lost everything learns it again from the store, and nothing runs twice", async () => {
  await using fresh = await cloneLedgerDatabase();
  await using project = await openProject(fresh.url);
  await using _worker = await project.startWorker();
  const heads = await project.ledger.summarizeHeads("prod");
  expect([...heads.keys()]).toEqual(["customers", "orders", "revenue"]);
  expect((await project.plan({ select: "*" })).stepCount).toBe(0);
  const made = await project.ledger.listMaterializations({ asset: revenue }, { limit: 10 });
  expect(made.items.map((each) => each.version)).toEqual([2, 1]);
  expect(made.items[0]?.inputs).toHaveLength(2);
});

test("what lay in a store that was deleted is missing, whatever the ledger remembers", async () => {
  await using project = await openProject();
  expect((await project.plan({ select: "*" })).stepCount).toBe(0);
  await rm(join(root, ".watersmeet", "shop.duckdb"), { force: true });
  await rm(join(root, ".watersmeet", "shop.duckdb.wal"), { force: true });
  expect((await project.plan({ select: "*" })).stepCount).toBe(3);
  await using _worker = await project.startWorker();
  expect(await runAll(project)).toMatchObject({ state: "succeeded", steps: { succeeded: 3 } });
});

test("unknown things are named", async () => {
  await using project = await openProject();
  await expect(project.plan({ select: "revenu" })).rejects.toMatchObject({ code: "ASSET_UNKNOWN" });
  await expect(project.cancelRun("999999" as RunRecord["id"], "test")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(project.why(parseAssetKey("nothing"), null)).rejects.toMatchObject({ code: "ASSET_UNKNOWN" });
});
