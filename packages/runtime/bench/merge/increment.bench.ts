import type { MergeOrder } from "@watersmeet/core/merge";
import { parseAssetKey } from "@watersmeet/core/values";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import type { Commit } from "../../src/stores/store.ts";
import {
  branches,
  Deliveries,
  openBenchStore,
  readEngines,
  readOption,
  renderRows,
  report,
  schema,
  type BenchStore,
  type Took,
} from "./merge-bench.ts";

/**
 * What a small change of a merge costs against folding all of it again, turn by turn in one run: a batch that touches 1 % of the keys, and a revocation of 5 % of the
 * contributions. Both sides seal what is new, fold, check, publish and checkpoint; the other one keeps whole versions, so that it has nothing to differ from.
 * Then: what the ten versions cost, in space and in reading, against the same rows kept as one version in the same layout, and, for comparison, as a plain table;
 * on DuckDB also what all of it costs with the upkeep that a store does by itself when no commit waits: it is done after each version, and timed apart.
 * `node packages/runtime/bench/merge/increment.bench.ts [duckdb] [postgres] [--rows 1000000] [--turns 9] [--memory 2GB]`; rows of each of three branches.
 * Figures of a run: docs/decisions/0011. On a busy machine the ratios of processor time say more, but what is demanded is demanded of the wall clock.
 */
const rows = Number(readOption("rows", "1000000"));
const turns = Number(readOption("turns", "9"));
const keys = Math.round(rows * 1.3);

/** One of two merges of the same deliveries. */
interface Side {
  readonly asset: StoredAsset;
  head: Commit | null;
  readonly took: Took[];
  /** What the store did after each version when no commit waited. */
  readonly kept: Took[];
}

for (const engine of readEngines()) {
  await using bench = await openBenchStore(engine, readOption("memory", "2GB"));
  console.log(`${engine}: ${branches.length} branches x ${rows} rows x ${schema.columns.length} columns`);
  const deliveries = new Deliveries(bench);
  for (const [index, branch] of branches.entries())
    await deliveries.deliver(branch, renderRows(engine, { count: rows, keys, seed: index + 1 }));
  const increment: Side = { asset: assetOf("incremental", true), head: null, took: [], kept: [] };
  const full: Side = { asset: assetOf("whole", false), head: null, took: [], kept: [] };
  const first = await runAll(bench, deliveries, [increment, full], []);
  console.log(
    `  first version, sealing included: ${first.map(({ wallMs }) => `${wallMs.toFixed(0)} ms`).join(" and ")}`,
  );
  await compareBatches(bench, deliveries, [increment, full]);
  const single: Side = { asset: assetOf("single", true), head: null, took: [], kept: [] };
  await runAll(bench, deliveries, [single], []);
  if (single.head?.dataDigest !== increment.head?.dataDigest) throw new Error("The one version has other rows");
  await compareSpace(bench, turns + 1);
  await compareReading(bench, `${turns + 1} versions`, 1.2);
  const orders: MergeOrder[] = [];
  await compareRevocations(bench, deliveries, { sides: [increment, full], orders, isLast: true });
  await compareRevocations(bench, deliveries, { sides: [increment, full], orders, isLast: false });
}

async function compareBatches(bench: BenchStore, deliveries: Deliveries, sides: readonly [Side, Side]): Promise<void> {
  for (const side of sides) side.took.length = side.kept.length = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    const count = Math.round(keys * 0.01);
    await deliveries.deliver("web", renderRows(bench.engine, { count, keys, seed: 10 + turn }));
    await runAll(bench, deliveries, sides, []);
  }
  report("a batch touching 1 % of keys / full fold", { ours: sides[0].took, theirs: sides[1].took, bound: 0.25 });
  reportUpkeep("a batch touching 1 %", sides);
}

interface Revocations {
  readonly sides: readonly [Side, Side];
  /** In force; more come. */
  readonly orders: MergeOrder[];
  /** Whether what is taken back came last: then an earlier version has the rows. Otherwise 1 % more came after it. */
  readonly isLast: boolean;
}

/** Each turn brings 5 % more contributions, untimed, and takes them back, timed. */
async function compareRevocations(
  bench: BenchStore,
  deliveries: Deliveries,
  { sides, orders, isLast }: Revocations,
): Promise<void> {
  const took: [Took[], Took[]] = [[], []];
  for (const side of sides) side.took.length = side.kept.length = 0;
  for (let turn = 0; turn < Math.min(turns, isLast ? 3 : 2); turn += 1) {
    const count = Math.round(rows * branches.length * 0.05);
    const seed = (isLast ? 100 : 200) + turn;
    await deliveries.deliver("erp", renderRows(bench.engine, { count, keys, seed }));
    await runAll(bench, deliveries, sides, orders);
    for (const side of sides) {
      const [batch] = await bench.store.merges.listBatches({ asset: side.asset.key, limit: 1 });
      if (batch === undefined) throw new Error("no batch");
      orders.push({ kind: "revoke", batchId: batch.batchId });
    }
    if (!isLast) {
      const few = Math.round(keys * 0.01);
      await deliveries.deliver("web", renderRows(bench.engine, { count: few, keys, seed: seed + 50 }));
      await runAll(bench, deliveries, sides, orders.slice(0, -sides.length));
    }
    await runAll(bench, deliveries, sides, orders);
    for (const [index, side] of sides.entries()) took[index]?.push(...side.took.slice(-1));
  }
  const what = isLast ? "a revocation of 5 %" : "a revocation of 5 %, not the last";
  report(`${what} / full fold`, { ours: took[0], theirs: took[1], bound: 0.4 });
  if (isLast) reportUpkeep("5 % brought and taken back", sides);
}

/** A median would not show what is due after every few versions. */
function reportUpkeep(what: string, sides: readonly [Side, Side]): void {
  const mean = (times: readonly Took[]): readonly Took[] => [
    {
      wallMs: times.reduce((sum, { wallMs }) => sum + wallMs, 0) / times.length,
      cpuMs: times.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / times.length,
    },
  ];
  const [ours, theirs] = sides.map(({ kept, took }) =>
    mean(
      took.map((one, turn) => ({
        wallMs: one.wallMs + (kept[turn]?.wallMs ?? 0),
        cpuMs: one.cpuMs + (kept[turn]?.cpuMs ?? 0),
      })),
    ),
  );
  report(`${what}, mean with upkeep`, { ours: ours ?? [], theirs: theirs ?? [], bound: 0.4 });
  const { kept } = sides[0];
  const { took } = sides[1];
  if (kept.length > 0) report(`${what}, upkeep alone`, { ours: mean(kept), theirs: mean(took), bound: null });
}

async function compareSpace(bench: BenchStore, versions: number): Promise<void> {
  const [many, one] = [
    await bench.tableBytes(await findStampedTable(bench, "incremental")),
    await bench.tableBytes(await findStampedTable(bench, "single")),
  ];
  const mb = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`;
  const ratio = many / one;
  console.log(
    `  ${`space of ${versions} versions / of one`.padEnd(44)} ${mb(many)} / ${mb(one)} = ${ratio.toFixed(2)} (bound 1.3) ${ratio <= 1.3 ? "ok" : "OVER"}`,
  );
}

async function compareReading(bench: BenchStore, versions: string, bound: number | null): Promise<void> {
  const reads = {
    full: "select status, count(*), sum(amount), max(seen) from",
    wide: "select count(id), count(amount), count(name), count(status), count(flag), sum(quantity), count(city), count(seen) from",
    selective: "select count(*), sum(amount) from",
  };
  for (const [name, select] of Object.entries(reads)) {
    const tail = name === "full" ? " group by status" : name === "selective" ? " where name = 'name 4711'" : "";
    const read = (view: string) => bench.time(() => bench.query(`${select} ${view}${tail}`));
    const [ours, theirs, plain]: [Took[], Took[], Took[]] = [[], [], []];
    for (let turn = 0; turn < 15; turn += 1) {
      ours.push(await read("incremental"));
      theirs.push(await read("single"));
      plain.push(await read("whole"));
    }
    report(`read ${name}, ${versions} / one`, { ours, theirs, bound });
    report(`read ${name}, ${versions} / a plain table`, { ours, theirs: plain, bound: null });
  }
}

async function runAll(
  bench: BenchStore,
  deliveries: Deliveries,
  sides: readonly Side[],
  orders: readonly MergeOrder[],
): Promise<readonly Took[]> {
  const took: Took[] = [];
  const digests = new Set<string>();
  for (const side of sides) {
    const one = await bench.time(async () => {
      const { commit } = await deliveries.merge(side.asset, { base: side.head, orders });
      side.head = commit;
      digests.add(commit.dataDigest);
    });
    side.took.push(one);
    took.push(one);
    if (bench.keepUp !== null) side.kept.push(await bench.time(bench.keepUp));
  }
  if (digests.size > 1) throw new Error("The merges have different rows");
  return took;
}

function assetOf(key: string, isStamped: boolean): StoredAsset {
  return { key: parseAssetKey(key), schema, isPartitioned: false, isStamped };
}

async function findStampedTable(bench: BenchStore, key: string): Promise<string> {
  const [row] = await bench.query(
    `select max(t.number) as number, max(t.asset_id) as asset_id from _watersmeet.stamped_table t join _watersmeet.asset a on a.asset_id = t.asset_id where a.key = '${key}'`,
  );
  return `_watersmeet.a${String(row?.["asset_id"])}_stamped${String(row?.["number"])}`;
}
