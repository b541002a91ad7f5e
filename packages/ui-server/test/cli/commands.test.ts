import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWatersmeet } from "@watersmeet/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createFixtureProject, type FixtureProject } from "../support/fixture-project.ts";
import { createProjectCli, type ProjectCli } from "../support/project-cli.ts";
import { runCli, type CliResult } from "../support/run-cli.ts";
import { runInProcess } from "../support/run-in-process.ts";

// One project; the tests tell its story in their order.
let project: FixtureProject;
let cli: ProjectCli;

beforeAll(async () => {
  project = await createFixtureProject("shop");
  cli = createProjectCli(project);
});

afterAll(() => project[Symbol.asyncDispose]());

const RunOf = z.object({ run: z.looseObject({ id: z.string() }) });

/** As a process of its own. */
function process(...args: readonly string[]): Promise<CliResult> {
  return runCli(args, { cwd: project.directory, env: project.env });
}

test("check finds nothing wrong, and touches no database", async () => {
  const result = await runCli(["check"], {
    cwd: project.directory,
    env: { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" },
  });
  expect(result).toMatchObject({ exitCode: 0, stdout: "No problems in 5 assets\n" });
});

test("db migrate makes the schema once, and then has nothing to do", async () => {
  expect(await cli.json("db", "migrate")).toMatchObject({ applied: expect.arrayContaining([expect.any(String)]) });
  expect(await cli("db", "migrate")).toMatchObject({ exitCode: 0, stdout: "The ledger's schema is up to date\n" });
});

test("plan gives reasons, as text and as JSON", async () => {
  const text = await cli("plan", "+total");
  expect(text.exitCode).toBe(0);
  expect(text.stdout).toContain("16 steps to run in prod, of 4 assets");
  expect(await cli.json("plan", "orders", "--partitions", "2001-01-02..2001-01-03")).toMatchObject({
    stepCount: 2,
    assets: [
      {
        asset: "orders",
        run: [{ reason: { kind: "missing" }, ranges: [{ from: "2001-01-02", to: "2001-01-03", count: 2 }] }],
      },
    ],
  });
});

test("run builds what is missing: progress on stderr, the summary on stdout", async () => {
  const result = await process("run", "+total");
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  expect(result.stderr).toMatch(/Run \S+: 16 steps/);
  expect(result.stderr).toContain("16 of 16 steps");
  expect(result.stderr).not.toContain("\u001b");
  expect(result.stdout).toMatch(/^asset +steps +rows +took +in parallel +result$/m);
  expect(result.stdout).toMatch(/^orders +7 +21 /m);
  expect(result.stdout).toMatch(/^Succeeded: 16 steps, \d+ rows, /m);
});

test("what a deployment does to a run is said with it, and no more when it has ended", async () => {
  const { run } = RunOf.parse(await cli.json("run", "customers", "--force", "--on-deploy", "abort"));
  expect(run).toMatchObject({ state: "succeeded", onDeploy: "abort", failure: null });
  expect((await cli("runs", "show", run.id)).stdout).toContain("when other code is deployed: abort");
  const refused = await cli("runs", "on-deploy", run.id, "upgrade");
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("RUN_STATE_CONFLICT") });
  expect(await cli("runs", "on-deploy", run.id, "later")).toMatchObject({ exitCode: 2 });
});

test("a second run has nothing to do and says so", async () => {
  const result = await cli("run", "+total");
  expect(result).toMatchObject({ exitCode: 0, stdout: "Nothing to do: 16 up to date\n" });
});

test("assets lists what there is and how it is", async () => {
  const { stdout } = await cli("assets");
  expect(stdout).toMatch(/^dailyRevenue +query +orders, customers +7\/7 +14 .* materialized$/m);
  expect(stdout).toMatch(/^slow +source +0\/40 .*missing$/m);
  expect(await cli.json("assets", "tag:report")).toMatchObject({ items: [{ key: "dailyRevenue" }, { key: "total" }] });
});

test("lineage draws trees, and --up 1 is exactly one hop", async () => {
  const { stdout } = await cli("lineage", "dailyRevenue");
  expect(stdout).toContain("made from\n├─ orders (source)\n└─ customers (source)");
  expect(stdout).toContain("read by\n└─ total (asset) all");
  const Shape = z.object({
    root: z.string(),
    nodes: z.array(z.object({ key: z.string() })),
    edges: z.array(z.unknown()),
  });
  const near = Shape.parse(await cli.json("lineage", "total", "--up", "1"));
  expect(near.nodes.map(({ key }) => key).sort()).toEqual(["dailyRevenue", "total"]);
  expect(near.edges).toHaveLength(1);
});

test("show prints rows, and control characters in data do not reach the terminal", async () => {
  const { stdout } = await cli("show", "dailyRevenue", "--partition", "2001-01-04");
  expect(stdout).toMatch(/^name +amount$/m);
  expect(stdout).toMatch(/^Ana +14$/m);
  expect(await cli.json("show", "total")).toMatchObject({ rows: [{ amount: 381 }], columns: ["amount"] });
});

test("why answers for one partition", async () => {
  const { stdout, exitCode } = await cli("why", "orders@2001-01-04");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^orders@2001-01-04 is materialized\n {2}\S/);
});

test("backfill --dry-run gives steps and an estimate from earlier steps, and runs nothing", async () => {
  const { stdout, exitCode } = await cli(
    "backfill",
    "orders",
    "--partitions",
    "2001-01-02..2001-01-04",
    "--force",
    "--dry-run",
  );
  expect(exitCode).toBe(0);
  expect(stdout).toContain("3 steps to run");
  expect(stdout).toMatch(/^About .+, judging by earlier steps$/m);
  expect(await cli.json("backfill", "list")).toEqual({ items: [] });
});

test("a backfill runs its range and is shown afterwards", async () => {
  const args = ["backfill", "orders", "--partitions", "2001-01-02..2001-01-04", "--force", "--max-parallel", "1"];
  const Shape = z.object({ run: z.object({ id: z.string(), kind: z.string(), maxParallel: z.number() }) });
  const { run } = Shape.parse(await cli.json(...args));
  expect(run).toMatchObject({ kind: "backfill", maxParallel: 1 });
  expect((await cli("backfill", "list")).stdout).toMatch(new RegExp(`^${run.id} +backfill +succeeded +3/3`, "m"));
  expect((await cli("backfill", "show", run.id)).stdout).toContain(
    "orders [2001-01-02..2001-01-04], asked for by cli:",
  );
});

test("a row that breaks the schema blocks its partition alone, with the column and the row", async () => {
  const orders = join(project.directory, "data/orders.json");
  const sound = await readFile(orders, "utf8");
  await writeFile(orders, JSON.stringify({ amounts: { "2001-01-05": [10, -3] } }));
  const result = await cli("run", "orders+", "--partitions", "2001-01-05", "--force");
  expect(result.exitCode).toBe(1);
  expect(result.stdout).toMatch(/^Failed: /m);
  expect(result.stdout).toContain("blocked orders [2001-01-05]");
  expect(result.stdout).toContain("GATE_FAILED");
  expect(result.stdout).toContain("amount");
  expect(result.stdout).toMatch(/row: .*-3/);
  expect(result.stdout).toMatch(/^dailyRevenue .*1 skipped: upstream failed$/m);
  expect(await cli.json("show", "orders", "--partition", "2001-01-05")).toMatchObject({ rows: { length: 3 } });
  await writeFile(orders, sound);
  const id = /watersmeet runs retry (\S+)/.exec(result.stdout)?.[1] ?? "";
  const retried = await cli("runs", "retry", id);
  expect(retried, retried.stderr + retried.stdout).toMatchObject({ exitCode: 0 });
  expect(retried.stdout).toMatch(/^Succeeded: /m);
});

test("runs lists and shows what was run", async () => {
  const Shape = z.object({ items: z.array(z.object({ id: z.string(), state: z.string() })) });
  const { items } = Shape.parse(await cli.json("runs", "list"));
  expect(items.length).toBeGreaterThanOrEqual(3);
  expect(await cli.json("runs", "show", items[0]?.id ?? "")).toMatchObject({
    run: { id: items[0]?.id },
    summary: { runId: items[0]?.id, assets: expect.any(Array) },
  });
});

test("doctor finds everything in order", async () => {
  const result = await cli("doctor");
  expect(result, result.stdout + result.stderr).toMatchObject({ exitCode: 0 });
  expect(result.stdout).toMatch(/^ok {3}node +Node 2\d/m);
  expect(result.stdout).toMatch(/^ok {3}ledger +PostgreSQL \d+\.\d+, migrated to \d{6}_/m);
  expect(result.stdout).toMatch(/^ok {3}store +default: duckdb, opens$/m);
  expect(result.stdout).toMatch(/^ok {3}pooler +sessions keep their settings and locks$/m);
  expect(result.stdout).toMatch(/^ok {3}clock +agrees with the database's$/m);
  expect(result.stdout.match(/^ok {3}I\d+ /gm)).toHaveLength(12);
});

test("doctor says what it could not look at while another process has the store's file, and ends well", async () => {
  await using owner = await openWatersmeet({ directory: project.directory, env: project.env });
  await owner.examine();
  const result = await process("doctor");
  expect(result, result.stdout).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("default was not looked at"),
  });
});

test("doctor --repair removes what a dead process left, says so, and finds everything in order", async () => {
  const left = join(project.directory, ".watersmeet/staging/4194303-dead");
  await mkdir(left, { recursive: true });
  expect(await cli("doctor")).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("STAGING_LEFT") });
  const result = await cli("doctor", "--repair", "--thorough", "--json");
  expect(result, result.stdout).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(result.stdout)).toMatchObject({
    repairs: [{ kind: "staging", message: expect.stringContaining("4194303-dead was removed") }],
    violations: [],
  });
});

test("doctor tells of a server that died and left its file behind, and show goes to the store all the same", async () => {
  const file = join(project.directory, ".watersmeet/server.json");
  await writeFile(file, JSON.stringify({ url: "http://127.0.0.1:1", pid: 1 }));
  const result = await cli("doctor");
  expect(result.exitCode).toBe(0);
  expect(result.stdout).toMatch(/^warn server +a server that has ended left its file behind\n +hint: .*server\.json$/m);
  expect((await cli("show", "total")).exitCode).toBe(0);
  await rm(file);
});

test.each([
  [["run"], 2, "USAGE_INVALID"],
  [["run", "*", "--max-parallel", "none"], 2, "USAGE_INVALID"],
  [["run", "nope"], 2, "ASSET_UNKNOWN"],
  [["run", "++"], 2, "SELECTION_INVALID"],
  [["plan", "orders", "--partitions", "2031-01-01"], 2, "PARTITION_INVALID"],
  [["backfill", "orders"], 2, "USAGE_INVALID"],
  [["runs", "show", "nope"], 2, "RUN_NOT_FOUND"],
  [["lineage", "ordrs"], 2, "ASSET_UNKNOWN"],
  [["show", "slow"], 2, "NOT_FOUND"],
  [["serve", "--host", "0.0.0.0"], 6, "BIND_DENIED"],
  [["-C", "/", "check"], 2, "CONFIG_NOT_FOUND"],
] as const)("watersmeet %j ends with %i and %s", async (args, exitCode, code) => {
  const result = await cli(...args, "--json");
  expect(result.exitCode).toBe(exitCode);
  expect(result.stderr).toContain(`${code}: `);
  expect(result.stderr).not.toMatch(/^ {4}at /m);
  expect(JSON.parse(result.stdout)).toMatchObject({ error: { code, message: expect.any(String) } });
});

test("sources with problems are shown with frames, exit with 3, and nothing is run", async () => {
  const file = join(project.directory, "assets/broken.ts");
  await writeFile(
    file,
    'import { asset, type In } from "@watersmeet/core";\nimport { z } from "zod";\nimport type * as shop from "./shop.ts";\n\n' +
      "export const broken = asset({ schema: z.object({ id: z.int() }) }, (orders: In<typeof shop.ordrs>) => []);\n",
  );
  try {
    const check = await cli("check");
    expect(check.exitCode).toBe(3);
    expect(check.stdout).toContain("--> assets/broken.ts:5:");
    expect(check.stdout).toMatch(/\^\^\^/);
    expect(await cli.json("check")).toMatchObject({ problems: [{ at: { file: "assets/broken.ts", line: 5 } }] });
    const lineage = await cli("lineage", "dailyRevenue");
    expect(lineage).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("The sources have 1 problem") });
    const run = await cli("run", "orders", "--force");
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toContain("--> assets/broken.ts:5:");
    expect(run.stderr).toContain("PROJECT_INVALID");
    expect((await cli("serve")).exitCode).toBe(3);
    expect((await cli("worker")).exitCode).toBe(3);
  } finally {
    await rm(file);
  }
});

test("the process ends with the code, says what is wrong on stderr, and prints JSON alone on stdout", async () => {
  const result = await process("why", "nope", "--json");
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toContain("ASSET_UNKNOWN: ");
  expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: "ASSET_UNKNOWN" } });
});

test("colours can be asked for and forbidden", async () => {
  const colored = await runInProcess(["assets"], { cwd: project.directory, env: { ...project.env, FORCE_COLOR: "1" } });
  expect(colored.stdout).toContain("\u001b[");
  const plain = await runInProcess(["assets", "--no-color"], {
    cwd: project.directory,
    env: { ...project.env, FORCE_COLOR: "1" },
  });
  expect(plain.stdout).not.toContain("\u001b[");
});
