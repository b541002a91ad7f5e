import { setTimeout as delay } from "node:timers/promises";
import { WatersmeetError } from "@watersmeet/core/errors";
import type pg from "pg";
import { findCommitRows, renderInstant } from "../catalog/read-catalog.ts";
import { applyCommits, applyRevert, type CallResult, type RevertOptions } from "../commit/apply-commits.ts";
import type { CommitContext, CommitPhase, StoreFacts, Staging } from "../commit/commit-context.ts";
import { splitIntoRounds } from "../commit/decide-commits.ts";
import { joinRounds, unknownCommit } from "../commit/publish-outcome.ts";
import type { Publisher } from "../commit/publish-queue.ts";
import type { Dialect } from "../dialect.ts";
import type { MergeEngine } from "../merge-seam.ts";
import type { SqlSession } from "../sql-session.ts";
import type { Commit, CommitRequest } from "../store.ts";
import { createPgSession, type PgDatabase } from "./pg-database.ts";
import { sqlStateOf, toStoreError } from "./pg-error.ts";
import { dropStagings, findStagingRows, type RegisteredStaging } from "./pg-staging.ts";

/** Held by whoever commits, to the end of the transaction: sequences follow the order of commits, and who waits for it knows that a lost transaction has ended. */
export const commitLock = "select pg_advisory_xact_lock(hashtext('watersmeet'), hashtext('commit'))";

/** How long the outcome of a commit whose reply was lost is asked for. */
const resolveMs = 15_000;

export interface PgPublisherOptions {
  readonly database: PgDatabase;
  readonly dialect: Dialect;
  readonly merge: MergeEngine;
  readonly now: () => number;
  readonly onPhase: (phase: CommitPhase) => void | Promise<void>;
}

export class PgPublisher implements Publisher {
  readonly #options: PgPublisherOptions;
  #facts: StoreFacts = { liveEnvironment: null };

  constructor(options: PgPublisherOptions) {
    this.#options = options;
  }

  async publish(calls: readonly (readonly CommitRequest[])[]): Promise<readonly CallResult[]> {
    // Only a call by itself has several rounds, each decided on what the one before has made.
    const rounds = calls.length === 1 ? splitIntoRounds(calls.flat()).map((round) => [round]) : [calls];
    const facts = { ...this.#facts };
    const transaction: Transaction<readonly CallResult[]> = {
      work: async (session) => {
        const stagings = new Map<string, RegisteredStaging>();
        const answers: CallResult[][] = [];
        for (const round of rounds)
          answers.push([...(await applyCommits(session, this.#context(session, stagings, facts), round))]);
        const results = calls.length === 1 ? [joinRounds(answers.flat())] : answers.flat();
        const done = calls.filter((_, index) => "commits" in (results[index] ?? {})).flat();
        await this.#dropStaged(session, { done, results, stagings });
        return results;
      },
      listCommitIds: (results) =>
        results.flatMap((result) => ("commits" in result ? result.commits.map((commit) => commit.commitId) : [])),
      isRefused: (results) => results.every((result) => "error" in result),
    };
    const results = await this.#transact(transaction);
    if (!transaction.isRefused(results)) this.#facts = facts;
    return results;
  }

  async revert(options: RevertOptions): Promise<Commit> {
    return await this.#transact({
      work: (session) => applyRevert(session, this.#context(session, new Map(), { ...this.#facts }), options),
      listCommitIds: () => [],
      isRefused: () => false,
    });
  }

  /** What was published is a version's by now. A merge that was staged for a commit that had taken effect before has sealed its batches for nothing. */
  async #dropStaged(
    session: SqlSession,
    {
      done,
      results,
      stagings,
    }: {
      readonly done: readonly CommitRequest[];
      readonly results: readonly CallResult[];
      readonly stagings: ReadonlyMap<string, RegisteredStaging>;
    },
  ): Promise<void> {
    const staged = done.flatMap((request) => stagings.get(request.staged.target.attempt) ?? []);
    await dropStagings(session, staged);
    const commits = results.flatMap((result) => ("commits" in result ? result.commits : []));
    const replayed = new Set(commits.flatMap(({ commitId, isReplay }) => (isReplay ? [commitId] : [])));
    const idle = done
      .filter((request) => replayed.has(request.commitId))
      .map((request) => request.staged.target.attempt);
    const attempts = staged.flatMap(({ attempt, isMerge }) => (isMerge && idle.includes(attempt) ? [attempt] : []));
    if (attempts.length > 0) await this.#options.merge.discard(session, { attempts });
  }

  #context(session: SqlSession, found: Map<string, RegisteredStaging>, facts: StoreFacts): CommitContext {
    const { dialect, merge, now, onPhase } = this.#options;
    return {
      dialect,
      merge,
      committedAt: renderInstant(BigInt(now()) * 1000n),
      facts,
      onPhase,
      async findStagings(targets): Promise<ReadonlyMap<string, Staging>> {
        for (const staging of await findStagingRows(session, targets)) found.set(staging.attempt, staging);
        return found;
      },
    };
  }

  /** One transaction whose outcome is known at the end. @throws {STORE_COMMIT_UNKNOWN} when it cannot be asked */
  async #transact<T>(transaction: Transaction<T>): Promise<T> {
    const { database, onPhase } = this.#options;
    return await database.use(async (client) => {
      const session = createPgSession(client);
      await session.run("begin");
      await session.run(commitLock);
      await onPhase("begun");
      const result = await transaction.work(session);
      if (transaction.isRefused(result)) {
        await session.run("rollback");
        return result;
      }
      await this.#commit(client, transaction.listCommitIds(result));
      await onPhase("committed");
      return result;
    });
  }

  async #commit(client: pg.ClientBase, commitIds: readonly string[]): Promise<void> {
    let command: string;
    try {
      ({ command } = await client.query("commit"));
    } catch (error) {
      if (isDecided(error)) throw toStoreError(error);
      await this.#resolve(commitIds, error);
      return;
    }
    // The server answers so when a statement of the transaction had failed.
    if (command !== "COMMIT")
      throw new WatersmeetError("STORE_CONFLICT", "Postgres rolled a commit back", { hint: "Try again." });
  }

  /** The reply to COMMIT was lost: returns when the ledger has the commits, throws when it has not. */
  async #resolve(commitIds: readonly string[], error: unknown): Promise<void> {
    const { database, dialect, now } = this.#options;
    if (commitIds.length === 0) throw unknownCommit(commitIds, error);
    const distinct = [...new Set(commitIds)];
    const until = now() + resolveMs;
    for (;;) {
      try {
        const found = await database.transact(async (session) => {
          // Waits until the server has ended the transaction whose reply was lost.
          await session.run(commitLock);
          return await findCommitRows(session, dialect, distinct);
        });
        if (found.length === distinct.length) return;
        throw toStoreError(error);
      } catch (cause) {
        if (cause === error || sqlStateOf(cause) !== undefined || isSame(cause, error)) throw cause;
        if (now() > until) throw unknownCommit(commitIds, new AggregateError([error, cause]));
        await delay(250);
      }
    }
  }
}

interface Transaction<T> {
  work(session: SqlSession): Promise<T>;
  listCommitIds(result: T): readonly string[];
  isRefused(result: T): boolean;
}

/** The server said itself that it has not committed; a session that it ends (57P01 …) may have committed before. */
function isDecided(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && !state.startsWith("57P") && !state.startsWith("08");
}

function isSame(cause: unknown, error: unknown): boolean {
  return cause instanceof WatersmeetError && cause.cause === error;
}
