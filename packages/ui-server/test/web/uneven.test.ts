import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWatersmeet, type RunId, type Watersmeet } from "@watersmeet/runtime";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { serveApp } from "../../src/http/serve-app.ts";
import { createWebApp } from "../../src/http/web-app.ts";
import { createProjectFolder } from "../support/fixture-project.ts";
import { hasBrowser, openPage } from "./open-browser.ts";

const assets = `
import { asset, listed, source, type Ctx, type In } from "@watersmeet/core";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Row = z.object({ user: z.int(), amount: z.int() });
const inPartitions = { partitions: listed(["a", "b", "c", "d", "e", "f", "g", "h"]) };

export const orders = source({ schema: Row, resource: "shop", ...inPartitions }, () => [1, 2, 3, 4].map((user) => ({ user, amount: 1 })));

/** What users have ordered. */
export const totals = asset({ schema: Row, splittable: { by: "user", parts: 2 }, ...inPartitions }, async (o: In<typeof orders>, ctx: Ctx) => {
  while (ctx.partition === "h" && !existsSync("go")) await sleep(20);
  return o.all();
});
`;

/** Runs everything until one step is left, which waits for the file `go`. */
async function runUntilLast(watersmeet: Watersmeet): Promise<RunId> {
  const { run } = await watersmeet.submitRun({ select: "*", requestedBy: "test" });
  const countDone = async () => (await watersmeet.ledger.findRun(run.id))?.steps.succeeded;
  await expect.poll(countDone, { timeout: 240_000 }).toBe(15);
  return run.id;
}

describe.skipIf(!hasBrowser)("uneven steps in a real browser", () => {
  test("stragglers, skewed partitions and those made in slices are on the pages of their run and their asset", async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await createProjectFolder();
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    await mkdir(join(directory, "assets"));
    await writeFile(join(directory, "watersmeet.config.ts"), "export default { worker: { concurrency: 2 } };");
    await writeFile(join(directory, "assets/shop.ts"), assets);
    const database = stack.use(await createTestDatabase());
    const watersmeet = stack.use(await openWatersmeet({ directory, env: { DATABASE_URL: database.url } }));
    stack.use(await watersmeet.startWorker());
    stack.defer(() => writeFile(join(directory, "go"), ""));
    const runId = await runUntilLast(watersmeet);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    stack.defer(() => client.end());
    await client.query(
      "update watersmeet.step set row_count = 500, started_at = finished_at - interval '2 minutes' where asset = 'totals' and partition = 'c'",
    );
    await client.query(
      "update watersmeet.step set started_at = now() - interval '1 hour' where asset = 'totals' and partition = 'h'",
    );
    const options = { watersmeet, port: 0, web: createWebApp(), version: "0.0.0", onDefect: () => {} };
    const server = stack.use(await serveApp(options));
    const { page, errors } = stack.use(await openPage(`${server.url}/runs/${runId}`));
    const uneven = page.locator("section[aria-labelledby=uneven]");
    await uneven.getByText(/skewed totals c has 500 rows and took 2 min 0 s; its siblings have 4/).waitFor();
    await uneven.getByText(/straggler totals h runs for 1 h/).waitFor();
    await uneven.getByText(/split totals @ a is made in 2 slices: it has 4 rows to read/).waitFor();
    await uneven.getByRole("link", { name: "totals" }).first().click();
    await page.getByRole("heading", { name: "totals", level: 1 }).waitFor();
    await uneven.getByText(/skewed c has 500 rows/).waitFor();
    await uneven.getByText(/split totals @ h is made in 2 slices/).waitFor();
    await page.goto(`${server.url}/assets/orders`);
    await page.getByRole("heading", { name: "orders", level: 1 }).waitFor();
    expect(await uneven.count()).toBe(0);
    expect(errors).toEqual([]);
  });
});
