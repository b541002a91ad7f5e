import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWebApp } from "../../src/http/web-app.ts";
import { createApiClient, type ApiClient } from "../support/api-client.ts";
import { deliverLate } from "../support/deliver.ts";
import { createFixtureServer, type FixtureServer } from "../support/fixture-server.ts";
import { hasBrowser, openPage } from "./open-browser.ts";

describe.skipIf(!hasBrowser)("merges in a real browser", () => {
  let server: FixtureServer;
  let worker: AsyncDisposable;
  let api: ApiClient;

  beforeAll(async () => {
    server = await createFixtureServer("registries", { web: createWebApp() });
    worker = await server.watersmeet.startWorker();
    api = createApiClient(server);
    await api.runToEnd("*");
    await deliverLate(server.directory, () => api.runToEnd("authority airports"));
  });

  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("from a merge's page over its held batch to a version in which it counts", async () => {
    await using browser = await openPage(`${server.url}/merges/airports`);
    const { page } = browser;
    await page.getByRole("heading", { name: "Synchronization point" }).waitFor();
    const leg = page.locator("[data-branch=authority]");
    await leg.getByText("1 batch held").waitFor();
    await expect.poll(() => page.locator("[data-branch]").count()).toBe(2);
    await page.getByRole("link", { name: "Late data" }).click();
    await page.getByRole("heading", { name: "Late data", level: 1 }).waitFor();
    const held = page.locator("tr[data-standing=held]");
    await held.getByRole("button").first().click();
    await page.getByText("Otto Lilienthal").waitFor();
    await held.getByRole("button", { name: /^Reconcile/ }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("the line was down");
    await page.getByRole("dialog").getByRole("button", { name: "Reconcile" }).click();
    await page.waitForURL(/\/runs\/\w+/);
    await expect.poll(() => page.title()).toMatch(/succeeded/);
    await page.getByRole("link", { name: "Late data" }).click();
    await page.getByText("Nothing waits.").waitFor();
    await page.goto(`${server.url}/merges/airports`);
    await page.getByRole("cell", { name: "Otto Lilienthal" }).waitFor();
    expect(browser.errors).toEqual([]);
  });

  test("an explanation shows who won a cell and who came next; a revocation lets the runner-up win", async () => {
    await using browser = await openPage(`${server.url}/merges/airports`);
    const { page } = browser;
    await page.getByRole("link", { name: "Explain AMS" }).click();
    const name = page.locator("section[data-column=name]");
    await name.getByText("runner-up 1").waitFor();
    await expect
      .poll(() => name.innerText())
      .toMatch(/name: Amsterdam Schiphol[^]*won[^]*airline[^]*runner-up 1[^]*authority[^]*Schiphol/);
    const batch = await name.locator("tbody tr").first().locator("code").first().innerText();
    await page.getByRole("link", { name: "Back to the merge" }).click();
    await page.getByRole("button", { name: `Revoke ${batch}` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("a broken export");
    await dialog.getByRole("button", { name: "Show what it would do" }).click();
    await dialog.getByText("1 batch, of unpartitioned.").waitFor();
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.waitForURL(/\/runs\/\w+/);
    await expect.poll(() => page.title()).toMatch(/succeeded/);
    await page.goto(`${server.url}/merges/airports`);
    await page.getByRole("cell", { name: "Schiphol", exact: true }).waitFor();
    await page.goto(`${server.url}/assets/airports`);
    await page.getByText("because a broken export").waitFor();
    expect(browser.errors).toEqual([]);
  });

  test("a merge that a check has frozen is unfrozen with a reason", async () => {
    await freeze(server, "airports");
    await using browser = await openPage(`${server.url}/merges/airports`);
    const { page } = browser;
    const notice = page.getByRole("alert");
    await notice.getByText("nothing is published").waitFor();
    await page.getByRole("button", { name: "Unfreeze airports" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("the table was mended");
    await page.getByRole("dialog").getByRole("button", { name: "Unfreeze" }).click();
    await notice.waitFor({ state: "detached" });
    await page.goto(`${server.url}/assets/airports`);
    await page.getByText("airports was unfrozen by web: the table was mended.").waitFor();
    expect(browser.errors).toEqual([]);
  });
});

/** What a check writes when it finds a row that does not follow from the batches. */
async function freeze({ watersmeet }: FixtureServer, merge: string): Promise<void> {
  const { ledger, environment } = watersmeet.config;
  if (ledger.kind !== "url") throw new Error("the fixture has a database of its own");
  const client = new pg.Client(ledger.url);
  await client.connect();
  await client.query(
    `insert into watersmeet.decision (environment, asset, kind, given_by, reason, after_materialization)
      values ($1, $2, 'freeze', 'watersmeet', 'a key differs', 0)`,
    [environment, merge],
  );
  await client.end();
}
