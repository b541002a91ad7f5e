import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWatersmeet } from "@watersmeet/runtime";
import { describe, expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { serveApp } from "../../src/http/serve-app.ts";
import { createWebApp } from "../../src/http/web-app.ts";
import { createProjectFolder } from "../support/fixture-project.ts";
import { hasBrowser, openPage } from "./open-browser.ts";

const config = `
import { defineConfig } from "@watersmeet/runtime/config";
export default defineConfig({ resources: { crm: { concurrency: 2 } } });
`;
const assets = `
import { source } from "@watersmeet/core";
import { z } from "zod";

/** Customers of the CRM. */
export const customers = source({ schema: z.object({ id: z.number() }), resource: "crm" }, () => [{ id: 1 }]);
`;

describe.skipIf(!hasBrowser)("breakers in a real browser", () => {
  test("an open breaker shows on every page, with why and who, and is closed with a reason", async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await createProjectFolder();
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    await mkdir(join(directory, "assets"));
    await writeFile(join(directory, "watersmeet.config.ts"), config);
    await writeFile(join(directory, "assets/crm.ts"), assets);
    const database = stack.use(await createTestDatabase());
    const watersmeet = stack.use(await openWatersmeet({ directory, env: { DATABASE_URL: database.url } }));
    const options = { watersmeet, port: 0, web: createWebApp(), version: "0.0.0", onDefect: () => {} };
    const server = stack.use(await serveApp(options));
    await watersmeet.breakers.give({
      resource: "crm",
      kind: "open",
      forMs: null,
      reason: "maintenance",
      by: "cli:ana@host",
    });
    const { page, errors } = stack.use(await openPage(server.url));
    await page.getByRole("link", { name: "Breakers" }).getByText("1 open").waitFor();
    await page.getByRole("link", { name: "Breakers" }).click();
    const row = page.getByRole("row", { name: /crm/ });
    await row.getByText("held open").waitFor();
    await row.getByText("maintenance").waitFor();
    await row.getByText("by cli:ana@host").waitFor();
    await row.getByRole("button", { name: "Close the breaker of crm" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("it is back");
    await page.getByRole("dialog").getByRole("button", { name: "Close breaker" }).click();
    await row.getByText("closed").waitFor();
    await page.getByText("1 open").waitFor({ state: "detached" });
    expect(errors).toEqual([]);
  });
});
