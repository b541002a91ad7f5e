import { setTimeout as delay } from "node:timers/promises";
import type { Commit, Store } from "../stores/store.ts";
import type { ClaimedStep } from "./step.ts";

export interface AskedStep {
  readonly step: ClaimedStep;
  readonly store: Store;
  readonly commitId: string;
}

/** A store that takes longer to answer must not hold up the steps of others. */
const maxWaitMs = 100;

/**
 * Commits that an earlier attempt of the same work may have made. Steps that were claimed together are looked up together, before the first of them begins:
 * one question to the store, where each would wait for an answer of its own. What is committed after that is found by the commit itself, which is then a replay.
 */
export class EarlierCommits {
  readonly #asked = new WeakMap<ClaimedStep, Promise<ReadonlyMap<string, Commit>>>();

  /** Ends when the answers are there, or it is time to begin without them. Never rejects: who needs an answer that did not come looks again. */
  async ask(steps: readonly AskedStep[]): Promise<void> {
    const answers: Promise<unknown>[] = [];
    const lookedUp = steps.filter(({ step, commitId }) => step.head?.commitId !== commitId);
    for (const [store, group] of Map.groupBy(lookedUp, (asked) => asked.store)) {
      const found = lookUp(store, group);
      answers.push(found);
      for (const { step } of group) this.#asked.set(step, found);
    }
    if (answers.length > 0)
      await Promise.race([Promise.allSettled(answers), delay(maxWaitMs, undefined, { ref: false })]);
  }

  async find({ step, store, commitId }: AskedStep): Promise<Commit | undefined> {
    const asked = await this.#asked.get(step)?.catch(() => undefined);
    this.#asked.delete(step);
    if (asked !== undefined) return asked.get(commitId);
    const [found] = await store.findCommits([commitId]);
    return found;
  }
}

async function lookUp(store: Store, steps: readonly AskedStep[]): Promise<ReadonlyMap<string, Commit>> {
  const commits = await store.findCommits(steps.map(({ commitId }) => commitId));
  return new Map(commits.map((commit) => [commit.commitId, commit]));
}
