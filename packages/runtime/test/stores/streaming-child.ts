import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openRowWriter } from "../../src/exchange/open-row-writer.ts";
import { readExchangeFile } from "../../src/exchange/read-exchange-file.ts";
import { openStore } from "../../src/stores/open-store.ts";
import { asset, orderSchema, orders, partition } from "./stored-rows.ts";

/** Carries rows through a file, a store and back in one process; prints how many came out, and the resident memory in MB at the start and at most. */
const [folder = "", count = "0"] = process.argv.slice(2);

const residentMb = () => process.memoryUsage.rss() / 1024 / 1024;
const startMb = residentMb();
let peakMb = startMb;
const watch = setInterval(() => (peakMb = Math.max(peakMb, residentMb())), 20);

const total = Number(count);
const writer = await openRowWriter({ path: join(folder, "big.parquet"), schema: orderSchema });
for (let from = 0; from < total; from += 10_000) await writer.write(orders(10_000, from));
const file = await writer.seal();

const outside = { read: 0, isInOrder: true };
for await (const rows of readExchangeFile(file)) {
  for (const row of rows) {
    outside.isInOrder &&= row["id"] === outside.read;
    outside.read += 1;
  }
}

await using store = await openStore({
  name: "default",
  config: { kind: "duckdb", path: "big.duckdb", memoryLimit: "256MB", threads: 1 },
  root: folder,
  stateDirectory: folder,
});
const big = asset("big", true);
const staged = await store.stageFile({ asset: big, partition: partition("all"), attempt: "big" }, file);
const measurement = await store.measure(staged, []);
const commits = await store.commit([
  { commitId: "big", environment: "prod", staged, measurement, baseVersion: null, record: null },
]);
let read = 0;
for await (const rows of store.readRows({ asset: big, versions: commits })) {
  read += rows.length;
  // A reader that is slower than the store.
  if (read % 204_800 === 0) await delay(5);
}
clearInterval(watch);
process.stdout.write(
  JSON.stringify({ storeRows: read, fileRows: outside.read, isInOrder: outside.isInOrder, startMb, peakMb }),
);
