import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listBreakers, type BreakerRecord } from "../../src/queue/breaker/list-breakers.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { executionOf } from "../worker/test-plans.ts";
import { listStepRows, submit, waitForEnd, waitUntil } from "../worker/test-runs.ts";

// Four workers for both tests: starting them is most of the work.
let ledger: TestLedger;
let source: Source;
let workers: readonly CallingWorker[];
const processes: ChildProcess[] = [];

beforeAll(async () => {
  ledger = await createTestLedger();
  source = new Source();
  await source.start();
  workers = await Promise.all([1, 2, 3, 4].map(() => spawnWorker(source.address)));
});
afterAll(async () => {
  for (const child of processes.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await source.stop();
  await ledger[Symbol.asyncDispose]();
});

/** A source over HTTP that can go away and come back at the same address. */
class Source {
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
}

interface CallingWorker {
  /** When it called, by the clock that all here share. */
  readonly calls: number[];
  readonly id: string;
  /** Gives it another source. */
  moveTo(address: string): Promise<void>;
}

async function spawnWorker(address: string): Promise<CallingWorker> {
  const main = fileURLToPath(new URL("calling-worker-main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, ledger.url, address], { stdio: ["pipe", "pipe", "inherit"] });
  processes.push(child);
  const calls: number[] = [];
  const ready = Promise.withResolvers<string>();
  const moved = Promise.withResolvers<void>();
  child.once("exit", () => ready.reject(new Error("the worker ended")));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [word, value = ""] = line.split(" ");
    if (word === "ready") ready.resolve(value);
    else if (word === "moved") moved.resolve();
    else calls.push(Number(value));
  });
  return {
    id: await ready.promise,
    calls,
    async moveTo(next) {
      child.stdin.write(`${next}\n`);
      await moved.promise;
    },
  };
}

interface BreakerEvent {
  readonly kind: string;
  readonly atMs: number;
  readonly worker: string | null;
}

async function listBreakerEvents(resource: string): Promise<readonly BreakerEvent[]> {
  const { rows } = await sql<BreakerEvent>`
    select kind, extract(epoch from at)::float8 * 1000 as "atMs", body->>'worker' as worker from watersmeet.event
    where kind like 'breaker:%' and body->>'resource' = ${resource} order by sequence`.execute(ledger.db);
  return rows;
}

async function getBreaker(resource: string): Promise<BreakerRecord> {
  const found = (await listBreakers(ledger.db)).find((each) => each.resource === resource);
  if (found === undefined) throw new Error(`no breaker ${resource}`);
  return found;
}

async function sumFailures(id: Parameters<typeof listStepRows>[1]): Promise<number> {
  return (await listStepRows(ledger.db, id)).reduce((sum, row) => sum + row.failures, 0);
}

test("four worker processes leave a source alone that went away, lose nothing by it, and go on when it is back", async () => {
  const sketches = [{ key: "customers", partitions: 300, resource: "api" }];
  const id = await submit(ledger.db, sketches, { executionOf: executionOf(sketches, 4) });
  await waitUntil(() => source.served > 60);
  await source.stop();
  await waitUntil(async () => (await getBreaker("api")).phase !== "closed");
  const failuresWhenOpen = await sumFailures(id);
  await waitUntil(async () => (await getBreaker("api")).failedProbes >= 3);
  expect((await getBreaker("api")).waiting).toBeGreaterThan(0);
  expect(await sumFailures(id)).toBe(failuresWhenOpen);
  const backAtMs = Date.now();
  const { failedProbes } = await getBreaker("api");
  await source.start();
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");

  const events = await listBreakerEvents("api");
  const kinds = events.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "breaker:opened")).toHaveLength(1);
  expect(kinds.filter((kind) => kind === "breaker:closed")).toHaveLength(1);
  expect(kinds.at(-1)).toBe("breaker:closed");
  const openedAtMs = events.find(({ kind }) => kind === "breaker:opened")?.atMs ?? 0;
  const calls = workers.flatMap((worker) => worker.calls);
  const whileOpen = calls.filter((atMs) => atMs > openedAtMs && atMs < backAtMs).length;
  // Workers × 5, and the probes that failed. Source: operations.md, section 6.
  expect(whileOpen).toBeLessThanOrEqual(4 * 5 + failedProbes + 1);
  // Nothing was lost after the opening, and little before.
  expect(await sumFailures(id)).toBe(failuresWhenOpen);
  expect(failuresWhenOpen).toBeLessThan(4 * 5);
});

test("one worker whose connections fail is set apart, and opens the breaker for nobody else", async () => {
  const gone = new Source();
  await gone.start();
  await gone.stop();
  const [bad, ...others] = workers;
  if (bad === undefined) throw new Error("no worker");
  await bad.moveTo(gone.address);
  const [servedBefore, callsBefore] = [source.served, bad.calls.length];
  const sketches = [{ key: "feed", partitions: 300, resource: "feed" }];
  const id = await submit(ledger.db, sketches, { executionOf: executionOf(sketches, 10) });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const events = await listBreakerEvents("feed");
  expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["breaker:workerSetApart"]));
  expect(new Set(events.map(({ worker }) => worker))).toEqual(new Set([bad.id]));
  // Five in a row, and those that were under way; then a few after every span for which it stays away.
  expect(bad.calls.length - callsBefore).toBeLessThan(8 * (events.length + 1));
  expect(source.served - servedBefore).toBe(300);
  expect(others.every((worker) => worker.calls.length > 0)).toBe(true);
});
