import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWebApp } from "../../src/http/web-app.ts";
import { createFixtureServer, type FixtureServer } from "../support/fixture-server.ts";
import { hasBrowser, openPage } from "./open-browser.ts";

describe.skipIf(!hasBrowser)("the web app in a real browser", () => {
  let server: FixtureServer;
  let worker: AsyncDisposable;

  beforeAll(async () => {
    server = await createFixtureServer("shop", { web: createWebApp() });
    worker = await server.watersmeet.startWorker();
  });

  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("the graph shows every asset with its state, and leads to an asset's page", async () => {
    await using browser = await openPage(server.url);
    const { page } = browser;
    await page.locator("[data-asset=total]").waitFor();
    await expect.poll(() => page.locator("[data-asset]").count()).toBe(5);
    await expect.poll(() => page.locator("[data-asset=total]").getAttribute("data-health")).toBe("missing");
    await expect.poll(() => page.title()).toBe("Graph — Watersmeet");
    await page.locator("[data-asset=dailyRevenue]").click();
    await page.getByRole("heading", { name: "dailyRevenue", level: 1 }).waitFor();
    await page.getByText("What each customer spent, per day.").waitFor();
    await page.getByText("as orders, same").waitFor();
    await page.getByText("Nothing has been materialized yet.").waitFor();
    expect(browser.errors.filter((text) => !text.includes("404"))).toEqual([]);
  });

  test("Materialize asks for partitions, shows the plan, runs it, and the pages follow", async () => {
    await using browser = await openPage(`${server.url}/assets/dailyRevenue`);
    const { page } = browser;
    await page.getByRole("button", { name: "Materialize" }).click();
    await page.getByLabel("Selection").fill("+dailyRevenue");
    await page.getByRole("textbox", { name: /^Partitions/ }).fill("2001-01-01..2001-01-03");
    await page.getByRole("button", { name: "Show the plan" }).click();
    await page.getByText("7 steps would run.").waitFor();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.waitForURL(/\/runs\/\w+/);
    await expect.poll(() => page.title()).toMatch(/^Run \d+ · succeeded/);
    await expect.poll(() => page.locator("rect.mark[data-state=succeeded]").count()).toBe(7);
    await page.goto(`${server.url}/assets/dailyRevenue`);
    await page.locator("table.versions").getByText("orders").first().waitFor();
    await expect.poll(() => page.locator("table.versions tbody tr").count()).toBe(3);
    await expect.poll(() => page.locator("table.versions tbody tr").first().innerText()).toMatch(/customers version 1/);
    await page.getByText("2001-01-03", { exact: true }).first().waitFor();
  });

  test("a blocked step is explained with its column and its rows, while readers keep the version before", async () => {
    const path = join(server.directory, "data/orders.json");
    const before = await readFile(path, "utf8");
    await writeFile(path, JSON.stringify({ amounts: { "2001-01-02": [5, -7, 9] } }));
    try {
      const { run } = await server.watersmeet.submitRun({
        select: "orders+",
        partitions: "2001-01-02",
        force: true,
        requestedBy: "test",
      });
      await using browser = await openPage(`${server.url}/runs/${run.id}`);
      const { page } = browser;
      await page.getByText("What went wrong").waitFor();
      const notice = page.locator("section[aria-labelledby=failures]");
      await expect.poll(() => notice.innerText()).toMatch(/blocked[^]*orders[^]*GATE_FAILED[^]*amount[^]*-7/);
      await page
        .getByText(/\d upstream failed/)
        .first()
        .waitFor();
      await page.goto(`${server.url}/assets/orders`);
      await page.getByText("failed").first().waitFor();
      await expect.poll(() => page.locator("table.versions tbody tr").count()).toBe(3);
    } finally {
      await writeFile(path, before);
    }
  });

  test("an open page follows what happens elsewhere", async () => {
    await using browser = await openPage(`${server.url}/runs`);
    const { page } = browser;
    await page.getByText("live", { exact: true }).waitFor();
    await page.locator("tbody tr").first().waitFor();
    const before = await page.locator("tbody tr").count();
    await server.watersmeet.submitRun({ select: "customers", force: true, requestedBy: "test" });
    await expect.poll(() => page.locator("tbody tr").count()).toBe(before + 1);
  });

  test("a page that does not exist says so, and an asset that does not exist is explained", async () => {
    await using browser = await openPage(`${server.url}/nowhere`);
    await browser.page.getByText("There is no such page.").waitFor();
    await browser.page.goto(`${server.url}/assets/nothing`);
    await browser.page.getByText("ASSET_UNKNOWN").waitFor();
  });
});
