import { setImmediate as endOfTurn } from "node:timers/promises";
import type { Commit, CommitRequest } from "../store.ts";
import type { CallResult } from "./apply-commits.ts";
import { listTouched } from "./decide-commits.ts";

/** How a queue gets its work done. */
export interface Publisher {
  /** One transaction for several calls that do not touch each other. Rejects when the transaction as a whole failed. */
  publish(calls: readonly (readonly CommitRequest[])[]): Promise<readonly CallResult[]>;
}

interface WaitingCall {
  readonly requests: readonly CommitRequest[];
  readonly settle: PromiseWithResolvers<readonly Commit[]>;
}

/** Requests in one transaction at most, and bytes of rows that are in memory: the calls that come while one runs go together into the next. */
const maxGroupedRequests = 2000;
const maxGroupedBytes = 8 * 1024 * 1024;

/** False when one of the names was taken before. */
function take(taken: Set<string>, names: readonly string[]): boolean {
  if (names.some((name) => taken.has(name))) return false;
  for (const name of names) taken.add(name);
  return true;
}

function heldBytes({ staged, measurement }: CommitRequest): number {
  return staged.rows === undefined ? 0 : measurement.sizeBytes;
}

/**
 * One publisher at a time. Calls that arrive while a transaction runs wait, and go together into the next one: the disk is flushed once for all of them.
 * A call keeps its own outcome: when a transaction of several fails, each is tried by itself.
 */
export class PublishQueue {
  readonly #publisher: Publisher;
  readonly #waiting: WaitingCall[] = [];
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  commit(requests: readonly CommitRequest[]): Promise<readonly Commit[]> {
    const settle = Promise.withResolvers<readonly Commit[]>();
    this.#waiting.push({ requests, settle });
    this.#start();
    return settle.promise;
  }

  /** Runs alone, between transactions. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#running;
    const done = Promise.withResolvers<void>();
    this.#running = done.promise;
    await before;
    try {
      return await work();
    } finally {
      done.resolve();
    }
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    // What is ready in the same turn of the event loop joins the first transaction.
    await endOfTurn();
    while (this.#waiting.length > 0) {
      await this.exclusive(async () => {
        const group = this.#takeGroup();
        await this.#publishGroup(group);
      });
    }
    this.#isRunning = false;
  }

  /** A call with several rounds goes alone; others join, in their order, while they touch different heads and commits. */
  #takeGroup(): readonly WaitingCall[] {
    const taken = new Set<string>();
    let [requestCount, sizeBytes, callCount] = [0, 0, 0];
    for (const { requests } of this.#waiting) {
      requestCount += requests.length;
      sizeBytes += requests.reduce((sum, request) => sum + heldBytes(request), 0);
      const isSmall = requestCount <= maxGroupedRequests && sizeBytes <= maxGroupedBytes;
      const fits = isSmall && requests.every((request) => take(taken, listTouched(request)));
      if (fits || callCount === 0) callCount += 1;
      if (!fits) break;
    }
    return this.#waiting.splice(0, callCount);
  }

  async #publishGroup(group: readonly WaitingCall[]): Promise<void> {
    try {
      const results = await this.#publisher.publish(group.map((call) => call.requests));
      group.forEach((call, index) => {
        const result = results[index];
        if (result === undefined) call.settle.reject(new TypeError("A publisher answers every call"));
        else if ("error" in result) call.settle.reject(result.error);
        else call.settle.resolve(result.commits);
      });
    } catch (error) {
      if (group.length === 1) group[0]?.settle.reject(error);
      else for (const call of group) await this.#publishGroup([call]);
    }
  }
}
