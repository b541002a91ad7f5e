import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFixtureProject, type FixtureProject } from "../support/fixture-project.ts";
import { startCli, type CliProcess } from "../support/run-cli.ts";
import { runInProcess } from "../support/run-in-process.ts";

let project: FixtureProject;
let dev: CliProcess;
let url: string;

beforeAll(async () => {
  project = await createFixtureProject("shop");
  dev = startCli(["dev", "--port", "0"], { cwd: project.directory, env: project.env });
  await dev.waitForStderr(/^watersmeet \S+ dev$/m);
  url = (await dev.waitForStderr(/^web +(http:\S+)$/m))[1] ?? "";
  await dev.waitForStderr(/Watching for changes/);
});

afterAll(async () => {
  await dev[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

function cli(...args: readonly string[]) {
  return runInProcess(args, { cwd: project.directory, env: project.env });
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const path = join(project.directory, file);
  await writeFile(path, change(await readFile(path, "utf8")));
}

test("the first line comes before there is a server, and the last when there is everything", () => {
  expect(dev.stderr()).toMatch(/^watersmeet \S+ dev\n[\s\S]*^web +http:\S+$[\s\S]*Watching for changes/m);
});

test("the server announces itself to other commands", async () => {
  const state: unknown = JSON.parse(await readFile(join(project.directory, ".watersmeet/server.json"), "utf8"));
  expect(state).toEqual({ url, pid: dev.pid });
  const second = await cli("dev", "--port", "0");
  expect(second.exitCode).toBe(1);
  expect(second.stderr).toContain("SERVER_RUNNING");
});

test("run hands the work to the worker that is there, and follows", async () => {
  const result = await cli("run", "+dailyRevenue");
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  expect(result.stderr).toContain("A worker is running already");
  expect(result.stdout).toMatch(/^Succeeded: 15 steps/m);
});

test("show asks the server, which owns the store's file", async () => {
  const result = await cli("show", "dailyRevenue", "--partition", "2001-01-04", "--json");
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(result.stdout)).toMatchObject({ rows: { length: 2 } });
  const absent = await cli("show", "total");
  expect(absent.exitCode).toBe(2);
  expect(absent.stderr).toContain("NOT_FOUND");
});

test("a saved file is derived again: what changed and how much is out of date is told, and nothing runs", async () => {
  await edit("assets/reports.ts", (text) =>
    text.replace('e.fn.sum<number>("o.amount")', 'e.fn.max<number>("o.amount")'),
  );
  await dev.waitForStderr(/~ dailyRevenue: code changed\n2 assets out of date/);
  const runs: unknown = JSON.parse((await cli("runs", "list", "--json")).stdout);
  expect(runs).toMatchObject({ items: { length: 1 } });
});

test("a mistake is shown with its frame, and gone when it is mended", async () => {
  await edit("assets/reports.ts", (text) => text.replace("typeof shop.customers", "typeof shop.custmers"));
  await dev.waitForStderr(/--> assets\/reports\.ts:\d+:\d+/);
  const problems = await (await fetch(`${url}/api/v1/problems`)).json();
  expect(problems).toMatchObject({ items: [{ at: { file: "assets/reports.ts" } }] });
  const started = await fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ select: "orders", force: true }),
  });
  expect([started.status, await started.json()]).toMatchObject([422, { code: "PROJECT_INVALID" }]);
  await edit("assets/reports.ts", (text) => text.replace("typeof shop.custmers", "typeof shop.customers"));
  await dev.waitForStderr(/1 problem solved/);
});

test("new code runs without a restart", async () => {
  expect((await cli("run", "dailyRevenue")).exitCode).toBe(0);
  const { stdout } = await cli("show", "dailyRevenue", "--partition", "2001-01-01", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    rows: expect.arrayContaining([
      { name: "Ana", amount: 30 },
      { name: "Bert", amount: 20 },
    ]),
  });
});

test("it ends with 0 on Ctrl-C and takes its announcement back", async () => {
  dev.killGroup("SIGINT");
  const ended = await dev.finished;
  expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
  await expect(readFile(join(project.directory, ".watersmeet/server.json"))).rejects.toMatchObject({ code: "ENOENT" });
});
