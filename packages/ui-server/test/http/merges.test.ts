import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createApiClient, type ApiClient } from "../support/api-client.ts";
import { deliver, deliverLate, march } from "../support/deliver.ts";
import { createFixtureServer, type FixtureServer } from "../support/fixture-server.ts";
import { runInProcess } from "../support/run-in-process.ts";

// One server; the tests tell its story in their order.
let server: FixtureServer;
let worker: AsyncDisposable;
let api: ApiClient;

beforeAll(async () => {
  server = await createFixtureServer("registries");
  worker = await server.watersmeet.startWorker();
  api = createApiClient(server);
  await api.runToEnd("*");
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  expect(server.defects).toEqual([]);
});

const BatchPage = z.object({
  items: z.array(z.object({ id: z.string(), branch: z.string(), standing: z.string() })),
  nextCursor: z.string().nullable(),
});
const Order = z.object({
  batches: z.array(z.object({ id: z.string() })),
  partitions: z.array(z.string()),
  descendants: z.array(z.string()),
  run: z.object({ id: z.string() }).nullable(),
});

async function order(path: string, body: unknown): Promise<z.output<typeof Order>> {
  const given = Order.parse(await api.postJson(path, body));
  if (given.run !== null) await api.waitForRun(given.run.id);
  return given;
}

async function readNames(): Promise<Readonly<Record<string, unknown>>> {
  const { rows } = z
    .object({ rows: z.array(z.object({ code: z.string(), name: z.string().nullish() })) })
    .parse(await api.getJson("/assets/airports/rows"));
  return Object.fromEntries(rows.map(({ code, name }) => [code, name]));
}

test("a merge tells what each of its branches brought, and what it waits for", async () => {
  expect(await api.getJson("/merges/airports")).toMatchObject({
    asset: "airports",
    policy: { key: ["code"], rows: "recencyFirst", eventTime: "updatedAt" },
    isFrozen: false,
    partitions: [
      {
        partition: "",
        version: 1,
        decision: { kind: "complete" },
        legs: [
          { branch: "airline", state: "active", watermark: march(10), batches: { live: 1, held: 0 } },
          { branch: "authority", state: "active", watermark: march(1), batches: { live: 1, held: 0 } },
        ],
        waitingFor: [],
        held: 0,
      },
    ],
  });
});

test("a key is explained by parameters of its own", async () => {
  expect(await api.getJson("/merges/airports/explain?key.code=AMS&column=name")).toMatchObject({
    key: { code: "AMS" },
    row: { name: "Amsterdam Schiphol" },
    cells: [
      {
        column: "name",
        winners: [{ branch: "airline", fate: "winner", batch: { origin: { asset: "airline", version: 1 } } }],
        runnersUp: [{ branch: "authority", cells: { name: "Schiphol" } }],
      },
    ],
  });
});

test("late rows wait, are admitted once under one key, and then count", async () => {
  await deliverLate(server.directory, () => api.runToEnd("authority airports"));
  const { items } = BatchPage.parse(await api.getJson("/late?merge=airports"));
  expect(items).toMatchObject([{ branch: "authority", standing: "held" }]);
  const id = items[0]?.id ?? "";
  expect(await api.getJson(`/batches/${id}/rows`)).toMatchObject({
    batch: { id, lateness: { beyondGrace: 1 } },
    rows: [{ operation: "upsert", cells: { name: "Otto Lilienthal" }, eventTime: march(5), lateClass: "beyondGrace" }],
  });
  expect((await readNames())["TXL"]).toBe("Tegel");
  const body = { batchIds: [id], reason: "the line was down" };
  const headers = { "idempotency-key": "reconcile-1" };
  const first = Order.parse(await (await api.post("/merges/airports/reconcile", body, headers)).json());
  const again = Order.parse(await (await api.post("/merges/airports/reconcile", body, headers)).json());
  expect(first.run).not.toBeNull();
  expect(again.run?.id).toBe(first.run?.id);
  await api.waitForRun(first.run?.id ?? "");
  expect((await readNames())["TXL"]).toBe("Otto Lilienthal");
  const everything = { ...body, batchIds: "all" };
  for (const [path, other] of [
    ["/merges/airports/reconcile", { ...body, reason: "another" }],
    ["/merges/airports/revoke", { what: { kind: "batches", batchIds: [id] }, reason: body.reason }],
    ["/assets/authority/rollback", { to: 1, cascade: "leaveStale", reason: "as it was" }],
  ] as const) {
    expect(await (await api.post(path, other, headers)).json()).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  }
  const run = { select: "authority" };
  expect(await (await api.post("/runs", run, headers)).json()).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  // The same wish: what it was about waits no more, and its run is the one of then.
  const all = { "idempotency-key": "reconcile-2" };
  expect(Order.parse(await (await api.post("/merges/airports/reconcile", everything, all)).json()).run).toBeNull();
  expect(await api.getJson("/late")).toEqual({ items: [], nextCursor: null });
});

test("batches come page by page, each once, and can be narrowed", async () => {
  const first = BatchPage.parse(await api.getJson("/merges/airports/batches?limit=2"));
  const rest = BatchPage.parse(
    await api.getJson(`/merges/airports/batches?cursor=${encodeURIComponent(first.nextCursor ?? "")}`),
  );
  const ids = [...first.items, ...rest.items].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(rest.nextCursor).toBeNull();
  const narrowed = BatchPage.parse(await api.getJson("/merges/airports/batches?branch=authority&standing=live"));
  expect(narrowed.items.every(({ branch, standing }) => branch === "authority" && standing === "live")).toBe(true);
  expect(narrowed.items.length).toBeGreaterThan(0);
});

test("a revocation tells beforehand what it would do, and then does it", async () => {
  const { items } = BatchPage.parse(await api.getJson("/merges/airports/batches?branch=airline&standing=live"));
  const what = { kind: "batches", batchIds: items.map(({ id }) => id) };
  const before = await readNames();
  const dry = await order("/merges/airports/revoke", { what, reason: "a look", dryRun: true });
  expect(dry).toMatchObject({ run: null, descendants: ["airportCount"] });
  expect(dry.batches).toHaveLength(items.length);
  expect(await readNames()).toEqual(before);
  const done = await order("/merges/airports/revoke", { what, reason: "a broken export" });
  expect(done.run).not.toBeNull();
  expect(await readNames()).toEqual({ AMS: "Schiphol", LIS: "Humberto Delgado", TXL: "Otto Lilienthal" });
});

test("what is to be revoked can be named by a branch and a range of it, or by the run that delivered it", async () => {
  const source = { kind: "source", branch: "authority", from: march(1), to: march(2) };
  const bySource = await order("/merges/airports/revoke", { what: source, reason: "a look", dryRun: true });
  expect(bySource.batches).toHaveLength(1);
  const { items } = z
    .object({ items: z.array(z.object({ origin: z.object({ runId: z.string() }) })) })
    .parse(await api.getJson("/merges/airports/batches?branch=authority"));
  const run = { kind: "run", runId: items.at(-1)?.origin.runId };
  const byRun = await order("/merges/airports/revoke", { what: run, reason: "a look", dryRun: true });
  expect(byRun.batches.length).toBeGreaterThan(0);
});

test("cuts are the history of a merge, newest first, each to be had by its version", async () => {
  const { items } = z
    .object({ items: z.array(z.looseObject({ version: z.number(), fates: z.record(z.string(), z.number()) })) })
    .parse(await api.getJson("/merges/airports/cuts"));
  const versions = items.map(({ version }) => version);
  expect(versions).toEqual([...versions].sort((a, b) => b - a));
  expect(items[0]?.fates["revoked"]).toBeGreaterThan(0);
  expect(await api.getJson(`/merges/airports/cuts/${versions.at(-1)}`)).toEqual(items.at(-1));
});

test("a rollback is refused while others were built from what goes, unless it says what becomes of them", async () => {
  await api.runToEnd("airportCount");
  const refused = await api.post("/assets/airports/rollback", { to: 1, reason: "as it was" });
  expect(await refused.json()).toMatchObject({ code: "ROLLBACK_TEARS", status: 409 });
  await order("/assets/airports/rollback", { to: 1, cascade: "run", reason: "as it was" });
});

test("the audit trail comes page by page in the order of commit", async () => {
  const Page = z.object({
    items: z.array(z.object({ sequence: z.string(), kind: z.string() })),
    nextCursor: z.string().nullable(),
  });
  const all = Page.parse(await api.getJson("/assets/airports/audit?limit=500")).items;
  const first = Page.parse(await api.getJson("/assets/airports/audit?limit=3"));
  const second = Page.parse(await api.getJson(`/assets/airports/audit?limit=3&cursor=${first.nextCursor}`));
  expect([...first.items, ...second.items]).toEqual(all.slice(0, 6));
  expect(all.map(({ kind }) => kind)).toContain("order:given");
});

test("forms of the schema are listed and checked", async () => {
  expect(await api.getJson("/assets/airports/schema")).toMatchObject({ items: [{ number: 1, isPresent: true }] });
  expect(await api.getJson("/schemas/check")).toMatchObject({ isCompatible: true, items: [{ asset: "airports" }] });
});

test("a held batch that is rejected does not wait any more, never counts and stays on record", async () => {
  const late = { code: "TXL", name: "Pankow", updatedAt: march(6) };
  await deliver(server.directory, "authority", { number: 4, entries: [late] });
  await api.runToEnd("authority airports");
  const before = await readNames();
  const [held] = BatchPage.parse(await api.getJson("/late?merge=airports")).items;
  const body = { batchIds: "all", reason: "nobody calls it so" };
  const headers = { "idempotency-key": "reject-1" };
  const first = Order.parse(await (await api.post("/merges/airports/reject", body, headers)).json());
  await api.waitForRun(first.run?.id ?? "");
  expect(await api.getJson("/late")).toEqual({ items: [], nextCursor: null });
  expect(await readNames()).toEqual(before);
  const { items } = BatchPage.parse(await api.getJson("/merges/airports/batches?standing=rejected"));
  expect(items.map(({ id }) => id)).toEqual([held?.id]);
  // Nothing waits now; the key still stands for what was decided under it.
  const again = Order.parse(await (await api.post("/merges/airports/reject", body, headers)).json());
  expect(again.run?.id).toBe(first.run?.id);
});

test("what a branch delivered in a range, and what a run delivered, is taken back", async () => {
  const before = await readNames();
  const runs: string[] = [];
  const Runs = z.object({ items: z.array(z.object({ id: z.string() })) });
  for (const [number, code] of [
    [5, "STR"],
    [6, "DUS"],
  ] as const) {
    const entries = [{ code, name: code, updatedAt: march(20 + number) }];
    await deliver(server.directory, "authority", { number, entries });
    await api.runToEnd("authority airports");
    runs.push(...Runs.parse(await api.getJson("/runs?limit=1")).items.map(({ id }) => id));
  }
  expect(await readNames()).toEqual({ ...before, STR: "STR", DUS: "DUS" });
  const source = { kind: "source", branch: "authority", from: march(25), to: march(25) };
  await order("/merges/airports/revoke", { what: source, reason: "a wrong day" });
  expect(await readNames()).toEqual({ ...before, DUS: "DUS" });
  await order("/merges/airports/revoke", {
    what: { kind: "run", runId: runs.at(-1) ?? "" },
    reason: "a wrong run",
  });
  expect(await readNames()).toEqual(before);
});

test("a merge is verified, unfrozen and rid of what nobody needs", async () => {
  expect(await api.postJson("/merges/airports/verify", {})).toMatchObject({ differentKeys: [] });
  expect((await api.post("/merges/airports/unfreeze", { reason: "it was a drill" })).status).toBe(204);
  expect(await api.postJson("/merges/collect", { dryRun: true })).toMatchObject({ items: [{ asset: "airports" }] });
});

test("a command asks the server that runs, since it owns the store's file, and names who asks", async () => {
  const { announceServer } = await import("../../src/cli/server/server-file.ts");
  const { stateDirectory } = server.watersmeet.config;
  await using _announced = await announceServer(stateDirectory, { url: server.url, pid: process.pid });
  const cli = (...args: readonly string[]) => runInProcess(args, { cwd: server.directory, env: {} });
  const cut = await cli("cut", "airports");
  expect(cut, cut.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^airports version/) });
  const [batch] = BatchPage.parse(await api.getJson("/merges/airports/batches?standing=live")).items;
  const reason = ["--reason", "once more", "--no-wait", "--json"];
  const revoked = await cli("revoke", "airports", (batch?.id ?? "").slice(0, 8), ...reason);
  expect(revoked, revoked.stderr).toMatchObject({ exitCode: 0 });
  await api.waitForRun(Order.parse(JSON.parse(revoked.stdout)).run?.id ?? "");
  const { items } = z
    .object({
      items: z.array(z.object({ kind: z.string(), by: z.string().nullable(), reason: z.string().nullable() })),
    })
    .parse(await api.getJson("/assets/airports/audit"));
  const order = { kind: "order:given", reason: "once more", by: expect.stringMatching(/^cli:.+@/) };
  expect(items).toContainEqual(order);
  expect(await cli("explain", "airports", "--key", "code=XXX")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("NOT_FOUND"),
  });
});

test.each([
  ["/merges/nope", 404, "ASSET_UNKNOWN"],
  ["/merges/authority", 422, "NOT_A_MERGE"],
  ["/merges/airports/cuts/99", 404, "NOT_FOUND"],
  ["/merges/airports/cuts/x", 400, "USAGE_INVALID"],
  ["/merges/airports/cuts?cursor=nonsense", 400, "USAGE_INVALID"],
  ["/merges/airports/batches?standing=odd", 400, "USAGE_INVALID"],
  ["/merges/airports/batches?partition=2001", 400, "PARTITION_INVALID"],
  ["/merges/airports/explain", 400, "USAGE_INVALID"],
  ["/merges/airports/explain?key.code=AMS&odd=1", 400, "USAGE_INVALID"],
  ["/merges/airports/explain?key.city=Berlin", 400, "KEY_INVALID"],
  ["/merges/airports/explain?key.code=XXX", 404, "NOT_FOUND"],
  [`/batches/${"0".repeat(64)}/rows`, 404, "MERGE_BATCH_UNKNOWN"],
  ["/late?merge=nope", 404, "ASSET_UNKNOWN"],
  ["/assets/airports/audit?cursor=%20", 400, "USAGE_INVALID"],
  ["/schemas/check?select=nope", 404, "ASSET_UNKNOWN"],
])("GET %s is %i %s", async (path, status, code) => {
  const response = await api.get(path);
  expect(await response.json()).toMatchObject({ status, code });
  expect(response.status).toBe(status);
});

test.each([
  ["/merges/airports/revoke", { what: { kind: "batches", batchIds: [] }, reason: "x" }],
  ["/merges/airports/revoke", { what: { kind: "batches", batchIds: ["a"] }, reason: "  " }],
  ["/merges/airports/reconcile", { batchIds: "some", reason: "x" }],
  ["/merges/airports/reject", { batchIds: "all" }],
  ["/assets/airports/rollback", { to: 1.5, reason: "x" }],
  ["/merges/airports/verify", { perMille: 0 }],
])("POST %s without what it needs is refused", async (path, body) => {
  expect(await (await api.post(path, body)).json()).toMatchObject({ status: 400, code: "USAGE_INVALID" });
});
