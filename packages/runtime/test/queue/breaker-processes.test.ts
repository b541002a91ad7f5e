import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listBreakers } from "../../src/queue/breaker/list-breakers.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { executionOf } from "../worker/test-plans.ts";
import { countStates, listStepRows, submit, waitForEnd, waitUntil } from "../worker/test-runs.ts";

let ledger: TestLedger;
const processes: ChildProcess[] = [];
beforeEach(async () => {
  ledger = await createTestLedger();
});
afterEach(async () => {
  for (const child of processes.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await ledger[Symbol.asyncDispose]();
});

/** A source over HTTP that can go away and come back at the same address. */
class Source implements AsyncDisposable {
  #server: Server | null = null;
  #port = 0;
  served = 0;

  async start(): Promise<void> {
    const server = createServer((_, response) => {
      this.served += 1;
      setTimeout(() => response.end("rows"), 10);
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    this.#port = port;
    this.#server = server;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface CallingWorker {
  readonly calls: number[];
  readonly id: string;
}

async function spawnWorker(source: string): Promise<CallingWorker> {
  const main = fileURLToPath(new URL("calling-worker-main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, ledger.url, source], { stdio: ["ignore", "pipe", "inherit"] });
  processes.push(child);
  const calls: number[] = [];
  const ready = Promise.withResolvers<string>();
  child.once("exit", () => ready.reject(new Error("the worker ended")));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [word, value = ""] = line.split(" ");
      if (word === "ready") ready.resolve(value);
      else calls.push(Number(value));
    });
  }
  return { id: await ready.promise, calls };
}

async function listBreakerEvents(): Promise<readonly { readonly kind: string; readonly atMs: number }[]> {
  const { rows } = await sql<{ kind: string; atMs: number }>`
    select kind, extract(epoch from at)::float8 * 1000 as "atMs" from watersmeet.event where kind like 'breaker:%' order by sequence`.execute(
    ledger.db,
  );
  return rows;
}

async function sumFailures(id: Parameters<typeof listStepRows>[1]): Promise<number> {
  return (await listStepRows(ledger.db, id)).reduce((sum, row) => sum + row.failures, 0);
}

test("four worker processes leave a source alone that went away, lose nothing by it, and go on when it is back", async () => {
  await using source = new Source();
  await source.start();
  const workers = await Promise.all([1, 2, 3, 4].map(() => spawnWorker(source.address)));
  const sketches = [{ key: "feed", partitions: 400, resource: "api" }];
  const id = await submit(ledger.db, sketches, { executionOf: executionOf(sketches, 4) });
  await waitUntil(() => source.served > 60);
  await source.stop();
  await waitUntil(async () => (await listBreakers(ledger.db))[0]?.phase !== "closed");
  // Those that were under way when it opened have ended.
  await sleep(300);
  const failuresWhenOpen = await sumFailures(id);
  await sleep(3_500);
  const [breaker] = await listBreakers(ledger.db);
  expect(breaker).toMatchObject({ resource: "api", waiting: expect.any(Number), failedProbes: expect.any(Number) });
  expect(breaker?.failedProbes).toBeGreaterThanOrEqual(2);
  expect(await sumFailures(id)).toBe(failuresWhenOpen);
  const backAtMs = Date.now();
  await source.start();
  expect(await waitForEnd(ledger.db, id, 40_000)).toBe("succeeded");

  const events = await listBreakerEvents();
  expect(events.filter(({ kind }) => kind === "breaker:opened")).toHaveLength(1);
  expect(events.filter(({ kind }) => kind === "breaker:closed")).toHaveLength(1);
  expect(events.at(-1)?.kind).toBe("breaker:closed");
  const openedAtMs = events[0]?.atMs ?? 0;
  const calls = workers.flatMap((worker) => worker.calls);
  const whileOpen = calls.filter((atMs) => atMs > openedAtMs && atMs < backAtMs).length;
  // Workers × 5 and the probes that failed. Source: operations.md, section 6.
  expect(whileOpen).toBeLessThanOrEqual(4 * 5 + (breaker?.failedProbes ?? 0));
  // Whatever was under way at the opening, no step came near its end.
  expect(await sumFailures(id)).toBe(failuresWhenOpen);
  expect(failuresWhenOpen).toBeLessThan(4 * 5);
});

test("one worker whose connections fail is set apart, and opens the breaker for nobody else", async () => {
  await using source = new Source();
  await source.start();
  await using gone = new Source();
  await gone.start();
  await gone.stop();
  const bad = await spawnWorker(gone.address);
  await Promise.all([1, 2, 3].map(() => spawnWorker(source.address)));
  const sketches = [{ key: "feed", partitions: 300, resource: "api" }];
  const id = await submit(ledger.db, sketches, { executionOf: executionOf(sketches, 10) });
  expect(await waitForEnd(ledger.db, id, 40_000)).toBe("succeeded");
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 300 });
  const events = await listBreakerEvents();
  expect(events.filter(({ kind }) => kind !== "breaker:workerSetApart")).toEqual([]);
  const { rows } = await sql<{ worker: string }>`
    select distinct body->>'worker' as worker from watersmeet.event where kind = 'breaker:workerSetApart'`.execute(
    ledger.db,
  );
  expect(rows).toEqual([{ worker: bad.id }]);
  // Five in a row, and those that were under way; then once in every span for which it stays away.
  expect(bad.calls.length).toBeLessThan(40);
  expect(source.served).toBe(300);
});
