import { setTimeout as sleep } from "node:timers/promises";
import { fingerprint } from "@watersmeet/core/values";
import pg from "pg";
import { connectionSettings, openLedger, type LedgerConnections } from "../../../src/ledger/open-ledger.ts";
import { silentLogger } from "../../../src/observe/logger.ts";
import { startWorker } from "../../../src/worker/start-worker.ts";
import { committed } from "../test-executor.ts";

/**
 * `node storm-worker.ts <url> [gated]`: a worker in a process of its own whose steps have one effect each, a row, written as stores write: the commit's id and the
 * row in one transaction, and an id that is there already means that the row is, too. It says when it works, and waits for a database that is away. Gated, it
 * makes no more effects than the storm allows.
 */
const [url = "", gated] = process.argv.slice(2);
const ledger = await patiently(() => openLedger(url, { schema: "require", maxConnections: 3 }));
// Nobody is left to kill it when its parent is gone.
process.stdin.on("end", () => process.exit()).resume();
const effects = new pg.Pool({ ...connectionSettings(url), max: 4 });
effects.on("error", () => {});

await patiently(() => start(ledger));
process.stdout.write("ready\n");

function start(connections: LedgerConnections): ReturnType<typeof startWorker> {
  return startWorker({
    ledger: connections,
    executor: {
      async execute(step) {
        const commitId = fingerprint([step.asset, step.partition, step.runId]);
        if (gated !== undefined) await untilAllowed(commitId);
        // A transaction whose reply was lost is asked for again by its id.
        await patiently(() => effects.query(insertEffect, [commitId, step.attempt]));
        return committed(step);
      },
      async [Symbol.asyncDispose]() {},
    },
    concurrency: 8,
    stores: () => new Set(["default"]),
    resources: { api: { concurrency: 6 } },
    retry: { minDelayMs: 5, maxDelayMs: 20 },
    logger: silentLogger,
    random: Math.random,
  });
}

async function untilAllowed(commitId: string): Promise<void> {
  while (!(await patiently(() => mayHaveEffect(commitId)))) await sleep(20);
}

async function mayHaveEffect(commitId: string): Promise<boolean> {
  const { rows } = await effects.query(
    `select exists (select from storm.commit where id = $1)
      or (select count(*) from storm.commit) < (select max(allowed) from storm.gate) as "may"`,
    [commitId],
  );
  return rows[0].may;
}

const insertEffect = `
  with entered as (insert into storm.commit (id) values ($1) on conflict do nothing returning id)
  insert into storm.effect (commit_id, attempt) select id, $2 from entered`;

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(50);
    }
  }
}
