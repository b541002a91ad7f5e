import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAssetKey } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClaimedStep } from "../../src/step/step.ts";
import { copyShop, type TestProject } from "./shop-project.ts";
import { ShopRunner } from "./shop-runner.ts";

let project: TestProject;
let shop: ShopRunner;

beforeAll(async () => {
  project = await copyShop();
  shop = await ShopRunner.open({ project });
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

test("the project loads without problems", () => {
  expect(shop.project.current().problems).toEqual([]);
  expect([...shop.project.current().specs.keys()]).toContain("sales");
});

test("a source's rows are committed as its schema's output", async () => {
  const commit = await shop.make("customers");
  expect(commit).toMatchObject({ version: 1, rowCount: 2, isReplay: false });
  expect(await shop.rows("customers")).toEqual([
    { id: 1, name: "Ana", since: "2001-01-01" },
    { id: 2, name: "Ben", since: "2000-06-01" },
  ]);
});

test("the same work again changes nothing", async () => {
  expect(await shop.run("customers")).toMatchObject({ kind: "unchanged" });
});

test("a forced step makes a version of equal content, with the digest of the one before", async () => {
  const before = shop.heads.get("customers@");
  const after = await shop.make("customers", { isForced: true, runId: "run2" });
  expect(after.version).toBe(2);
  expect(after.dataDigest).toBe(before?.dataDigest);
  expect(after.commitId).not.toBe(before?.commitId);
});

test("ctx tells the window, and a cursor is found again by the next version of its partition", async () => {
  const first = await shop.run("orders", { partition: "2001-01-01" });
  expect(first).toMatchObject({ kind: "committed", facts: { report: { made: 1, start: "2001-01-01T00:00:00.000Z" } } });
  const second = await shop.run("orders", { partition: "2001-01-01", isForced: true, runId: "run3" });
  expect(second).toMatchObject({ kind: "committed", facts: { report: { made: 2 } } });
  await shop.make("orders", { partition: "2001-01-02" });
});

test("a query runs in the store over the pinned versions of its inputs", async () => {
  await shop.make("sales", { partition: "2001-01-02" });
  expect(await shop.rows("sales", "2001-01-02")).toEqual([
    { id: 201, customer: "Ana", amount: 2 },
    { id: 202, customer: "Ben", amount: 4 },
    { id: 203, customer: null, amount: 6 },
  ]);
});

test("a merge folds its branches, handles and queries alike, and tells the fates and batches", async () => {
  await shop.make("subscribers");
  const outcome = await shop.run("people");
  expect(await shop.rows("people")).toEqual([
    { id: 1, name: "Ana", since: "2001-01-01" },
    { id: 2, name: "Benjamin", since: "2000-07-01" },
    { id: 3, name: "Cleo", since: "2001-02-01" },
  ]);
  expect(outcome).toMatchObject({
    kind: "committed",
    facts: {
      merge: {
        batches: [
          { branch: "customers", rowCount: 2, outcome: "admitted", batchKey: '["customers","customers",""]' },
          { branch: "subscribers", rowCount: 2, outcome: "admitted" },
        ],
      },
    },
  });
  expect(await shop.run("people")).toMatchObject({ kind: "unchanged" });
  // Forced, it joins the same once more: that is no version (L13).
  expect(await shop.run("people", { isForced: true, runId: "run9" })).toMatchObject({ kind: "unchanged" });
});

test("an asset in TypeScript reads several partitions of an input, and its own earlier one", async () => {
  await shop.make("totals", { partition: "2001-01-01" });
  await shop.make("totals", { partition: "2001-01-02" });
  expect(await shop.rows("totals", "2001-01-01")).toEqual([
    { day: "2001-01-01", orderCount: 3, amount: 9, before: null },
  ]);
  expect(await shop.rows("totals", "2001-01-02")).toEqual([
    { day: "2001-01-02", orderCount: 6, amount: 27, before: 9 },
  ]);
});

test("rows that the schema refuses block the step with column, count and sample; the version before stays served", async () => {
  const before = shop.heads.get("orders@2001-01-02");
  await edit("lib/pricing.ts", ["priceFactor = 1", "priceFactor = -1"], async () => {
    const outcome = await shop.run("orders", { partition: "2001-01-02" });
    expect(outcome).toMatchObject({ kind: "blocked", failure: { code: "GATE_FAILED", class: "data" } });
    if (outcome.kind !== "blocked") return;
    expect(outcome.failure.message).toContain("orders@2001-01-02: rows failed a check");
    expect(outcome.failure.message).toContain('column "amount" is refused');
    expect(outcome.failure.details).toMatchObject({
      failures: [{ columns: ["amount"], failedRows: 3, sample: [{ id: 201 }, {}, {}] }],
    });
  });
  const heads = await shop.store.listHeads("prod", parseAssetKey("orders"));
  expect(heads.find((head) => head.partition === "2001-01-02")?.version).toBe(before?.version);
  expect(await shop.rows("orders", "2001-01-02")).toHaveLength(3);
});

test("rows of a query are held against the schema in the store, before anything is published", async () => {
  await edit("assets/shop.ts", ['"o.amount"]', 'sql<number>`o.amount * 1000`.as("amount")]'], async () => {
    const before = await headsOf("sales");
    const outcome = await shop.run("sales", { partition: "2001-01-02" });
    expect(await headsOf("sales")).toEqual(before);
    expect(outcome).toMatchObject({ kind: "blocked", failure: { code: "GATE_FAILED" } });
    if (outcome.kind !== "blocked") return;
    expect(outcome.failure.details).toMatchObject({ failures: [{ columns: ["amount"], failedRows: 3 }] });
  });
});

test("what only zod can check is checked on the rows of a query, row by row", async () => {
  const outcome = await shop.run("labels");
  expect(outcome).toMatchObject({ kind: "blocked", failure: { code: "GATE_FAILED" } });
  if (outcome.kind !== "blocked") return;
  expect(outcome.failure.details).toMatchObject({
    failures: [{ columns: ["label"], failedRows: 1, sample: [{ label: "Ben" }] }],
  });
});

test("a key that does not identify a row blocks the step", async () => {
  const outcome = await shop.run("twins");
  expect(outcome).toMatchObject({
    kind: "blocked",
    failure: { details: { failures: [{ columns: ["id"], failedRows: 2 }] } },
  });
  expect(await headsOf("twins")).toEqual([]);
});

test("an optional input is undefined until it has a version", async () => {
  const without = await shop.run("countries", {
    change: (step) => ({ ...step, inputs: [] }),
  });
  expect(without).toMatchObject({ kind: "committed" });
  expect(await shop.rows("countries")).toEqual([{ code: "AT", known: false }]);
  await shop.make("countries");
  expect(await shop.rows("countries")).toEqual([{ code: "AT", known: true }]);
});

test("modules of the project are never imported by this process", () => {
  expect(Reflect.get(globalThis, "shopWasImported")).toBeUndefined();
  expect(process.env["SHOP_WAS_IMPORTED"]).toBeUndefined();
});

test("a failing function is a failed step, and a cancelled one is cancelled", async () => {
  expect(await shop.run("throwsError")).toMatchObject({
    kind: "failed",
    failure: { code: "USER_CODE_THREW", class: "transient", message: "no such airport" },
  });
  expect(await shop.run("asksForLater")).toMatchObject({
    kind: "failed",
    failure: { class: "transient", retryAfterMs: 1_500 },
  });
  expect(await shop.run("givesUp")).toMatchObject({ kind: "failed", failure: { class: "permanent" } });
  expect(await shop.run("exits")).toMatchObject({ kind: "failed", failure: { code: "CHILD_DIED", class: "poison" } });
  expect(await shop.run("loopsForever")).toMatchObject({
    kind: "failed",
    failure: { code: "STEP_TIMED_OUT", class: "transient" },
  });
  const controller = new AbortController();
  const running = shop.run("ignoresSignal", { signal: controller.signal, onLog: () => controller.abort() });
  expect(await running).toEqual({ kind: "cancelled" });
});

test("nothing of an attempt is left behind", async () => {
  const sessions = await readdir(join(project.stateDirectory, "staging")).catch(() => []);
  for (const session of sessions) expect(await readdir(join(project.stateDirectory, "staging", session))).toEqual([]);
  expect(await shop.store.discardAbandoned([])).toBe(0);
});

test("an edit makes the next step run the new code, and only that changes its commit id", async () => {
  const old = shop.heads.get("totals@2001-01-02");
  const file = join(project.root, "lib/pricing.ts");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace("taxRate = 0.5", "taxRate = 1"));
  await shop.project.reload();
  expect(await shop.run("customers", { isForced: true, runId: "run2" })).toMatchObject({ kind: "unchanged" });
  const made = await shop.make("totals", { partition: "2001-01-02" });
  expect(made.commitId).not.toBe(old?.commitId);
  expect(await shop.rows("totals", "2001-01-02")).toMatchObject([{ amount: 36 }]);

  await writeFile(file, text);
  await shop.project.reload();
  const back = await shop.make("totals", { partition: "2001-01-02" });
  expect(back).toMatchObject({ version: old?.version, commitId: old?.commitId, isReplay: true });
  expect(await shop.rows("totals", "2001-01-02")).toMatchObject([{ amount: 27 }]);
});

test("of two attempts that were built on the same version, the later one is told so and publishes nothing", async () => {
  const change = (step: ClaimedStep): ClaimedStep => ({ ...step, head: { ...base } });
  const base = headOf("subscribers@");
  const first = await shop.make("subscribers", { isForced: true, runId: "run5", change });
  const second = await shop.run("subscribers", { isForced: true, runId: "run6", change });
  expect(second).toMatchObject({ kind: "failed", failure: { code: "STORE_STALE", class: "transient" } });
  expect(await headsOf("subscribers")).toMatchObject([{ version: first.version }]);
  expect(await shop.store.discardAbandoned([])).toBe(0);
});

test("a step that was planned for other code is not run", async () => {
  const outcome = await shop.run("customers", { change: (step) => ({ ...step, codeVersion: "other" }) });
  expect(outcome).toMatchObject({ kind: "failed", failure: { code: "STEP_OUTDATED", class: "permanent" } });
});

function headOf(name: string): { readonly version: number; readonly commitId: string } {
  const head = shop.heads.get(name);
  if (head === undefined) throw new Error(`nothing is committed for ${name}`);
  return { version: head.version, commitId: head.commitId };
}

async function headsOf(asset: string) {
  return await shop.store.listHeads("prod", parseAssetKey(asset));
}

/** Edits a file of the project for as long as `during` takes. */
async function edit(file: string, [from, to]: readonly [string, string], during: () => Promise<void>): Promise<void> {
  const path = join(project.root, file);
  const text = await readFile(path, "utf8");
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
  await shop.project.reload();
  expect(shop.project.current().problems).toEqual([]);
  try {
    await during();
  } finally {
    await writeFile(path, text);
    await shop.project.reload();
  }
}
