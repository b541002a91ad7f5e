import { describe, expect, test } from "vitest";
import { serveCrm } from "../support/serve-crm.ts";
import { hasBrowser, openPage } from "./open-browser.ts";

describe.skipIf(!hasBrowser)("breakers in a real browser", () => {
  test("an open breaker shows on every page, with why and who, and is closed with a reason", async () => {
    await using stack = new AsyncDisposableStack();
    const { watersmeet, url } = stack.use(await serveCrm(2));
    await watersmeet.breakers.give({
      resource: "crm",
      kind: "open",
      forMs: null,
      reason: "maintenance",
      by: "cli:ana@host",
    });
    const { page, errors } = stack.use(await openPage(url));
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
