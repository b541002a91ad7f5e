import { StockRunner } from "../../test/step/merge/stock-runner.ts";

/**
 * What a step of a merge costs when its feed has become long: one more version is delivered and merged, after few and after many. Processor time of this process, which has DuckDB in it.
 * `node packages/runtime/bench/merge/feed.bench.ts [many]`
 */
const [few, many] = [100, Number(process.argv[2] ?? 1_000)];
const measured = 10;

await using world = await StockRunner.open("bench", { shadowPerMille: 5 });
await world.deliver("shelf", { rows: [] });
await world.deliver("counts", { rows: [] }, "2001-01-01");
let delivered = 0;
const took = new Map<number, { readonly feedMs: number; readonly mergeMs: number }>();
for (const length of [few, many]) {
  while (delivered < length - measured) await deliver();
  await world.shop.make("stock");
  let [feedMs, mergeMs] = [0, 0];
  for (let turn = 0; turn < measured; turn += 1) {
    feedMs += await cpuOf(deliver);
    mergeMs += await cpuOf(() => world.shop.make("stock"));
  }
  took.set(length, { feedMs: feedMs / measured, mergeMs: mergeMs / measured });
}
const [short, long] = [took.get(few), took.get(many)];
if (short === undefined || long === undefined) throw new Error("nothing was measured");
for (const name of ["feedMs", "mergeMs"] as const) {
  const what = name === "feedMs" ? "a version of a feed" : "the step that merges it";
  const ratio = (long[name] / short[name]).toFixed(2);
  console.log(`${what}: ${long[name].toFixed(1)} ms with ${many}, ${short[name].toFixed(1)} ms with ${few}: ${ratio}`);
}

async function deliver(): Promise<void> {
  delivered += 1;
  const at = new Date(Date.UTC(2001, 0, 1) + delivered * 1_000).toISOString();
  const row = { sku: `sku ${delivered % 500}`, name: "Axe", amount: delivered, at, does: null };
  await world.deliver("movements", { rows: [row], cursor: delivered });
}

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
