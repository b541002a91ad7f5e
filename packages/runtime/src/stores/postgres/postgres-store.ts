import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "@watersmeet/core/gate";
import type { Row } from "@watersmeet/core/schema";
import { stableJson, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { findCommitRows, listCommitRows, listHeadRows, listVersionRows } from "../catalog/read-catalog.ts";
import { collect } from "../collect/collect.ts";
import { LookupQueue } from "../commit/lookup-queue.ts";
import { PublishQueue } from "../commit/publish-queue.ts";
import { ensureAsset } from "../ensure-asset.ts";
import type { Collected, CollectOptions, MergeArchive } from "../port/merge-records.ts";
import type { StagedMerge } from "../port/staged-merge.ts";
import type { ExchangeFile, InputVersions, StagedQuery, StageTarget, StoredAsset } from "../port/staging.ts";
import { nameExport, readVersions } from "../read-versions.ts";
import { stageSmall } from "../small/stage-small.ts";
import type { Commit, CommitRequest, Measurement, Staged, Store, StoreHead } from "../store.ts";
import { copyToCsv } from "./pg-copy.ts";
import { createPgSession } from "./pg-database.ts";
import { toStoreError } from "./pg-error.ts";
import { exportStagedRows, measureStaged } from "./pg-measure-staged.ts";
import { commitLock, PgPublisher, type PgPublisherOptions } from "./pg-publish.ts";
import { streamRows } from "./pg-rows.ts";
import {
  discardAbandoned,
  discardAttempts,
  listStaged,
  discardAttempt,
  stageFileRows,
  stageMergeRows,
  stageQueryRows,
  type PgStagingContext,
} from "./pg-stage-rows.ts";

const readOnly = "isolation level repeatable read read only";

/** The Postgres adapter: many processes and hosts may work with one database. Readers find views named after the assets; everything else is in the schema `_watersmeet`. */
export class PostgresStore implements Store {
  readonly name: string;
  readonly kind = "postgres";
  readonly exchangeFormat = "csv";
  readonly merges: MergeArchive;
  readonly storeId: string;
  readonly #options: PgPublisherOptions;
  readonly #publisher: PgPublisher;
  readonly #queue: PublishQueue;
  readonly #lookups: LookupQueue;
  readonly #staging: PgStagingContext;
  /** Forms of assets that this process has ensured, and their numbers. */
  readonly #ensured = new Map<
    AssetKey,
    { readonly as: StoredAsset; readonly form: string; readonly assetId: number }
  >();
  #isClosed = false;

  constructor(identity: { readonly name: string; readonly storeId: string }, options: PgPublisherOptions) {
    this.name = identity.name;
    this.storeId = identity.storeId;
    this.#options = options;
    this.#publisher = new PgPublisher(options);
    this.#queue = new PublishQueue(this.#publisher);
    this.#lookups = new LookupQueue((commitIds) =>
      options.database.use((client) => findCommitRows(createPgSession(client), options.dialect, commitIds)),
    );
    this.#staging = {
      database: options.database,
      dialect: options.dialect,
      merge: options.merge,
      ensure: (asset) => this.#ensure(asset),
    };
    const { database, dialect, merge } = options;
    const archive = merge.openArchive({
      use: (work) => database.use((client) => work(createPgSession(client))),
      renderVersions: async (session, input) => (await readVersions(session, dialect, input)).sql,
    });
    this.merges = { ...archive, collect: (of) => this.collect(of) };
  }

  async ensureAsset(asset: StoredAsset): Promise<void> {
    await this.#ensure(asset);
  }

  async stageFile(target: StageTarget, file: ExchangeFile, signal?: AbortSignal): Promise<Staged> {
    return await stageFileRows(this.#staging, { target, rows: file, signal });
  }

  async stageRows(target: StageTarget, rows: readonly Row[]): Promise<Staged> {
    await this.#ensure(target.asset);
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
    return await this.#queue.commit(requests);
  }

  async findCommits(commitIds: readonly string[]): Promise<readonly Commit[]> {
    return await this.#lookups.find(commitIds);
  }

  async listCommits(options: {
    readonly after: bigint;
    readonly limit: number;
  }): Promise<readonly (Commit & { readonly sequence: bigint })[]> {
    const { database, dialect } = this.#options;
    return await database.use((client) => listCommitRows(createPgSession(client), dialect, options));
  }

  async listHeads(
    environment: string,
    asset: AssetKey,
    partitions?: readonly PartitionKey[],
  ): Promise<readonly StoreHead[]> {
    return await this.#options.database.use((client) =>
      listHeadRows(createPgSession(client), { environment, asset, partitions }),
    );
  }

  async *readRows(
    input: InputVersions,
    options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly Row[], void, void> {
    const { database, dialect } = this.#options;
    const client = await database.acquire();
    const ignore = () => {};
    client.on("error", ignore);
    let isBroken = true;
    try {
      await client.query(`begin ${readOnly}`);
      // Whoever reads may take a while with each batch, and is in nobody's way but that of a change of the schema.
      await client.query("set local idle_in_transaction_session_timeout = '10min'");
      const { sql } = await readVersions(createPgSession(client), dialect, input);
      const limited = options.limit === undefined ? sql : `${sql} limit ${Math.max(0, Math.floor(options.limit))}`;
      for await (const rows of streamRows(client, limited, input.asset.schema)) {
        options.signal?.throwIfAborted();
        yield rows;
      }
      await client.query("commit");
      isBroken = false;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw toStoreError(error);
    } finally {
      client.off("error", ignore);
      client.release(isBroken);
    }
  }

  async exportFile(input: InputVersions, directory: string): Promise<ExchangeFile> {
    const { database, dialect } = this.#options;
    const { schema } = input.asset;
    const path = join(directory, `${nameExport(this.storeId, input)}.csv`);
    return await database.transact(
      async (session, client) => {
        const { sql, rowCount } = await readVersions(session, dialect, input);
        if (!(await exists(path))) await copyToCsv(client, { select: sql, schema, path });
        return { path, format: "csv", schema, rowCount };
      },
      { mode: readOnly },
    );
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
    return await this.#publisher.revert({ ...rest, asset: asset.key });
  }

  async collect(of: CollectOptions): Promise<Collected> {
    const { database, dialect } = this.#options;
    return await database.transact(async (session) => {
      await session.run(commitLock);
      return await collect(session, dialect, of);
    });
  }

  async listVersions(options: Parameters<Store["listVersions"]>[0]): Promise<readonly Commit[]> {
    const { database, dialect } = this.#options;
    return await database.use((client) => listVersionRows(createPgSession(client), dialect, options));
  }

  async discard(target: StageTarget): Promise<void> {
    await discardAttempt(this.#staging, target);
  }

  async listStaged(): Promise<readonly string[]> {
    return await listStaged(this.#staging);
  }

  async discardAttempts(attempts: readonly string[]): Promise<number> {
    return await discardAttempts(this.#staging, attempts);
  }

  async discardAbandoned(liveAttempts: readonly string[]): Promise<number> {
    return await discardAbandoned(this.#staging, liveAttempts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#queue.exclusive(() => this.#options.database.end());
  }

  async #ensure(asset: StoredAsset): Promise<number> {
    const known = this.#ensured.get(asset.key);
    if (known !== undefined && isSameForm(known.as, asset)) return known.assetId;
    const form = stableJson([asset.schema, asset.isPartitioned, asset.isStamped === true]);
    if (known?.form === form) return known.assetId;
    const assetId = await this.#options.database.transact(async (session) => {
      await session.run(commitLock);
      return await ensureAsset(session, this.#options.dialect, asset);
    });
    this.#ensured.set(asset.key, { as: asset, form, assetId });
    return assetId;
  }
}

/** Whether it says so at first sight: the steps of one project share its schemas. */
function isSameForm(known: StoredAsset, asset: StoredAsset): boolean {
  return (
    known.schema === asset.schema &&
    known.isPartitioned === asset.isPartitioned &&
    (known.isStamped === true) === (asset.isStamped === true)
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
