import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createFixtureServer, type FixtureServer } from "../support/fixture-server.ts";

const RunShape = z.object({ id: z.string(), state: z.string(), stepCount: z.number(), kind: z.string() });
const MaterializationShape = z.object({
  id: z.string(),
  asset: z.string(),
  partition: z.string(),
  version: z.number(),
  isHead: z.boolean(),
  inputs: z.array(z.object({ asset: z.string(), partition: z.string(), materializationId: z.string().nullable() })),
});

let server: FixtureServer;
let worker: AsyncDisposable;
let runId: string;

beforeAll(async () => {
  server = await createFixtureServer("shop");
  worker = await server.watersmeet.startWorker();
  const response = await post("/runs", { select: "+total" }, { "idempotency-key": "first" });
  expect(response.status).toBe(201);
  runId = RunShape.parse(await response.json()).id;
  await waitForRun(runId);
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  expect(server.defects).toEqual([]);
});

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/api/v1${path}`, { headers });
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/api/v1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

async function getJson(path: string): Promise<unknown> {
  const response = await get(path);
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body;
}

async function waitForRun(id: string): Promise<z.output<typeof RunShape>> {
  const run = await server.watersmeet.ledger.findRun(id as Parameters<typeof server.watersmeet.followRun>[0]);
  if (run === undefined) throw new Error(`no run ${id}`);
  for await (const _ of server.watersmeet.followRun(run.id));
  return RunShape.parse(await getJson(`/runs/${id}`));
}

test("health tells versions, the ledger's and the stores' state, and the workers", async () => {
  expect(await getJson("/health")).toMatchObject({
    status: "ok",
    version: "0.0.0",
    nodeVersion: process.versions.node,
    assetCount: 5,
    problemCount: 0,
    ledger: { kind: "url", isReachable: true },
    stores: [{ name: "default", kind: "duckdb" }],
    workers: [{ pid: process.pid }],
  });
});

test("a run that was started over HTTP ends with every step done", async () => {
  // customers, 7 × orders, 7 × dailyRevenue, total.
  expect(await waitForRun(runId)).toMatchObject({ state: "succeeded", stepCount: 16, kind: "run" });
});

test("assets come in topological order with their definition, counts and head", async () => {
  const { items } = z.object({ items: z.array(z.looseObject({ key: z.string() })) }).parse(await getJson("/assets"));
  const keys = items.map(({ key }) => key);
  expect(keys.indexOf("orders")).toBeLessThan(keys.indexOf("dailyRevenue"));
  expect(keys.indexOf("dailyRevenue")).toBeLessThan(keys.indexOf("total"));
  expect(items.find(({ key }) => key === "dailyRevenue")).toMatchObject({
    kind: "query",
    doc: "What each customer spent, per day.",
    file: "assets/reports.ts",
    tags: ["report"],
    partitions: { kind: "time", grain: "day", start: "2001-01-01", end: "2001-01-08" },
    inputs: [
      { asset: "orders", name: "orders", mapping: { kind: "same" } },
      { asset: "customers", name: "customers" },
    ],
    health: "materialized",
    counts: { materialized: 7, stale: 0, missing: 0, failed: 0, running: 0 },
    head: { partitionCount: 7, rowCount: 14 },
  });
});

test("a selection narrows the list", async () => {
  const { items } = z
    .object({ items: z.array(z.object({ key: z.string() })) })
    .parse(await getJson("/assets?select=tag:report"));
  expect(items.map(({ key }) => key)).toEqual(["dailyRevenue", "total"]);
});

test("one asset has its columns, gates, versions and readers", async () => {
  expect(await getJson("/assets/orders")).toMatchObject({
    key: "orders",
    downstream: ["dailyRevenue"],
    store: "default",
    columns: [
      { name: "id", type: "integer", isNullable: false },
      { name: "customer", type: "integer", isNullable: false },
      { name: "amount", type: "double", isNullable: false },
    ],
    policy: null,
  });
});

test("partitions are ranges by status and a vector", async () => {
  expect(await getJson("/assets/orders/partitions?keys=true")).toEqual({
    asset: "orders",
    count: 7,
    counts: { materialized: 7, stale: 0, missing: 0, failed: 0, running: 0 },
    ranges: [{ from: "2001-01-01", to: "2001-01-07", offset: 0, count: 7, status: "materialized" }],
    vector: "mmmmmmm",
    keys: ["01", "02", "03", "04", "05", "06", "07"].map((day) => `2001-01-${day}`),
  });
  expect(await getJson("/assets/slow/partitions?status=missing")).toMatchObject({
    ranges: [{ from: "0", to: "39", count: 40 }],
  });
});

test("lineage agrees with the parameter types, to exactly so many hops", async () => {
  const Shape = z.object({
    root: z.string(),
    nodes: z.array(z.object({ key: z.string(), distance: z.number() })),
    edges: z.array(z.object({ from: z.string(), to: z.string() })),
  });
  const near = Shape.parse(await getJson("/lineage/total?direction=up&depth=1"));
  expect(near.nodes.map(({ key }) => key).sort()).toEqual(["dailyRevenue", "total"]);
  const all = Shape.parse(await getJson("/lineage/total?direction=up"));
  expect(all.nodes.map(({ key }) => key).sort()).toEqual(["customers", "dailyRevenue", "orders", "total"]);
  expect(all.edges).toHaveLength(3);
});

test("a version names the versions that it was made from, down to the sources", async () => {
  const Page = z.object({ items: z.array(MaterializationShape) });
  const [record] = Page.parse(await getJson("/assets/total/materializations?limit=1")).items;
  expect(record?.inputs.map(({ asset, partition }) => `${asset}@${partition}`)).toHaveLength(7);
  expect(await getJson(`/materializations/${record?.id}`)).toMatchObject({ asset: "total", isHead: true, version: 1 });
  const lineage = z
    .object({
      root: z.string(),
      nodes: z.array(MaterializationShape),
      edges: z.array(z.object({ from: z.string(), to: z.string() })),
    })
    .parse(await getJson(`/materializations/${record?.id}/lineage`));
  expect(lineage.root).toBe(record?.id);
  expect(new Set(lineage.nodes.map(({ asset }) => asset))).toEqual(
    new Set(["total", "dailyRevenue", "orders", "customers"]),
  );
  // total reads 7 days; each day reads its orders and the customers.
  expect(lineage.edges).toHaveLength(7 + 14);
});

test("materializations of one partition are found by its key", async () => {
  expect(await getJson("/assets/orders/materializations?partition=2001-01-04")).toMatchObject({
    items: [{ partition: "2001-01-04", rowCount: 3 }],
    nextCursor: null,
  });
  expect((await get("/assets/orders/materializations?partition=2002-01-04")).status).toBe(400);
});

test("rows are those that readers see", async () => {
  expect(await getJson("/assets/dailyRevenue/rows?partition=2001-01-04&limit=5")).toEqual({
    asset: "dailyRevenue",
    partition: "2001-01-04",
    columns: ["name", "amount"],
    rows: expect.arrayContaining([
      { name: "Ana", amount: 14 },
      { name: "Bert", amount: 7 },
    ]),
  });
});

test("rows of what was never built are a 404 with a hint, not an empty table", async () => {
  const response = await get("/assets/slow/rows");
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "NOT_FOUND" });
});

test("a plan says what would run and why, and runs nothing", async () => {
  const response = await post("/plans", { select: "+total slow", partitions: "all" });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ stepCount: 40, skipCount: 16 });
  const forced = await post("/plans", { select: "customers", force: true });
  expect(await forced.json()).toMatchObject({
    assets: [{ asset: "customers", run: [{ reason: { kind: "forced" } }] }],
  });
});

test("a second run has nothing to do and has succeeded at once", async () => {
  const response = await post("/runs", { select: "+total" });
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ state: "succeeded", stepCount: 0, skipped: { upToDate: 16 } });
});

test("the same idempotency key gives the same run, and refuses another request", async () => {
  const again = await post("/runs", { select: "+total" }, { "idempotency-key": "first" });
  expect(again.status).toBe(200);
  expect(await again.json()).toMatchObject({ id: runId });
  const other = await post("/runs", { select: "orders" }, { "idempotency-key": "first" });
  expect(other.status).toBe(422);
  expect(await other.json()).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
});

test("a run is summed up by asset", async () => {
  expect(await getJson(`/runs/${runId}/summary`)).toMatchObject({
    state: "succeeded",
    assets: expect.arrayContaining([expect.objectContaining({ asset: "orders", stepCount: 7, rowCount: 21 })]),
    failures: [],
  });
});

test("steps come page by page, each once, in topological order", async () => {
  const Page = z.object({ items: z.array(z.object({ ordinal: z.number() })), nextCursor: z.string().nullable() });
  const ordinals: number[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const suffix: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = Page.parse(await getJson(`/runs/${runId}/steps?limit=5${suffix}`));
    ordinals.push(...page.items.map(({ ordinal }) => ordinal));
    cursor = page.nextCursor;
  }
  expect(ordinals).toEqual(Array.from({ length: 16 }, (_, index) => index));
  expect(await getJson(`/runs/${runId}/steps?asset=total&state=succeeded`)).toMatchObject({
    items: [{ asset: "total" }],
  });
});

test("a step's log is empty when its code logged nothing", async () => {
  expect(await getJson(`/runs/${runId}/steps/0/logs`)).toEqual({ items: [], nextCursor: null });
});

test("a backfill is a run over a range, listed among backfills and not found under another kind", async () => {
  const response = await post("/backfills", { select: "orders", partitions: "2001-01-02..2001-01-03", force: true });
  expect(response.status).toBe(201);
  const backfill = RunShape.parse(await response.json());
  expect(backfill).toMatchObject({ kind: "backfill", stepCount: 2 });
  await waitForRun(backfill.id);
  expect(await getJson(`/backfills/${backfill.id}`)).toMatchObject({ state: "succeeded" });
  expect(await getJson("/backfills")).toMatchObject({ items: [{ id: backfill.id }] });
  expect((await get(`/backfills/${runId}`)).status).toBe(404);
  expect((await post("/backfills", { select: "orders" })).status).toBe(400);
});

test("a run can be told what a deployment does to it, and cancelled, and a cancelled one stays so", async () => {
  await writeFile(join(server.directory, "hold"), "");
  const made = await post("/runs", { select: "slow", onDeploy: "upgrade" });
  const { id } = RunShape.parse(await made.json());
  expect(await getJson(`/runs/${id}`)).toMatchObject({ onDeploy: "upgrade", failure: null });
  const changed = await post(`/runs/${id}/on-deploy`, { onDeploy: "abort" });
  expect(changed.status).toBe(200);
  expect(await changed.json()).toMatchObject({ onDeploy: "abort" });
  expect((await post(`/runs/${id}/on-deploy`, { onDeploy: "later" })).status).toBe(400);
  const response = await post(`/runs/${id}/cancel`, {});
  expect(response.status).toBe(200);
  expect(await waitForRun(id)).toMatchObject({ state: "cancelled" });
  expect((await post(`/runs/${id}/on-deploy`, { onDeploy: "pin" })).status).toBe(409);
});

test("runs are listed newest first and narrowed by state", async () => {
  const Page = z.object({ items: z.array(z.object({ id: z.string(), createdAt: z.string() })) });
  const { items } = Page.parse(await getJson("/runs"));
  const times = items.map(({ createdAt }) => createdAt);
  expect(times).toEqual([...times].sort().reverse());
  expect(await getJson("/runs?state=failed")).toEqual({ items: [], nextCursor: null });
});

test("why answers in sentences", async () => {
  expect(await getJson("/assets/orders/why?partition=2001-01-04")).toMatchObject({
    asset: "orders",
    partition: "2001-01-04",
    status: "materialized",
    reasons: expect.arrayContaining([expect.any(String)]),
  });
});

test("a project without problems has none to list", async () => {
  expect(await getJson("/problems")).toEqual({ items: [] });
});

test("an unchanged answer is 304 under its strong ETag", async () => {
  const first = await get("/assets/orders");
  const tag = first.headers.get("etag") ?? "";
  expect(tag).toMatch(/^"[^"]+"$/);
  const second = await get("/assets/orders", { "if-none-match": tag });
  expect(second.status).toBe(304);
  expect(await second.text()).toBe("");
});

test("the served OpenAPI document is the one in the repository", async () => {
  const { default: golden } = await import("../../openapi.json", { with: { type: "json" } });
  expect(await getJson("/openapi.json")).toEqual(golden);
  // What a body may leave out is not required.
  expect(golden.components.schemas.BackfillRequest.required).toEqual(["select", "partitions"]);
});

test.each([
  ["/assets/nope", 404, "ASSET_UNKNOWN"],
  ["/lineage/nope", 404, "ASSET_UNKNOWN"],
  ["/assets/orders'; drop table x; --", 404, "ASSET_UNKNOWN"],
  ["/runs/nope", 404, "RUN_NOT_FOUND"],
  ["/runs/..%2f..%2fetc", 400, "USAGE_INVALID"],
  ["/materializations/nope", 404, "NOT_FOUND"],
  ["/runs?cursor=nonsense", 400, "USAGE_INVALID"],
  ["/runs?limit=0", 400, "USAGE_INVALID"],
  ["/runs?limit=1e9", 400, "USAGE_INVALID"],
  ["/runs?state=odd", 400, "USAGE_INVALID"],
  ["/runs?offset=3", 400, "USAGE_INVALID"],
  ["/health?x=1", 400, "USAGE_INVALID"],
  ["/lineage/total?depth=-1", 400, "USAGE_INVALID"],
  ["/assets?select=%2B%2B", 400, "SELECTION_INVALID"],
  ["/assets/orders/rows?partition=%00", 400, "USAGE_INVALID"],
  ["/nothing", 404, "NOT_FOUND"],
])("GET %s is %i %s", async (path, status, code) => {
  const response = await get(path);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ status, code, type: `urn:watersmeet:problem:${code}` });
  expect(response.status).toBe(status);
});

test("a selection that cannot be parsed is refused before anything is recorded", async () => {
  const response = await post("/runs", { select: "nope" });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "ASSET_UNKNOWN" });
});
