import type { Check } from "@watersmeet/core/gate";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { findCommitRows, listCommitRows, listHeadRows, listVersionRows } from "../catalog/read-catalog.ts";
import { collect } from "../collect/collect.ts";
import type { PublishQueue } from "../commit/publish-queue.ts";
import type { MergeEngine } from "../merge-seam.ts";
import type { Collected, CollectOptions, MergeArchive } from "../port/merge-records.ts";
import type { StagedMerge } from "../port/staged-merge.ts";
import type { ExchangeFile, InputVersions, StagedQuery, StageTarget, StoredAsset } from "../port/staging.ts";
import { readVersions } from "../read-versions.ts";
import { stageSmall } from "../small/stage-small.ts";
import type { SqlRow, SqlValue } from "../sql-session.ts";
import type { Commit, CommitRequest, Measurement, Staged, Store, StoreHead } from "../store.ts";
import type { DuckdbAssets } from "./duckdb-assets.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { exportVersions, streamVersions } from "./duckdb-reading.ts";
import { createDuckdbSession, joinDuckdbTransaction } from "./duckdb-session.ts";
import { exportStagedRows, measureStaged } from "./measure-staged.ts";
import type { DuckdbPublisher } from "./publish.ts";
import { stageFileRows, stageMergeRows, stageQueryRows, type StagingContext } from "./stage-rows.ts";
import type { Upkeep } from "./upkeep/upkeep.ts";

/** What all handles of one file in this process share. */
export interface DuckdbShared {
  readonly database: DuckdbDatabase;
  readonly assets: DuckdbAssets;
  readonly publisher: DuckdbPublisher;
  readonly queue: PublishQueue;
  readonly merge: MergeEngine;
  readonly upkeep: Upkeep;
}

/** The DuckDB adapter: one file, one owner. Readers find views named after the assets; everything else is in the schema `_watersmeet`. */
export class DuckdbStore implements Store {
  readonly name: string;
  readonly kind = "duckdb";
  readonly exchangeFormat = "parquet";
  readonly merges: MergeArchive;
  readonly #shared: DuckdbShared;
  readonly #staging: StagingContext;
  readonly #release: () => Promise<void>;
  #isClosed = false;

  constructor(name: string, shared: DuckdbShared, release: () => Promise<void>) {
    this.name = name;
    this.#shared = shared;
    this.#staging = {
      database: shared.database,
      assets: shared.assets,
      area: shared.publisher.area,
      merge: shared.merge,
    };
    this.#release = release;
    const { database, merge } = shared;
    const archive = merge.openArchive({
      use: (work) => database.pool.use((connection) => work(createDuckdbSession(connection))),
      renderVersions: async (session, input) => (await readVersions(session, duckdbDialect, input)).sql,
    });
    this.merges = { ...archive, collect: (of) => this.collect(of) };
  }

  get storeId(): string {
    return this.#shared.database.storeId;
  }

  async ensureAsset(asset: StoredAsset): Promise<void> {
    await this.#shared.assets.ensure(asset);
  }

  async stageFile(target: StageTarget, file: ExchangeFile, signal?: AbortSignal): Promise<Staged> {
    return await stageFileRows(this.#staging, { target, rows: file, signal });
  }

  async stageRows(target: StageTarget, rows: readonly Row[]): Promise<Staged> {
    await this.#shared.assets.ensure(target.asset);
    return stageSmall(target, rows);
  }

  async stageQuery(target: StageTarget, query: StagedQuery, signal?: AbortSignal): Promise<Staged> {
    return await stageQueryRows(this.#staging, { target, rows: query, signal });
  }

  async stageMerge(target: StageTarget, merge: StagedMerge, signal?: AbortSignal): Promise<Staged> {
    return await stageMergeRows(this.#staging, { target, rows: merge, signal });
  }

  async exportStaged(
    staged: Staged,
    directory: string,
    { rows }: { readonly rows: "all" | "opened" } = { rows: "all" },
  ): Promise<ExchangeFile> {
    return await exportStagedRows(this.#staging, { staged, directory, rows });
  }

  async measure(staged: Staged, checks: readonly Check[], signal?: AbortSignal): Promise<Measurement> {
    return await measureStaged(this.#staging, { staged, checks, signal });
  }

  async commit(requests: readonly CommitRequest[]): Promise<readonly Commit[]> {
    const commits = await this.#shared.queue.commit(requests);
    this.#shared.upkeep.note();
    return commits;
  }

  async findCommits(commitIds: readonly string[]): Promise<readonly Commit[]> {
    return await this.#shared.database.pool.use((connection) =>
      findCommitRows(createDuckdbSession(connection), duckdbDialect, commitIds),
    );
  }

  async listCommits(options: {
    readonly after: bigint;
    readonly limit: number;
  }): Promise<readonly (Commit & { readonly sequence: bigint })[]> {
    return await this.#shared.database.pool.use((connection) =>
      listCommitRows(createDuckdbSession(connection), duckdbDialect, options),
    );
  }

  async listHeads(
    environment: string,
    asset: AssetKey,
    partitions?: readonly PartitionKey[],
  ): Promise<readonly StoreHead[]> {
    return await this.#shared.database.pool.use((connection) =>
      listHeadRows(createDuckdbSession(connection), { environment, asset, partitions }),
    );
  }

  readRows(
    input: InputVersions,
    options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): AsyncIterable<readonly Row[]> {
    return streamVersions(this.#shared.database, input, options);
  }

  async exportFile(input: InputVersions, directory: string): Promise<ExchangeFile> {
    return await exportVersions(this.#shared.database, input, directory);
  }

  async revert(options: {
    readonly environment: string;
    readonly asset: StoredAsset;
    readonly partition: PartitionKey;
    readonly version: number;
    readonly moveId: string;
    readonly expected?: number | null;
  }): Promise<Commit> {
    return await this.#shared.queue.exclusive(() => this.#shared.publisher.revert(options));
  }

  async collect(options: CollectOptions): Promise<Collected> {
    const { database, queue } = this.#shared;
    return await queue.exclusive(async () => {
      const collected = await database.pool.transact((connection) =>
        collect(joinDuckdbTransaction(connection), duckdbDialect, options),
      );
      // What was deleted is free for new rows once it is checkpointed.
      if (!options.dryRun) await database.checkpoint("thorough");
      return collected;
    });
  }

  async listVersions(options: Parameters<Store["listVersions"]>[0]): Promise<readonly Commit[]> {
    return await this.#shared.database.pool.use((connection) =>
      listVersionRows(createDuckdbSession(connection), duckdbDialect, options),
    );
  }

  /** Empties the write-ahead log into the file now, and not when it is due. */
  async checkpoint(): Promise<void> {
    await this.#shared.queue.exclusive(() => this.#shared.database.checkpoint());
  }

  /** Sorts rows and joins row groups now, and not some time after a commit. */
  async keepUp(): Promise<void> {
    await this.#shared.upkeep.run();
  }

  /** Rows of a query over what readers see, every value as text: this process owns the file, so that nobody else can ask it. */
  async queryViews(sql: string, parameters: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    return await this.#shared.database.pool.use(async (connection) => {
      await connection.run("begin transaction read only");
      const session = joinDuckdbTransaction(connection);
      const rows = await session.run(sql, parameters);
      await session.run("commit");
      return rows;
    });
  }

  async discard(target: StageTarget): Promise<void> {
    await this.#shared.publisher.discard(target.attempt);
  }

  listStaged(): Promise<readonly string[]> {
    return Promise.resolve(this.#shared.publisher.listStaged());
  }

  async discardAttempts(attempts: readonly string[]): Promise<number> {
    return await this.#shared.publisher.discardAttempts(attempts);
  }

  async discardAbandoned(liveAttempts: readonly string[]): Promise<number> {
    return await this.#shared.publisher.discardAbandoned(new Set(liveAttempts));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#release();
  }
}
