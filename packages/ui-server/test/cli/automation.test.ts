import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWatersmeet, type Watersmeet } from "@watersmeet/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { serveApp } from "../../src/http/serve-app.ts";
import { createWebApp } from "../../src/http/web-app.ts";
import { createProjectFolder } from "../support/fixture-project.ts";
import { createProjectCli, type ProjectCli } from "../support/project-cli.ts";
import { hasBrowser, openPage } from "../web/open-browser.ts";

// One project that a server evaluates in the background, as `serve` does; the tests tell its story in their order.
const stack = new AsyncDisposableStack();
let directory: string;
let url: string;
let watersmeet: Watersmeet;
let cli: ProjectCli;

const assets = `
import { readFileSync } from "node:fs";
import { asset, eager, schedule, sensor, source, type In } from "@watersmeet/core";
import { z } from "zod";
import type * as shop from "./shop.ts";

const Sale = z.object({ amount: z.number() });

/** Sales as the shop has them. */
export const sales = source({ schema: Sale, resource: "shop" }, () => [{ amount: Number(readFileSync("amount", "utf8")) }]);

/** What was sold, kept up to date. */
export const total = asset({ schema: Sale, automation: eager() }, (sales: In<typeof shop.sales>) => sales.all());

/** Every night at half past two. */
export const nightly = schedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin", select: "+total" });

/** Tells twice of everything. */
export const bell = sensor({ every: "1s", select: "sales" }, ({ cursor }) => {
  const rung = readFileSync("bell", "utf8");
  return rung === "" ? {} : { runs: [{ key: rung, force: true }, { key: rung, force: true }], cursor: rung };
});
`;

beforeAll(async () => {
  directory = await createProjectFolder();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "assets"));
  await writeFile(join(directory, "watersmeet.config.ts"), "export default {};\n");
  await writeFile(join(directory, "package.json"), '{ "type": "module", "private": true }\n');
  await writeFile(join(directory, "assets/shop.ts"), assets);
  await writeFile(join(directory, "amount"), "1");
  await writeFile(join(directory, "bell"), "");
  const database = stack.use(await createTestDatabase());
  const env = { DATABASE_URL: database.url };
  watersmeet = stack.use(await openWatersmeet({ directory, env }));
  const web = createWebApp();
  url = stack.use(await serveApp({ watersmeet, port: 0, web, version: "0.0.0", onDefect: () => {} })).url;
  stack.use(await watersmeet.startWorker());
  stack.use(await watersmeet.startAutomation());
  cli = createProjectCli({ directory, env });
});

afterAll(() => stack.disposeAsync());

async function readTotal(): Promise<unknown> {
  const { key } = watersmeet.project().manifest.assets.find((each) => each.key === "total") ?? {};
  if (key === undefined) throw new Error("there is no total");
  return (await watersmeet.readRows(key, { limit: 1 }).catch(() => []))[0]?.["amount"];
}

/** Until it is built, and the run that built it is over: a version is in the store before it is in the ledger. */
async function waitForTotal(amount: number): Promise<void> {
  await expect.poll(readTotal).toBe(amount);
  const listOpen = async (): Promise<readonly string[]> => {
    const requests = (await watersmeet.automation.history("total", { limit: 10 })).items.flatMap(
      (tick) => tick.requests,
    );
    const runs = await Promise.all(
      requests.map(async ({ runId }) => (runId === null ? undefined : await watersmeet.ledger.findRun(runId))),
    );
    return runs.map((run) => run?.state ?? "asked for").filter((state) => state !== "succeeded");
  };
  await expect.poll(listOpen).toEqual([]);
}

async function getJson(path: string): Promise<unknown> {
  return (await fetch(`${url}/api/v1${path}`)).json();
}

test("what starts runs by itself is listed, on the command line and over HTTP", async () => {
  expect(watersmeet.project().problems).toEqual([]);
  expect(await cli.json("automation", "list")).toMatchObject({
    items: [
      { name: "bell", kind: "sensor", says: "every 1 s", select: "sales", pause: null },
      { name: "nightly", kind: "schedule", says: "30 2 * * * (Europe/Berlin)", select: "+total" },
      {
        name: "total",
        kind: "condition",
        says: "eager()",
        doc: "What was sold, kept up to date.",
        file: "assets/shop.ts",
      },
    ],
  });
  expect(await getJson("/automations")).toMatchObject({
    items: [{ name: "bell" }, { name: "nightly" }, { name: "total" }],
  });
  expect(await getJson("/automations/nightly")).toMatchObject({
    name: "nightly",
    nextAt: expect.stringMatching(/:30:00\.000Z$/),
  });
  expect(await getJson("/automations/nobody")).toMatchObject({ code: "AUTOMATION_UNKNOWN", status: 404 });
});

test("an eager asset follows its input by itself, and the history says which run and why", async () => {
  const { run } = await watersmeet.submitRun({ select: "sales", requestedBy: "test" });
  for await (const _ of watersmeet.followRun(run.id));
  await waitForTotal(1);
  expect(await cli.json("automation", "history", "total")).toMatchObject({
    items: [{ outcome: "requested", requests: [{ select: "total", runId: expect.stringMatching(/^\d+$/) }] }],
  });
  const page = await getJson("/automations/total/ticks?limit=1");
  expect(page).toMatchObject({
    items: [{ name: "total", explanation: { says: "a run of it is requested", count: 1 } }],
  });
  const told = await cli("automation", "history", "total", "--explain");
  expect(told.stdout).toContain("yes  it has no version");
});

test("why tells the evaluation step by step, on the command line and over HTTP", async () => {
  const { stdout } = await cli("why", "total");
  expect(stdout).toContain("automation eager(): now it requests nothing");
  expect(stdout).toContain("no   it has no version");
  expect(await getJson("/assets/total/why")).toMatchObject({
    automation: { says: "eager()", requestedCount: 0, step: { parts: [{ says: "eager" }, {}, {}, {}] } },
  });
  expect(await getJson("/assets/sales/why")).toMatchObject({ automation: null });
});

test("what is paused stays as it is, with who, since when and why, until it is resumed", async () => {
  const refused = await cli("automation", "pause", "total");
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("--reason")]);
  await cli.json("automation", "pause", "total", "--reason", "month end");
  expect((await cli("automation", "show", "total")).stdout).toMatch(/paused by cli:.* since .*: month end/);
  expect((await cli("why", "total")).stdout).toContain("month end");
  await writeFile(join(directory, "amount"), "2");
  const { run } = await watersmeet.submitRun({ select: "sales", force: true, requestedBy: "test" });
  for await (const _ of watersmeet.followRun(run.id));
  const resumed = await fetch(`${url}/api/v1/automations/total/resume`, { method: "POST" });
  expect(await resumed.json()).toMatchObject({ name: "total", pause: null });
  await waitForTotal(2);
});

test("what a sensor tells twice is run once, and it says so", async () => {
  await writeFile(join(directory, "bell"), "first");
  const history = () => watersmeet.automation.history("bell", { limit: 10 });
  await expect.poll(async () => (await history()).items.length).toBeGreaterThan(0);
  // A run is asked for first, and then started.
  const told = async () => (await cli("automation", "history", "bell")).stdout;
  await expect.poll(told).toMatch(/2 runs asked for; deduplicated: "first"[\s\S]*sales for "first": run \d+/);
  await writeFile(join(directory, "bell"), "");
});

test.skipIf(!hasBrowser)(
  "the web app shows what starts runs by itself, its history with the steps, and pauses and resumes it",
  async () => {
    await using browser = await openPage(`${url}/automation`);
    const { page } = browser;
    await page.getByRole("heading", { name: "Automation", level: 1 }).waitFor();
    await page.getByText("30 2 * * * (Europe/Berlin)").waitFor();
    await page.getByRole("button", { name: "Pause nightly" }).click();
    await page.getByLabel("Reason").fill("holidays");
    await page.getByRole("button", { name: "Pause", exact: true }).last().click();
    await page.getByText("by web: holidays").waitFor();
    await page.getByRole("button", { name: "Resume nightly" }).click();
    await page.getByRole("button", { name: "Pause nightly" }).waitFor();
    await page.getByText("Why, step by step").first().click();
    await page.getByText("a run of it is requested").first().waitFor();
    await page.goto(`${url}/assets/total`);
    await page.getByRole("heading", { name: "Automation", level: 2 }).waitFor();
    await page.getByText("requests nothing now.").waitFor();
    expect(browser.errors).toEqual([]);
  },
);

test("a schedule that selects what is not there is a problem of the project, with its place", async () => {
  await writeFile(
    join(directory, "assets/typo.ts"),
    'import { schedule } from "@watersmeet/core";\nexport const weekly = schedule({ cron: "@weekly", select: "totl" });\n',
  );
  const { exitCode, stdout, stderr } = await cli("check");
  expect(exitCode).toBe(3);
  expect(`${stdout}${stderr}`).toMatch(/AUTOMATION_SELECTION_INVALID[\s\S]*assets\/typo\.ts:2/);
  await rm(join(directory, "assets/typo.ts"));
});
