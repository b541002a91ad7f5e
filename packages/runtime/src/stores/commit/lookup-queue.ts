import { setImmediate as endOfTurn } from "node:timers/promises";
import type { Commit } from "../store.ts";

interface WaitingLookup {
  readonly commitIds: readonly string[];
  readonly settle: PromiseWithResolvers<readonly Commit[]>;
}

/**
 * Looks commits up, one query at a time: what is asked for while one runs is asked for together in the next. Every attempt asks for its commit before it begins;
 * by itself, each would wait for the server once.
 */
export class LookupQueue {
  readonly #look: (commitIds: readonly string[]) => Promise<readonly Commit[]>;
  #waiting: WaitingLookup[] = [];
  #isRunning = false;

  /** `look` answers those that are there, oldest first. */
  constructor(look: (commitIds: readonly string[]) => Promise<readonly Commit[]>) {
    this.#look = look;
  }

  find(commitIds: readonly string[]): Promise<readonly Commit[]> {
    const settle = Promise.withResolvers<readonly Commit[]>();
    this.#waiting.push({ commitIds, settle });
    if (!this.#isRunning) void this.#drain();
    return settle.promise;
  }

  async #drain(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      await endOfTurn();
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const found = await this.#look([...new Set(group.flatMap(({ commitIds }) => commitIds))]);
        const byId = new Map(found.map((commit) => [commit.commitId, commit]));
        for (const { commitIds, settle } of group) settle.resolve(pick(byId, commitIds, found));
      } catch (error) {
        for (const { settle } of group) settle.reject(error);
      }
    }
    this.#isRunning = false;
  }
}

/** Of one caller, oldest first like all. */
function pick(
  byId: ReadonlyMap<string, Commit>,
  commitIds: readonly string[],
  found: readonly Commit[],
): readonly Commit[] {
  const [only] = commitIds;
  if (only !== undefined && commitIds.length === 1) {
    const commit = byId.get(only);
    return commit === undefined ? [] : [commit];
  }
  const wanted = new Set(commitIds);
  return found.filter((commit) => wanted.has(commit.commitId));
}
