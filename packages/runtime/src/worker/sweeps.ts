import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import type { RecordDeps } from "../queue/record-outcomes.ts";
import { reapWorkers } from "./reap-workers.ts";
import type { Slots } from "./slots.ts";

export interface Sweeps extends AsyncDisposable {
  /** Whether another worker was there at the last look. */
  hasPeers(): boolean;
}

export interface SweepOptions {
  readonly db: LedgerDb;
  readonly deps: RecordDeps;
  readonly logger: Logger;
  readonly slots: Slots;
  readonly workerId: () => string;
  readonly onReady: () => void;
}

/** What a dead peer or a cancelled run waits for at most. */
const sweepEveryMs = 100;

/** Looks again and again at what nobody tells: dead workers, cancelled runs, peers. Every worker does; states, not events. */
export function startSweeps(options: SweepOptions): Sweeps {
  let isStopping = false;
  let peers = 0;
  const loop = async (): Promise<void> => {
    while (!isStopping) {
      try {
        peers = await sweep(options);
      } catch (error) {
        options.logger.warn({ error: String(error) }, "the sweep failed and is tried again");
      }
      await sleep(sweepEveryMs);
    }
  };
  const done = loop();
  return {
    hasPeers: () => peers > 0,
    async [Symbol.asyncDispose]() {
      isStopping = true;
      await done;
    },
  };
}

async function sweep(options: SweepOptions): Promise<number> {
  const { db, deps, logger, slots } = options;
  const reaped = await reapWorkers(db, { selfId: options.workerId(), deps });
  if (reaped.workers.length > 0) {
    logger.warn({ workers: reaped.workers, ready: reaped.readyCount }, "dead workers' steps were given back");
    options.onReady();
  }
  const { rows } = await sql<{ cancelled: readonly string[]; peers: number }>`
    select array(select id from watersmeet.run where state = 'cancelling' and id = any(${[...slots.listRuns()]}::bigint[])) as cancelled,
      (select count(*)::integer from watersmeet.worker where id <> ${options.workerId()}) as peers`.execute(db);
  const cancelled = new Set(rows[0]?.cancelled ?? []);
  if (cancelled.size > 0) slots.abort((step) => cancelled.has(step.runId), "cancelled");
  return rows[0]?.peers ?? 0;
}
