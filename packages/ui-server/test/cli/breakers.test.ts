import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openWatersmeet, type RunId, type Watersmeet } from "@watersmeet/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { serveApp } from "../../src/http/serve-app.ts";
import { createProjectFolder } from "../support/fixture-project.ts";
import { createProjectCli, type ProjectCli } from "../support/project-cli.ts";
import type { CliOptions } from "../support/run-cli.ts";
import { runInProcess } from "../support/run-in-process.ts";

// One project whose source is a CRM over HTTP; the tests tell its story in their order.
const stack = new AsyncDisposableStack();
let port: number;
let url: string;
let watersmeet: Watersmeet;
let options: CliOptions;
let cli: ProjectCli;

function describeAssets(): string {
  return `
import { asset, source } from "@watersmeet/core";
import { z } from "zod";

const Customer = z.object({ id: z.number() });

/** Customers of the CRM. */
export const customers = source({ schema: Customer, resource: "crm" }, async () => {
  const response = await fetch("http://127.0.0.1:${port}/customers");
  if (!response.ok) throw new Error("the CRM answered " + response.status, { cause: response });
  return [{ id: 1 }];
});

/** Takes its process down. */
export const explosive = asset({ schema: Customer }, () => process.abort());

/** Refuses what it was given. */
export const picky = asset({ schema: Customer }, () => Customer.array().parse([{ id: "one" }]));
`;
}

const config = `
import { defineConfig } from "@watersmeet/runtime/config";
export default defineConfig({
  worker: { concurrency: 2 },
  resources: { crm: { concurrency: 2, breaker: { unreachableInARow: 1, openMs: 3600000, maxOpenMs: 3600000 } } },
});
`;

async function startCrm(): Promise<Server> {
  const crm = createServer((_, response) => response.end("{}"));
  crm.listen(port, "127.0.0.1");
  await once(crm, "listening");
  return crm;
}

beforeAll(async () => {
  port = 0;
  const crm = await startCrm();
  port = (crm.address() as AddressInfo).port;
  crm.close();
  const directory = await createProjectFolder();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "assets"));
  await writeFile(join(directory, "watersmeet.config.ts"), config);
  await writeFile(join(directory, "assets/crm.ts"), describeAssets());
  const database = stack.use(await createTestDatabase());
  const env = { DATABASE_URL: database.url };
  watersmeet = stack.use(await openWatersmeet({ directory, env }));
  url = stack.use(await serveApp({ watersmeet, port: 0, web: null, version: "0.0.0", onDefect: () => {} })).url;
  stack.use(await watersmeet.startWorker());
  options = { cwd: directory, env };
  cli = createProjectCli({ directory, env });
}, 60_000);

afterAll(() => stack.disposeAsync());

async function submit(select: string): Promise<RunId> {
  const { run } = await watersmeet.submitRun({ select, force: true, requestedBy: "test" });
  return run.id;
}

async function waitForRun(id: RunId): Promise<string> {
  let state = "";
  for await (const run of watersmeet.followRun(id)) state = run.state;
  return state;
}

async function waitUntil(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error("it did not happen in time");
    await sleep(50);
  }
}

async function findState(): Promise<unknown> {
  const { items } = (await (await fetch(`${url}/api/v1/breakers`)).json()) as { items: { state: string }[] };
  return items[0]?.state;
}

test("a source that cannot be reached opens the breaker of its resource, and the step that waits says so", async () => {
  const id = await submit("customers");
  await waitUntil(async () => (await findState()) === "open");
  const listed = await cli("breaker", "list");
  expect(listed.exitCode).toBe(5);
  expect(listed.stdout).toMatch(/crm\s+open\s+\d{4}-.*a call did not get through/);
  // At first it waits for the end of its own pause; when that is over, for the breaker.
  await waitUntil(async () => /resource crm.*breaker is open until/.test((await cli("why", "customers")).stdout));
  const steps = await (await fetch(`${url}/api/v1/runs/${id}/steps`)).json();
  expect(steps).toMatchObject({
    items: [{ state: "ready", failure: { code: "BREAKER_OPEN", class: "transient", details: { resource: "crm" } } }],
  });
  await watersmeet.cancelRun(id, "test");
});

test("a run that stands still says for what, and goes on when the breaker is closed by hand, with a reason", async () => {
  let heard = "";
  const running = runInProcess(["run", "customers", "--force"], options, (stderr) => (heard = stderr));
  await waitUntil(async () => (await watersmeet.breakers.list())[0]?.waiting === 1);
  const crm = await startCrm();
  expect(await cli("breaker", "close", "crm")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--reason"),
  });
  await waitUntil(async () => heard.includes("Steps wait for crm"));
  const closed = await cli("breaker", "close", "crm", "--reason", "the vendor says it is back");
  expect(closed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("crm is closed") });
  const { exitCode, stderr } = await running;
  expect(exitCode).toBe(0);
  expect(
    stderr.match(/Steps wait for crm, which is left alone until at least .*: a call did not get through/g),
  ).toHaveLength(1);
  crm.close();
  crm.closeAllConnections();
});

test("over HTTP a breaker is held open for a time and reset; a resource that nobody knows is not found", async () => {
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${url}/api/v1/breakers/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const open = await post("crm/open", { reason: "maintenance", forMs: 3_600_000 });
  expect(open).toMatchObject({ status: 200, body: { state: "forcedOpen", reason: "maintenance", changedBy: "http" } });
  expect(Date.parse(String(open.body["until"])) - Date.now()).toBeGreaterThan(3_500_000);
  expect(await post("crm/reset", { reason: "done" })).toMatchObject({
    status: 200,
    body: { state: "closed", until: null },
  });
  expect(await post("crm/open", { reason: " " })).toMatchObject({ status: 400 });
  expect(await post("nowhere/close", { reason: "x" })).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  expect(await cli.json("breaker", "disable", "crm", "--for", "10m", "--reason", "load test")).toMatchObject({
    breaker: { resource: "crm", state: "disabled", reason: "load test" },
  });
});

test("a step that takes its process down is shown as poison, and one that failed on its rows as data", async () => {
  const id = await submit("explosive picky");
  expect(await waitForRun(id)).toBe("failed");
  const shown = await cli("runs", "show", id);
  expect(shown.stdout).toMatch(/failed explosive.*poison: set aside, because it takes its process down/);
  expect(shown.stdout).toMatch(/failed picky.*data: rows are at fault/);
  const summary = (await (await fetch(`${url}/api/v1/runs/${id}/summary`)).json()) as {
    failures: { asset: string; class: string }[];
  };
  expect(summary.failures.map(({ asset, class: kind }) => [asset, kind])).toEqual([
    ["explosive", "poison"],
    ["picky", "data"],
  ]);
});
