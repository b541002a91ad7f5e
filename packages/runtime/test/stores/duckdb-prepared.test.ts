import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import { openRowWriter } from "../../src/exchange/open-row-writer.ts";
import { createDuckdbSession } from "../../src/stores/duckdb/duckdb-session.ts";
import { openStore } from "../../src/stores/open-store.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import type { Commit, Store } from "../../src/stores/store.ts";

async function openTable() {
  const instance = await DuckDBInstance.create(":memory:");
  const [writer, reader] = [await instance.connect(), await instance.connect()];
  await writer.run("create table t (v integer)");
  await writer.run("insert into t select 1 from range(10)");
  return { writer, reader };
}

test("a prepared statement of this DuckDB goes by the minimum and maximum that it was planned with", async () => {
  const { writer, reader } = await openTable();
  const first = await reader.prepare("select count(*)::integer from t where v = 1");
  const second = await reader.prepare("select count(*)::integer from t where v = 2");
  await writer.run("insert into t select 2 from range(5)");
  // Both are wrong. The day that this test fails, sessions need no transaction for a statement with parameters.
  expect((await first.runAndReadAll()).getRowsJson()).toEqual([[15]]);
  expect((await second.runAndReadAll()).getRowsJson()).toEqual([[0]]);
});

test("a session plans and executes a statement on the same rows, whatever is committed meanwhile", async () => {
  const { writer, reader } = await openTable();
  const session = createDuckdbSession(reader);
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      if (index % 2 === 1) return await writer.run(`insert into t values (${index + 2})`).then(() => "10");
      return (await session.run("select count(*) as n from t where v = 1"))[0]?.["n"];
    }),
  );
  expect(new Set(answers)).toEqual(new Set(["10"]));
});

const schema: RowSchema = {
  columns: [
    { name: "place", type: { kind: "text" }, isNullable: false, nullAs: "null" },
    { name: "n", type: { kind: "integer" }, isNullable: false, nullAs: "null" },
  ],
};

// Keys are branded where they are parsed; here they are literals.
const asset: StoredAsset = { key: "places" as AssetKey, schema, isPartitioned: true };

test("steps that stage, measure and commit side by side get their own rows, all of them", async () => {
  const directory = await mkdtemp(join(tmpdir(), "watersmeet-side-by-side-"));
  try {
    await using store = await openStore({
      name: "default",
      config: { kind: "duckdb", path: join(directory, "data.duckdb"), memoryLimit: null, threads: null },
      root: directory,
      stateDirectory: directory,
    });
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < 150) {
        const id = next++;
        const rows = Array.from({ length: 20 + (id % 90) }, (_, n) => ({ place: `p${id}`, n }));
        const commit = await publish(store, directory, { partition: `p${id}`, rows });
        expect(commit?.rowCount).toBe(rows.length);
        const version = { partition: `p${id}` as PartitionKey, version: commit?.version ?? 0 };
        const read: Row[] = [];
        for await (const chunk of store.readRows({ asset, versions: [version] })) read.push(...chunk);
        expect(read.toSorted((a, b) => Number(a["n"]) - Number(b["n"]))).toEqual(rows);
      }
    };
    await Promise.all([work(), work(), work()]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

async function publish(
  store: Store,
  directory: string,
  { partition, rows }: { readonly partition: string; readonly rows: readonly Row[] },
): Promise<Commit | undefined> {
  const writer = await openRowWriter({ path: join(directory, `${partition}.parquet`), schema });
  await writer.write(rows);
  const target = { asset, partition: partition as PartitionKey, attempt: `a_${partition}` };
  const staged = await store.stageFile(target, await writer.seal());
  const measurement = await store.measure(staged, []);
  expect(measurement.rowCount).toBe(rows.length);
  const request = { environment: "prod", baseVersion: null, record: {} };
  const [commit] = await store.commit([{ ...request, commitId: `c_${partition}`, staged, measurement }]);
  return commit;
}
