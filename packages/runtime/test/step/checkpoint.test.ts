import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyShop, type TestProject } from "./shop-project.ts";
import { ShopRunner } from "./shop-runner.ts";

/* What `ctx.checkpoint(cursor)` keeps of an attempt: the rows yielded before it, with the cursor, for the next attempt of the same work. */
const assets = `import { asset, type Ctx } from "@watersmeet/core";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Row = z.object({ id: z.int(), attempt: z.int() });

/** Four pages of ten rows after those of the version before. What happens at a page, and which rows are bad, is told by a file. */
async function* pages(ctx: Ctx) {
  const { begin, fails, bad } = JSON.parse(readFileSync("deed.json", "utf8"));
  const first = Number((await ctx.checkpoint.get()) ?? 0);
  for (let page = first; page < begin + 4; page += 1) {
    if (fails?.page === page - begin) {
      if (fails.how === "throw") throw new Error("page " + page);
      if (fails.how === "exit") process.exit(1);
      if (fails.how === "abort") process.abort();
    }
    for (let id = 0; id < 10; id += 1) yield { id: page * 10 + id + (bad === page - begin ? 0.5 : 0), attempt: ctx.attempt };
    await sleep(60);
    await ctx.checkpoint(page + 1);
  }
}
export const paged = asset({ schema: Row }, (ctx: Ctx) => pages(ctx));
export const listed = asset({ schema: Row }, async (ctx: Ctx) => {
  await ctx.checkpoint(1);
  return [{ id: 1, attempt: 1 }];
});
`;

let project: TestProject;
let shop: ShopRunner;
beforeAll(async () => {
  project = await copyShop();
  await writeFile(join(project.root, "assets/paged.ts"), assets);
  shop = await ShopRunner.open({ project });
  expect(shop.project.current().problems).toEqual([]);
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

/** Pages that committed versions have. */
let begin = 0;

function deed(what: object): Promise<void> {
  return writeFile(join(project.root, "deed.json"), JSON.stringify({ begin, ...what }));
}

let runs = 0;
/** An attempt of the run that was begun last. */
function attempt(number: number, asset = "paged"): ReturnType<ShopRunner["run"]> {
  return shop.run(asset, { isForced: true, runId: `pages${runs}`, change: (step) => ({ ...step, attempt: number }) });
}

/** How many rows each attempt has made. */
async function countByAttempt(): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  const ids = new Set<number>();
  for (const row of await shop.rows("paged")) {
    const { id, attempt: made } = rowOf(row);
    ids.add(id);
    counts[made] = (counts[made] ?? 0) + 1;
  }
  expect([...ids].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => begin * 10 + index));
  begin += 4;
  return counts;
}

function rowOf(row: unknown): { readonly id: number; readonly attempt: number } {
  if (row === null || typeof row !== "object" || !("id" in row) || !("attempt" in row)) throw new Error("no row");
  return { id: Number(row.id), attempt: Number(row.attempt) };
}

test.each(["throw", "exit", "abort"])(
  "an attempt goes on where one that ended by %s had got to, and each row is there once",
  async (how) => {
    runs += 1;
    await deed({ fails: { page: 2, how } });
    expect((await attempt(1)).kind).toBe("failed");
    await deed({ fails: { page: 3, how } });
    expect((await attempt(2)).kind).toBe("failed");
    await deed({});
    expect((await attempt(3)).kind).toBe("committed");
    // On a busy machine not every page is kept at once.
    const { 1: first = 0, 3: last = 0 } = await countByAttempt();
    expect(first).toBeGreaterThanOrEqual(10);
    expect(last).toBeLessThanOrEqual(30);
    expect(await readdir(join(project.stateDirectory, "checkpoints"))).toEqual([]);
  },
);

test("another run begins from the start", async () => {
  runs += 1;
  await deed({ fails: { page: 2, how: "throw" } });
  await attempt(1);
  runs += 1;
  await deed({});
  expect((await attempt(1)).kind).toBe("committed");
  expect(await countByAttempt()).toEqual({ 1: 40 });
});

test("rows that were refused do not come back with the next attempt", async () => {
  runs += 1;
  await deed({ bad: 3 });
  expect((await attempt(1)).kind).toBe("blocked");
  await deed({});
  expect((await attempt(2)).kind).toBe("committed");
  expect(await countByAttempt()).toEqual({ 2: 40 });
});

test("a cursor without the rows that it stands for is refused", async () => {
  runs += 1;
  expect(await attempt(1, "listed")).toMatchObject({ kind: "failed", failure: { code: "OUTPUT_INVALID" } });
});
