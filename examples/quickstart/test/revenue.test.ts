import { expect, test } from "vitest";
import { copyExample } from "../../../tools/testing/example-copy.ts";

test("the quickstart builds three assets and shows what it built", async () => {
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

test("an edit that is taken back, and made again, is what readers see each time", async () => {
  await using shop = await copyExample("quickstart");
  const countries = { paid: 2, open: 1 };
  let current: keyof typeof countries = "paid";
  // From the third turn on, every version is there already: only the head moves.
  for (const wanted of ["paid", "open", "paid", "open", "paid"] as const) {
    if (wanted !== current) {
      const change = [`"o.status", "=", "${current}"`, `"o.status", "=", "${wanted}"`] as const;
      await shop.edit("assets/revenue.ts", (text) => text.replace(...change));
    }
    current = wanted;
    expect((await shop.watersmeet("run", "*")).exitCode).toBe(0);
    expect(await shop.watersmeetJson("show", "revenue")).toHaveProperty("rows.length", countries[wanted]);
  }
  expect(await shop.query("select 1 from watersmeet.materialization where asset = 'revenue'")).toHaveLength(2);
});
