import { describe, expect, test } from "vitest";
import { serveCrm } from "../support/serve-crm.ts";
import { hasBrowser, openPage } from "./open-browser.ts";

describe.skipIf(!hasBrowser)("limits in a real browser", () => {
  test("a limit is set with a reason, shows on every page, and is cleared", async () => {
    await using stack = new AsyncDisposableStack();
    const { watersmeet, url } = stack.use(await serveCrm(8));
    const { page, errors } = stack.use(await openPage(url));
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
