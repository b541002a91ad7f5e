import type { Commit, CommitRequest } from "../store.ts";
import type { CallResult } from "./apply-commits.ts";
import { splitIntoRounds } from "./decide-commits.ts";

/** How a queue gets its work done. */
export interface Publisher {
  /** One transaction for several calls that do not touch each other. Rejects when the transaction as a whole failed. */
  publish(calls: readonly (readonly CommitRequest[])[]): Promise<readonly CallResult[]>;
}

interface WaitingCall {
  readonly requests: readonly CommitRequest[];
  readonly settle: PromiseWithResolvers<readonly Commit[]>;
}

/** Requests in one transaction at most: the calls that come while one runs go together into the next. */
const maxGroupedRequests = 2000;

/**
 * One publisher at a time. Calls that arrive while a transaction runs wait, and go together into the next one: the disk is flushed once for all of them.
 * A call keeps its own outcome: when a transaction of several fails, each is tried by itself.
 */
export class PublishQueue {
  readonly #publisher: Publisher;
  #waiting: WaitingCall[] = [];
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
    // Let calls of the same tick join the first transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.exclusive(async () => {
        const group = this.#takeGroup();
        await this.#publishGroup(group);
      });
    }
    this.#isRunning = false;
  }

  /** A call with several rounds goes alone; others join while they touch different heads and commits. */
  #takeGroup(): readonly WaitingCall[] {
    const group: WaitingCall[] = [];
    const rest: WaitingCall[] = [];
    let requests: CommitRequest[] = [];
    for (const call of this.#waiting) {
      const together = [...requests, ...call.requests];
      const fits =
        rest.length === 0 &&
        (group.length === 0 || (together.length <= maxGroupedRequests && splitIntoRounds(together).length === 1));
      if (!fits) {
        rest.push(call);
        continue;
      }
      group.push(call);
      requests = together;
    }
    this.#waiting = rest;
    return group;
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
