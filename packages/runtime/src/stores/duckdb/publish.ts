import { WatersmeetError, isWatersmeetError } from "@watersmeet/core/errors";
import type { PartitionKey } from "@watersmeet/core/values";
import { findCommitRows, renderInstant } from "../catalog/read-catalog.ts";
import { applyCommits, applyRevert, type CallResult } from "../commit/apply-commits.ts";
import type { CommitContext, CommitPhase, StoreFacts } from "../commit/commit-context.ts";
import { splitIntoRounds } from "../commit/decide-commits.ts";
import { joinRounds, unknownCommit } from "../commit/publish-outcome.ts";
import type { Publisher } from "../commit/publish-queue.ts";
import type { MergeEngine } from "../merge-seam.ts";
import type { StoredAsset } from "../port/staging.ts";
import type { SqlSession } from "../sql-session.ts";
import type { Commit, CommitRequest } from "../store.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { isFatal } from "./duckdb-error.ts";
import { createDuckdbSession, joinDuckdbTransaction } from "./duckdb-session.ts";
import { dropStaging, runAll } from "./stage-rows.ts";
import type { StagingArea } from "./staging-area.ts";

/** A checkpoint is due when the write-ahead log is larger than this between two transactions. */
const checkpointBytes = 64 * 1024 * 1024;

export interface PublisherOptions {
  readonly database: DuckdbDatabase;
  readonly area: StagingArea;
  readonly merge: MergeEngine;
  readonly now: () => number;
  readonly onPhase: (phase: CommitPhase) => void | Promise<void>;
  /** @throws {STORE_GONE} when the path leads to another file than the one that is open */
  readonly requireSameFile: () => void;
  /** Called after the database was opened anew: what was known of it may be wrong. */
  readonly onReopen: () => void;
}

/** The one writer of a file's versions and heads. Its callers see to it that nothing of it runs at the same time. */
export class DuckdbPublisher implements Publisher {
  readonly area: StagingArea;
  readonly #options: PublisherOptions;
  #facts: StoreFacts = { liveEnvironment: null };

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.area = options.area;
  }

  async publish(calls: readonly (readonly CommitRequest[])[]): Promise<readonly CallResult[]> {
    const facts = { ...this.#facts };
    const context = this.#context(facts);
    // Only a call by itself has several rounds, each decided on what the one before has made.
    const rounds = calls.length === 1 ? splitIntoRounds(calls.flat()).map((round) => [round]) : [calls];
    const results = await this.#transact(
      async (session) => {
        const answers: CallResult[][] = [];
        for (const round of rounds) answers.push([...(await applyCommits(session, context, round))]);
        const joined = calls.length === 1 ? [joinRounds(answers.flat())] : answers.flat();
        return joined;
      },
      (answers) =>
        answers.flatMap((answer) => ("commits" in answer ? answer.commits.map((commit) => commit.commitId) : [])),
      (answers) =>
        answers.every((answer) => "error" in answer) ||
        (calls.length === 1 && answers.some((answer) => "error" in answer)),
    );
    if (results.some(isDone)) this.#facts = facts;
    await this.#cleanUp(calls.filter((_, index) => isDone(results[index])).flat());
    return results;
  }

  async revert(options: {
    readonly environment: string;
    readonly asset: StoredAsset;
    readonly partition: PartitionKey;
    readonly version: number;
    readonly moveId: string;
    readonly expected?: number | null;
  }): Promise<Commit> {
    const { asset, ...rest } = options;
    const commit = await this.#transact(
      (session) => applyRevert(session, this.#context({ ...this.#facts }), { ...rest, asset: asset.key }),
      () => [],
      () => false,
    );
    await this.#checkpointWhenDue();
    return commit;
  }

  async discard(attempt: string): Promise<boolean> {
    const { database, merge } = this.#options;
    const isMerge = this.area.find(attempt)?.isMerge === true;
    const isDropped = await dropStaging({ area: this.area, database }, attempt);
    if (isMerge)
      await database.pool.use((connection) => merge.discard(createDuckdbSession(connection), { attempts: [attempt] }));
    return isDropped;
  }

  listStaged(): readonly string[] {
    return this.area.list().map((staging) => staging.target.attempt);
  }

  async discardAttempts(attempts: readonly string[]): Promise<number> {
    let count = 0;
    for (const attempt of attempts) if (await this.discard(attempt)) count += 1;
    return count;
  }

  async discardAbandoned(live: ReadonlySet<string>): Promise<number> {
    const { database, merge } = this.#options;
    const abandoned = this.area.list().filter((staging) => !live.has(staging.target.attempt));
    for (const staging of abandoned) await this.discard(staging.target.attempt);
    await database.pool.use((connection) => merge.discard(createDuckdbSession(connection), { except: [...live] }));
    return abandoned.length;
  }

  #context(facts: StoreFacts): CommitContext {
    const { area, merge, now, onPhase } = this.#options;
    return {
      dialect: duckdbDialect,
      merge,
      committedAt: renderInstant(BigInt(now()) * 1000n),
      facts,
      onPhase,
      findStagings: async (targets) =>
        new Map(
          targets.flatMap(({ attempt }) => {
            const staging = area.find(attempt);
            return staging === undefined ? [] : [[attempt, staging] as const];
          }),
        ),
    };
  }

  /**
   * One transaction whose outcome is known at the end: DuckDB's COMMIT may throw although the rows are durable, and succeed although a statement before it failed.
   * In both cases the ledger tells. @throws {STORE_COMMIT_UNKNOWN} when it cannot be asked @throws {STORE_GONE}
   */
  async #transact<T>(
    work: (session: SqlSession) => Promise<T>,
    commitIdsOf: (result: T) => readonly string[],
    isRefused: (result: T) => boolean,
  ): Promise<T> {
    const { database, onPhase } = this.#options;
    const pool = database.pool;
    const connection = await pool.acquire();
    let isBroken = true;
    try {
      await connection.run("begin transaction");
      const session = joinDuckdbTransaction(connection);
      await onPhase("begun");
      const result = await work(session);
      if (isRefused(result)) {
        await session.run("rollback");
        isBroken = false;
        return result;
      }
      const commitIds = commitIdsOf(result);
      this.#options.requireSameFile();
      try {
        await session.run("commit");
        isBroken = false;
      } catch (error) {
        await this.#resolveCommit(commitIds, error);
        return result;
      }
      await onPhase("committed");
      await this.#verify(commitIds);
      await onPhase("verified");
      return result;
    } catch (error) {
      if (isFatal(error)) await this.#reopen();
      throw error;
    } finally {
      pool.release(connection, isBroken);
    }
  }

  /** After a COMMIT that threw: returns when the ledger has the commits, throws the error when it has not. */
  async #resolveCommit(commitIds: readonly string[], error: unknown): Promise<void> {
    try {
      if (isFatal(error)) await this.#reopen();
      if (await this.#hasCommits(commitIds)) return;
    } catch (cause) {
      throw unknownCommit(commitIds, new AggregateError([error, cause]));
    }
    throw error;
  }

  async #verify(commitIds: readonly string[]): Promise<void> {
    let isThere: boolean;
    try {
      isThere = await this.#hasCommits(commitIds);
    } catch (error) {
      throw unknownCommit(commitIds, error);
    }
    if (isThere) return;
    throw new WatersmeetError(
      "STORE_UNREACHABLE",
      "DuckDB reported a commit that it has not made: a statement before it failed unnoticed",
      {
        hint: "Nothing was published. The worker tries again.",
        details: { commitIds },
      },
    );
  }

  async #hasCommits(commitIds: readonly string[]): Promise<boolean> {
    const distinct = [...new Set(commitIds)];
    if (distinct.length === 0) return true;
    const found = await this.#options.database.pool.use((connection) =>
      findCommitRows(createDuckdbSession(connection), duckdbDialect, distinct),
    );
    return found.length === distinct.length;
  }

  async #reopen(): Promise<void> {
    await this.#options.database.reopen();
    this.area.clear();
    this.#options.onReopen();
  }

  /** The commit stands; what is left of its stagings goes. A failure here costs memory until the store is closed, and nothing else. */
  async #cleanUp(requests: readonly CommitRequest[]): Promise<void> {
    const { database, onPhase } = this.#options;
    const stagings = requests.flatMap((request) => this.area.find(request.staged.target.attempt) ?? []);
    const statements = this.area.forget(stagings);
    try {
      await runAll(database, statements);
      await this.#checkpointWhenDue();
    } catch (error) {
      if (!isWatersmeetError(error)) throw error;
    }
    await onPhase("cleaned");
  }

  async #checkpointWhenDue(): Promise<void> {
    const { database } = this.#options;
    if ((await database.walSizeBytes()) > checkpointBytes) await database.checkpoint();
  }
}

function isDone(result: CallResult | undefined): boolean {
  return result !== undefined && "commits" in result;
}
