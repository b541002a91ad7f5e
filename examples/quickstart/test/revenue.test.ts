import { expect, test } from "vitest";
import { copyExample } from "../../../tools/testing/example-copy.ts";

test("the quickstart builds three assets and shows what it built", { timeout: 120_000 }, async () => {
  await using shop = await copyExample("quickstart");
  const run = await shop.watersmeet("run", "*");
  expect(run, run.stderr).toMatchObject({ exitCode: 0 });
  expect(run.stdout).toMatch(/^Succeeded: 3 steps, 10 rows, /m);
  const shown = await shop.watersmeetJson("show", "revenue");
  expect(shown).toMatchObject({
    rows: expect.arrayContaining([
      { country: "NL", paidOrders: 1, amount: 25.5 },
      { country: "PT", paidOrders: 2, amount: 160.25 },
    ]),
  });
});
