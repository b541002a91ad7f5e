import { parseAssetKey } from "@watersmeet/core/values";
import {
  branches,
  Deliveries,
  openBenchStore,
  readEngines,
  readOption,
  renderRows,
  schema,
  type BenchStore,
  type Took,
} from "./merge-bench.ts";

/**
 * What a contribution costs when there are ten times as many: sealing, folding, checking and publishing a merge of three branches, in one run.
 * `node packages/runtime/bench/merge/scale.bench.ts [duckdb] [postgres] [--small 1000000] [--large 10000000] [--memory 2GB]`; contributions in all.
 */
const small = Number(readOption("small", "1000000"));
const large = Number(readOption("large", "10000000"));

for (const engine of readEngines()) {
  const took = new Map<number, Took>();
  for (const contributions of [small, large]) {
    await using bench = await openBenchStore(engine, readOption("memory", "2GB"));
    took.set(contributions, await timeMerge(bench, contributions));
  }
  for (const unit of ["wallMs", "cpuMs"] as const) {
    const [few, many] = [small, large].map(
      (contributions) => ((took.get(contributions)?.[unit] ?? 0) * 1000) / contributions,
    );
    const ratio = (many ?? 0) / (few ?? 1);
    console.log(
      `${engine}: a contribution of ${large} / of ${small}, ${unit === "wallMs" ? "wall" : "CPU"}: ${many?.toFixed(2)} / ${few?.toFixed(2)} us = ${ratio.toFixed(2)} (bound 1.2) ${ratio <= 1.2 ? "ok" : "OVER"}`,
    );
  }
}

async function timeMerge(bench: BenchStore, contributions: number): Promise<Took> {
  const deliveries = new Deliveries(bench);
  const count = Math.round(contributions / branches.length);
  for (const [index, branch] of branches.entries())
    await deliveries.deliver(
      branch,
      renderRows(bench.engine, { count, keys: Math.round(count * 1.3), seed: index + 1 }),
    );
  await bench.checkpoint();
  const asset = { key: parseAssetKey("merged"), schema, isPartitioned: false, isStamped: true };
  return await bench.time(() => deliveries.merge(asset, { base: null }));
}
