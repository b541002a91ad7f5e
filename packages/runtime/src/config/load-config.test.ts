import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isWatersmeetError } from "@watersmeet/core/errors";
import { afterEach, expect, test } from "vitest";
import { defaultBreakerSettings } from "./failure-terms.ts";
import { loadConfig } from "./load-config.ts";
import { maskUrl } from "./mask-secrets.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function makeProject(configFile: string | null): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "watersmeet-config-"));
  folders.push(root);
  await writeFile(join(root, "package.json"), `{ "type": "module" }`);
  await mkdir(join(root, "assets", "deep"), { recursive: true });
  if (configFile !== null) await writeFile(join(root, "watersmeet.config.ts"), configFile);
  return root;
}

test("a folder with a package.json and assets is a project with defaults", async () => {
  const root = await makeProject(null);
  const config = await loadConfig({ directory: join(root, "assets", "deep") });
  expect(config).toMatchObject({
    root,
    assets: ["assets/**/*.ts"],
    environment: "prod",
    ledger: { kind: "embedded", dataDirectory: join(root, ".watersmeet", "postgres") },
    stores: { default: { kind: "duckdb", path: ".watersmeet/data.duckdb" } },
    http: { host: "127.0.0.1" },
  });
});

test("flags win over the environment, which wins over the file, which wins over the default", async () => {
  const root = await makeProject(
    `export default { environment: "file", databaseUrl: "postgres://file/db", http: { port: 1, host: "file" } };`,
  );
  const env = { DATABASE_URL: "postgres://env/db", WATERSMEET_PORT: "2", WATERSMEET_ENVIRONMENT: "env" };
  const config = await loadConfig({ directory: root, env, flags: { environment: "flag", port: undefined } });
  expect(config.environment).toBe("flag");
  expect(config.ledger).toEqual({ kind: "url", url: "postgres://env/db" });
  expect(config.http).toEqual({ host: "file", port: 2 });
  expect(config.retries.maxAttempts).toBe(3);
});

test("store is short for the default store, beside other stores", async () => {
  const root = await makeProject(
    `export default { store: { kind: "postgres", url: "postgres://h/d" }, stores: { lake: { kind: "duckdb", path: "x" } } };`,
  );
  const { stores } = await loadConfig({ directory: root });
  expect(stores["default"]).toEqual({ kind: "postgres", url: "postgres://h/d", schema: "public" });
  expect(Object.keys(stores)).toEqual(["default", "lake"]);
});

test("every problem is told at once, with its source and place", async () => {
  const root = await makeProject(
    `export default { resources: { api: { concurrency: 0 } }, wrong: 1, store: { kind: "duckdb", path: "" } };`,
  );
  const env = { DATABASE_URL: "mysql://x", WATERSMEET_PORT: "many" };
  const error: unknown = await loadConfig({ directory: root, env, flags: { concurrency: -1 } }).catch(
    (e: unknown) => e,
  );
  if (!isWatersmeetError(error)) throw error;
  expect(error.code).toBe("CONFIG_INVALID");
  for (const part of [
    "resources.api.concurrency",
    "wrong",
    "store.path",
    "databaseUrl",
    "port",
    "flags: concurrency",
  ]) {
    expect(error.message).toContain(part);
  }
});

test("of a setting with several forms, the mistake in the one that was meant is told", async () => {
  const root = await makeProject(`export default { resources: { crm: { breaker: { probe: 3 } } } };`);
  await expect(loadConfig({ directory: root })).rejects.toMatchObject({
    message: expect.stringContaining("resources.crm.breaker.probe must be a function"),
  });
});

test("a resource has a limit, a limit that adapts, or none, and a rate", async () => {
  const root = await makeProject(
    `export default { resources: {
      crm: { concurrency: 4, rate: { count: 100, per: "1m" } },
      erp: { concurrency: "auto", min: 2, max: 20 },
      feed: { rate: { count: 50, per: "1s", burst: 10 } } } };`,
  );
  const { resources } = await loadConfig({ directory: root });
  expect(resources["crm"]).toMatchObject({ concurrency: 4, rate: { count: 100, perMs: 60_000, burst: 1 } });
  expect(resources["erp"]).toMatchObject({ concurrency: "auto", min: 2, max: 20, rate: null });
  expect(resources["feed"]).toMatchObject({ concurrency: null, rate: { count: 50, perMs: 1000, burst: 10 } });
});

test("a rate whose span nobody can read, and bounds that cross, are problems", async () => {
  const root = await makeProject(
    `export default { resources: { crm: { rate: { count: 1, per: "minute" } }, erp: { concurrency: "auto", min: 9, max: 3 } } };`,
  );
  const error: unknown = await loadConfig({ directory: root }).catch((e: unknown) => e);
  if (!isWatersmeetError(error)) throw error;
  expect(error.message).toContain("resources.crm.rate.per must be a length of time");
  expect(error.message).toContain("resources.erp.max must not be less than min");
});

test("a breaker may have a probe, which stays where it is", async () => {
  const root = await makeProject(
    "export default { resources: { crm: { breaker: { probe: () => {}, openMs: 1000 } }, erp: {}, feed: { breaker: { probe: true } } } };",
  );
  await expect(loadConfig({ directory: root })).rejects.toMatchObject({
    message: expect.stringContaining("resources.feed.breaker"),
  });
  const other = await makeProject(
    "export default { resources: { crm: { breaker: { probe: () => {}, openMs: 1000 } }, erp: {} } };",
  );
  const { resources } = await loadConfig({ directory: other });
  expect(resources["crm"]?.breaker).toEqual({ ...defaultBreakerSettings, openMs: 1000, hasProbe: true });
  expect(resources["erp"]?.breaker).toEqual(defaultBreakerSettings);
});

test("what may wait between two assets is a size, and any number unless it says", async () => {
  const budgetsOf = async (config: string) => (await loadConfig({ directory: await makeProject(config) })).budgets;
  expect(await budgetsOf(`export default { budgets: { stagedBytes: "2 GiB" } };`)).toEqual({ stagedBytes: 2 ** 31 });
  expect(await budgetsOf("export default {};")).toEqual({ stagedBytes: null });
  await expect(budgetsOf(`export default { budgets: { stagedBytes: "2 gigs" } };`)).rejects.toMatchObject({
    message: expect.stringContaining("budgets.stagedBytes must be a size"),
  });
});

test("a configuration without a default export says what to write", async () => {
  const root = await makeProject("export const config = {};");
  await expect(loadConfig({ directory: root })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("export default defineConfig"),
  });
});

test("a folder that belongs to no project is refused with the way to make one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-none-"));
  folders.push(folder);
  await expect(loadConfig({ directory: folder })).rejects.toMatchObject({
    code: "CONFIG_NOT_FOUND",
    hint: expect.stringContaining("watersmeet init"),
  });
});

test("passwords in connection strings are masked", () => {
  expect(maskUrl("postgres://ana:secret@host:5432/db?sslpassword=x&a=1")).toBe(
    "postgres://ana:***@host:5432/db?sslpassword=***&a=1",
  );
  expect(maskUrl("not a url")).toBe("***");
});
