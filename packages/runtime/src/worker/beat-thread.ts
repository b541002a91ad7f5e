import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import pg from "pg";
import { z } from "zod";
import { beatEveryMs, livenessLockClass } from "./liveness-lock.ts";

/*
 * Runs in a thread of its own, so that nothing that happens on the main thread can make a living worker look dead. It owns the session that holds the
 * worker's advisory lock. A session that breaks is opened again at once; a worker whose row is gone by then was declared dead and says so.
 */
const {
  client: settings,
  host,
  pid,
  slots,
} = z
  .object({ client: z.record(z.string(), z.unknown()), host: z.string(), pid: z.number(), slots: z.number() })
  .parse(workerData);

const stopping = new AbortController();
parentPort?.on("message", () => stopping.abort());

let workerId: string | null = null;
while (!stopping.signal.aborted) {
  const client = await connect();
  try {
    workerId = await holdLock(client, workerId);
    await beatUntilStopped(client, workerId);
    await client.query("delete from watersmeet.worker where id = $1", [workerId]);
  } catch (error) {
    tell({ kind: "broken", message: String(error) });
  } finally {
    await client.end().catch(() => {});
  }
}
tell({ kind: "stopped" });
parentPort?.close();

function tell(message: Record<string, unknown>): void {
  parentPort?.postMessage(message, []);
}

async function connect(): Promise<pg.Client> {
  for (let delayMs = 20; ; delayMs = Math.min(1000, delayMs * 2)) {
    const client = new pg.Client({ ...settings, connectionTimeoutMillis: 3000, query_timeout: 3000 });
    client.on("error", () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (stopping.signal.aborted) return client;
      tell({ kind: "broken", message: String(error) });
      await sleep(delayMs);
    }
  }
}

/** The lock comes before the row, so that no reaper ever sees a row of a living worker with a free lock. */
async function holdLock(client: pg.Client, known: string | null): Promise<string> {
  if (known !== null && (await isStillKnown(client, known))) return known;
  if (known !== null) tell({ kind: "fenced", workerId: known });
  const { rows } = await client.query<{ id: string }>(
    "select nextval(pg_get_serial_sequence('watersmeet.worker', 'id')) as id",
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new Error("the sequence of workers gave no number");
  await lock(client, id);
  await client.query(
    "insert into watersmeet.worker (id, host, pid, slots) overriding system value values ($1, $2, $3, $4)",
    [id, host, pid, slots],
  );
  tell({ kind: "registered", workerId: id });
  return id;
}

async function isStillKnown(client: pg.Client, id: string): Promise<boolean> {
  await lock(client, id);
  const { rowCount } = await client.query("update watersmeet.worker set beat_at = now() where id = $1", [id]);
  return rowCount === 1;
}

async function lock(client: pg.Client, id: string): Promise<void> {
  await client.query("select pg_advisory_lock($1, $2)", [livenessLockClass, Number(id) % 2 ** 31]);
}

async function beatUntilStopped(client: pg.Client, id: string): Promise<void> {
  while (!stopping.signal.aborted) {
    const { rowCount } = await client.query("update watersmeet.worker set beat_at = now() where id = $1", [id]);
    if (rowCount !== 1) throw new Error(`worker ${id} was declared dead`);
    tell({ kind: "beat" });
    await sleep(beatEveryMs);
  }
}
