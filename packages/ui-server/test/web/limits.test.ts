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
export default defineConfig({ resources: { crm: { concurrency: 8 } } });
`;
const assets = `
import { source } from "@watersmeet/core";
import { z } from "zod";

/** Customers of the CRM. */
export const customers = source({ schema: z.object({ id: z.number() }), resource: "crm" }, () => [{ id: 1 }]);
`;

describe.skipIf(!hasBrowser)("limits in a real browser", () => {
  test("a limit is set with a reason, shows on every page, and is cleared", async () => {
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
    const { page, errors } = stack.use(await openPage(server.url));
    await page.getByRole("link", { name: "Limits" }).click();
    const row = page.getByRole("row", { name: /crm/ });
    await row.getByRole("button", { name: "Set the limit of crm" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Units at the same time").fill("1");
    await dialog.getByLabel("Reason").fill("their nightly job runs");
    await dialog.getByRole("button", { name: "Set" }).click();
    await row.getByText("their nightly job runs").waitFor();
    await page.getByRole("link", { name: "Limits" }).getByText("1 set").waitFor();
    expect((await watersmeet.limits.get("crm")).limit).toBe(1);
    await row.getByRole("button", { name: "Clear the limit of crm" }).click();
    await dialog.getByLabel("Reason").fill("it is over");
    await dialog.getByRole("button", { name: "Clear" }).click();
    await row.getByText("their nightly job runs").waitFor({ state: "detached" });
    expect((await watersmeet.limits.get("crm")).limit).toBe(8);
    expect(errors).toEqual([]);
  });
});
