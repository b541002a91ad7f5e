import { median } from "../../packages/ui-server/bench/command-process.ts";
import { openDagster } from "./dagster.ts";
import type { Peer } from "./peer.ts";
import { openWatersmeetPeer } from "./watersmeet.ts";

/**
 * The same graphs here and on Dagster, turn by turn in one run: `node bench/peers/peers.bench.ts [--steps 1000,10000] [--partitions 1000] [--timeout 1200]`.
 * Dagster runs in its own process without worker processes (`materialize`, the executor that costs least per step) and keeps its records in SQLite;
 * Watersmeet runs its real engine: Postgres, DuckDB, child processes. Where Python or its packages cannot be had, it says so and ends well.
 */
const flags = process.argv.slice(2);
const option = (name: string, otherwise: string): string =>
  flags[flags.indexOf(`--${name}`) + 1 || flags.length] ?? otherwise;
const timeoutMs = Number(option("timeout", "1200")) * 1_000;

const dagster = await openDagster();
if ("reason" in dagster)
  console.log(`Dagster cannot be had here, so there is nothing to compare with: ${dagster.reason}`);
else await compare(dagster);

async function compare(theirs: Peer): Promise<void> {
  await using _ = theirs;
  await using ours = openWatersmeetPeer();
  console.log(`${"".padEnd(26)}${ours.name.padStart(14)}${theirs.name.padStart(18)}   ratio`);
  for (const steps of option("steps", "1000,10000").split(",").map(Number)) {
    await print(`${steps} steps in layers`, (peer) => peer.layered(steps, timeoutMs), [ours, theirs]);
  }
  const partitions = Number(option("partitions", "1000"));
  await print(`${partitions} partitions`, (peer) => peer.backfill(partitions, timeoutMs), [ours, theirs]);
  await print("one step, from cold", (peer) => peer.cold(), [ours, theirs]);
  await print("one step, warm (median)", async (peer) => median(await peer.warm(10)), [ours, theirs]);
}

async function print(
  title: string,
  work: (peer: Peer) => Promise<number>,
  peers: readonly [Peer, Peer],
): Promise<void> {
  const seconds: number[] = [];
  for (const peer of peers)
    seconds.push(await work(peer).catch((error: unknown) => giveUp(`${peer.name}, ${title}`, error)));
  const [ours = Number.NaN, theirs = Number.NaN] = seconds;
  const shown = [ours, theirs].map((each) => (Number.isFinite(each) ? `${each.toFixed(2)} s` : "failed or over time"));
  console.log(
    `${title.padEnd(26)}${shown[0]?.padStart(14)}${shown[1]?.padStart(18)}   ${(theirs / ours).toFixed(1)} x`,
  );
}

function giveUp(what: string, error: unknown): number {
  console.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  return Number.POSITIVE_INFINITY;
}
