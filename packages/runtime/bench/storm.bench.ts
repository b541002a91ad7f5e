/*
 * A storm beside a quiet run of the same steps on the same server:
 *
 *     node packages/runtime/bench/storm.bench.ts [steps] [workers]
 *
 * Each step writes a row of its own under its commit id. In the storm a random worker is killed (SIGKILL) every second, and a supervisor starts another;
 * the server is restarted every ten seconds as after a crash. Prints what came of it, and ends with 1 when anything came to harm.
 * Bound: one effect per commit id, every step ended, no lease held, at most twice the time of the quiet run.
 */
import pg from "pg";
import { openLedger } from "../src/ledger/open-ledger.ts";
import { ensureDoorbell } from "../src/queue/doorbell/doorbell.ts";
import { runStorm, type StormResult } from "../test/worker/storm/run-storm.ts";
import type { AssetSketch } from "../test/worker/test-plans.ts";
import { startRestartablePostgres } from "./restartable-postgres.ts";

const steps = Number(process.argv[2] ?? 20_000);
const workers = Number(process.argv[3] ?? 2);
{
  await using server = await startRestartablePostgres();
  const quiet = await runStorm({
    url: await createLedger(server.url, "quiet"),
    sketches: sketch(steps),
    workers,
    random: Math.random,
  });
  report("quiet", quiet);
  const storm = await runStorm({
    url: await createLedger(server.url, "storm"),
    sketches: sketch(steps),
    workers,
    kills: { everyMs: 1000 },
    trouble: { pace: { everyMs: 10_000 }, make: () => server.restart() },
    random: Math.random,
  });
  report("storm", storm);
  console.log(`storm / quiet: ${(storm.elapsedMs / quiet.elapsedMs).toFixed(2)}`);
  if (Object.values(storm.harm).some((count) => count > 0)) process.exitCode = 1;
}

/** Ten layers, one to one; one of them shares a resource. */
function sketch(count: number): readonly AssetSketch[] {
  return Array.from({ length: 10 }, (_, layer): AssetSketch => ({
    key: `layer${layer}`,
    partitions: Math.round(count / 10),
    inputs: layer === 0 ? [] : [`layer${layer - 1}`],
    ...(layer === 5 ? { resource: "api" } : {}),
  }));
}

async function createLedger(url: string, name: string): Promise<string> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(`create database "${name}"`);
  await admin.end();
  const own = new URL(url);
  own.pathname = `/${name}`;
  await using ledger = await openLedger(own.href);
  await ensureDoorbell(ledger.pool);
  return own.href;
}

function report(name: string, { elapsedMs, kills, troubles, stepCount, states, harm }: StormResult): void {
  const perSecond = (stepCount / (elapsedMs / 1000)).toFixed(0);
  console.log(
    `${name.padEnd(6)} ${stepCount} steps in ${(elapsedMs / 1000).toFixed(1)} s (${perSecond}/s), ${kills} kills, ${troubles} restarts, ${JSON.stringify(states)}, harm ${JSON.stringify(harm)}`,
  );
}
