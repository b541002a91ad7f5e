import { expect, test } from "vitest";
import { copyExample } from "../../../tools/testing/example-copy.ts";

test("revenue follows the shop by itself, and says why", async () => {
  await using shop = await copyExample("quickstart");
  const dev = shop.start(["dev", "--port", "0"]);
  try {
    await expect.poll(() => dev.output()).toContain("Watching for changes");
    const run = await shop.watersmeet("run", "orders customers");
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    const revenue = async () => (await shop.watersmeet("show", "revenue")).stdout;
    await expect.poll(revenue).toContain("160.25");
    expect(await shop.watersmeetJson("automation", "list")).toMatchObject({
      items: [
        { name: "hourly", kind: "schedule", says: "@hourly", select: "orders customers" },
        { name: "revenue", kind: "condition", says: "eager()" },
      ],
    });
    const history = await shop.watersmeet("automation", "history", "revenue", "--explain");
    expect(history.stdout).toMatch(/revenue: run \d+[\s\S]*yes  it has no version/);
    await shop.edit("assets/revenue.ts", (text) => text.replace('"o.status", "=", "paid"', '"o.status", "=", "open"'));
    await expect.poll(revenue).not.toContain("160.25");
    expect((await shop.watersmeet("why", "revenue")).stdout).toContain("automation eager(): now it requests nothing");
  } finally {
    dev.kill("SIGTERM");
    await dev.finished;
  }
});
