import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWatersmeet, type RunId, type Watersmeet } from "@watersmeet/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { serveApp } from "../../src/http/serve-app.ts";
import { createProjectFolder } from "../support/fixture-project.ts";
import { createProjectCli, type ProjectCli } from "../support/project-cli.ts";

// One project whose source uses two systems; the tests tell its story in their order.
const stack = new AsyncDisposableStack();
let url: string;
let watersmeet: Watersmeet;
let cli: ProjectCli;
let runId: RunId | undefined;

const assets = `
import { buckets, source, type Ctx } from "@watersmeet/core";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** Tickets, each a call that lasts as long as the test. */
export const tickets = source(
  {
    schema: z.object({ id: z.number() }),
    partitions: buckets(3),
    resource: ["crm", { name: "network", weight: 2 }],
  },
  async (ctx: Ctx) => {
    await sleep(3_600_000, null, { signal: ctx.signal });
    return [{ id: 1 }];
  },
);
`;

const config = `
import { defineConfig } from "@watersmeet/runtime/config";
export default defineConfig({
  worker: { concurrency: 3 },
  resources: {
    crm: { concurrency: 2, rate: { count: 600, per: "1m" } },
    network: { concurrency: "auto", min: 2, max: 40 },
  },
});
`;

beforeAll(async () => {
  const directory = await createProjectFolder();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "assets"));
  await writeFile(join(directory, "watersmeet.config.ts"), config);
  await writeFile(join(directory, "assets/crm.ts"), assets);
  const database = stack.use(await createTestDatabase());
  const env = { DATABASE_URL: database.url };
  watersmeet = stack.use(await openWatersmeet({ directory, env }));
  url = stack.use(await serveApp({ watersmeet, port: 0, web: null, version: "0.0.0", onDefect: () => {} })).url;
  stack.use(await watersmeet.startWorker());
  cli = createProjectCli({ directory, env });
});

afterAll(async () => {
  // A worker that ends gives its steps ten seconds.
  if (runId !== undefined) await watersmeet.cancelRun(runId, "test");
  await stack.disposeAsync();
});

test("limits are listed as they are configured", async () => {
  const { stdout } = await cli("limits");
  expect(stdout).toMatch(/crm\s+2\s+2\s+0\s+0\s+600 per 1 min/);
  expect(stdout).toMatch(/network\s+4\s+auto, 2 to 40/);
});

test("a limit that a person sets counts in place of the configured one, which stays", async () => {
  expect(await cli("limits", "set", "crm", "1")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--reason"),
  });
  const words = ["limits", "set", "crm", "1", "--for", "1h", "--reason", "their nightly job runs"];
  expect(await cli.json(...words)).toMatchObject({
    limit: {
      resource: "crm",
      limit: 1,
      configured: { kind: "fixed", concurrency: 2 },
      override: { concurrency: 1, reason: "their nightly job runs" },
    },
  });
});

test("a step that waits for a resource says for which, of how much, and who has it", async () => {
  const { run } = await watersmeet.submitRun({ select: "tickets", requestedBy: "test" });
  runId = run.id;
  const listSteps = async () => {
    const answer = await (await fetch(`${url}/api/v1/runs/${run.id}/steps`)).json();
    return (answer as { items: { state: string; waitingFor: { kind: string; text: string } | null }[] }).items;
  };
  await expect.poll(async () => (await listSteps()).map((step) => step.state)).toContain("running");
  const waiting = (await listSteps()).filter((step) => step.state === "ready");
  expect(waiting).toHaveLength(2);
  expect(waiting[0]?.waitingFor).toMatchObject({
    kind: "limit",
    resource: "crm",
    text: expect.stringMatching(/^waits for resource crm, of which 1 of 1 are in use: tickets @ \d+ \(run \d+\)$/),
  });
  expect((await cli("why", "tickets")).stdout).toMatch(
    /is ready in run \d+ and waits for resource crm, of which 1 of 1/,
  );
  expect(await cli.json("limits")).toMatchObject({
    items: [
      { resource: "crm", taken: 1, waiting: 2 },
      { resource: "network", taken: 2, waiting: 2 },
    ],
  });
});

test("when it is cleared, the configured limit counts again at once", async () => {
  const cleared = await cli("limits", "clear", "crm", "--reason", "it is over");
  expect(cleared.stdout).toContain("crm: 2 units at the same time");
  await expect.poll(async () => (await watersmeet.limits.get("crm")).taken).toBe(2);
});

test("over HTTP a limit is set and cleared; a resource that nobody knows is not found", async () => {
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/limits/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, ...((await response.json()) as object) };
  };
  expect(await post("network/set", { concurrency: 7, reason: "moved" })).toMatchObject({ status: 200, limit: 7 });
  expect(await post("network/clear", { reason: "moved back" })).toMatchObject({ status: 200, override: null });
  expect(await post("network/set", { concurrency: 0, reason: "x" })).toMatchObject({ status: 400 });
  expect(await post("nobody/set", { concurrency: 1, reason: "x" })).toMatchObject({ status: 404, code: "NOT_FOUND" });
  const moves = await (await fetch(`${url}/api/v1/limits/network/moves`)).json();
  expect(moves).toEqual({ items: expect.any(Array) });
});
