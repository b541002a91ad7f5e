import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { moveRows, type StagedRows } from "./catalog/move-rows.ts";
import { internalSchema, tableNames } from "./catalog/names.ts";
import {
  ensureMeta,
  findAssets,
  findCommitOfVersion,
  findCommitRows,
  findHeadRows,
  getAsset,
  type CatalogAsset,
} from "./catalog/read-catalog.ts";
import { idOf, insertVersions, moveHeads } from "./catalog/write-commits.ts";
import {
  decideCommits,
  headKey,
  type CommitDecision,
  type CommitFacts,
  type HeadMove,
  type NewVersion,
  type StaleCommit,
} from "./decide-commits.ts";
import type { Dialect } from "./dialect.ts";
import type { MergeEngine } from "./merge-seam.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Commit, CommitRequest, StageTarget } from "./store.ts";

/** Points at which a crash test stops the process. They tell where a transaction is; nothing else depends on them. */
export type CommitPhase =
  | "begun"
  | "ledgerWritten"
  | "headsMoved"
  | "rowsMoved"
  | "extrasMoved"
  | "committed"
  | "verified"
  | "cleaned";

/** What an attempt has staged, as its adapter knows it. */
export interface Staging {
  readonly rows: StagedRows;
  /** Quoted table of (source, reason, row_json); `null` when nothing was rejected. */
  readonly quarantineTable: string | null;
  readonly isMerge: boolean;
  stagingTable(suffix: string): string;
}

export interface CommitContext {
  readonly dialect: Dialect;
  readonly merge: MergeEngine;
  readonly committedAt: string;
  /** Stagings by attempt; those that are gone are missing. */
  findStagings(targets: readonly StageTarget[]): Promise<ReadonlyMap<string, Staging>>;
  onPhase(phase: CommitPhase): void | Promise<void>;
}

/** The answer to one call of `commit`: all of its requests, or the reason why none. */
export type CallResult = { readonly commits: readonly Commit[] } | { readonly error: unknown };

/**
 * Runs several calls of `commit` in the transaction that the session is in. Each call is all or none: a stale one is answered with its error and leaves
 * the others alone. No two calls touch the same head or commit id. Whatever this throws, the caller rolls back.
 */
export async function applyCommits(
  session: SqlSession,
  context: CommitContext,
  calls: readonly (readonly CommitRequest[])[],
): Promise<readonly CallResult[]> {
  const requests = calls.flat();
  const [first] = requests;
  if (first === undefined) return calls.map(() => ({ commits: [] }));
  const assets = await findAssets(session, [...new Set(requests.map((request) => request.staged.target.asset.key))]);
  const stagings = await context.findStagings(requests.map((request) => request.staged.target));
  const liveEnvironment = await ensureMeta(session, "live_environment", first.environment);
  const facts = await readFacts(session, context, { assets, requests });
  const decisions = decideCalls(calls, facts, stagings);
  const accepted = decisions.filter((decision) => "commits" in decision);
  const versions = accepted.flatMap((decision) => decision.versions);
  const moves = accepted.flatMap((decision) => decision.moves);
  await insertVersions(session, assets, { versions, committedAt: context.committedAt });
  await context.onPhase("ledgerWritten");
  await moveHeads(session, assets, { moves, movedAt: context.committedAt });
  await context.onPhase("headsMoved");
  await applyRows(session, context, { assets, stagings, versions, moves, liveEnvironment });
  await context.onPhase("rowsMoved");
  await applyExtras(session, context, { assets, stagings, versions });
  await context.onPhase("extrasMoved");
  return decisions.map((decision) =>
    "commits" in decision ? { commits: decision.commits } : { error: decision.error },
  );
}

async function readFacts(
  session: SqlSession,
  context: CommitContext,
  {
    assets,
    requests,
  }: { readonly assets: ReadonlyMap<AssetKey, CatalogAsset>; readonly requests: readonly CommitRequest[] },
): Promise<CommitFacts> {
  const keyOf = new Map([...assets.values()].map((asset) => [asset.assetId, asset.key]));
  const wanted = requests.map(({ environment, staged: { target } }) => ({
    environment,
    assetId: idOf(assets, target.asset.key),
    partition: target.partition,
  }));
  const heads = await findHeadRows(session, wanted);
  const known = await findCommitRows(
    session,
    context.dialect,
    requests.map((request) => request.commitId),
  );
  return {
    known: new Map(known.map((commit) => [commit.commitId, commit])),
    heads: new Map(
      heads.flatMap((head) => {
        const key = keyOf.get(head.assetId);
        return key === undefined ? [] : [[headKey(head.environment, key, head.partition), head.version] as const];
      }),
    ),
    nextVersions: new Map([...assets.values()].map((asset) => [asset.key, asset.nextVersion])),
    committedAt: context.committedAt,
  };
}

export interface RevertOptions {
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly moveId: string;
}

/**
 * Moves a head to an earlier version, within the transaction that the session is in; the answer is the commit that made the version.
 * A move whose id is in the log already is not made again, wherever the head is now.
 * @throws {STORE_VERSION_UNKNOWN}
 */
export async function applyRevert(
  session: SqlSession,
  context: CommitContext,
  options: RevertOptions,
): Promise<Commit> {
  const asset = await getAsset(session, options.asset);
  const at = { assetId: asset.assetId, partition: options.partition, version: options.version };
  const commit = await findCommitOfVersion(session, context.dialect, at);
  if (commit === undefined) {
    throw new WatersmeetError(
      "STORE_VERSION_UNKNOWN",
      `The store has no version ${options.version} of ${nameOf(options.asset, options.partition)}`,
      {
        hint: "List the versions that it has, and choose one of them.",
        details: { asset: options.asset, partition: options.partition, version: options.version },
      },
    );
  }
  const [done] = await session.run(`select move_id from ${internalSchema}.move where move_id = $1`, [options.moveId]);
  const [head] = await findHeadRows(session, [{ environment: options.environment, ...at }]);
  if (done !== undefined || head?.version === options.version) return { ...commit, isReplay: true };
  const { environment, partition, version: to, moveId } = options;
  const moves: readonly HeadMove[] = [
    { moveId, environment, asset: asset.key, partition, from: head?.version ?? null, to, rows: "stored" },
  ];
  const assets = new Map([[asset.key, asset]]);
  const liveEnvironment = await ensureMeta(session, "live_environment", environment);
  await moveHeads(session, assets, { moves, movedAt: context.committedAt });
  await context.onPhase("headsMoved");
  await applyRows(session, context, { assets, stagings: new Map(), versions: [], moves, liveEnvironment });
  await context.onPhase("rowsMoved");
  return commit;
}

type CallDecision = Omit<CommitDecision, "stale"> | { readonly error: WatersmeetError };

function decideCalls(
  calls: readonly (readonly CommitRequest[])[],
  facts: CommitFacts,
  stagings: ReadonlyMap<string, Staging>,
): readonly CallDecision[] {
  const nextVersions = new Map(facts.nextVersions);
  return calls.map((requests) => {
    const decision = decideCommits(requests, { ...facts, nextVersions });
    if (decision.stale !== null) return { error: staleError(decision.stale) };
    const gone = decision.versions.find(({ request }) => !stagings.has(request.staged.target.attempt));
    if (gone !== undefined) return { error: goneError(gone.request) };
    for (const { request, version } of decision.versions)
      nextVersions.set(request.staged.target.asset.key, version + 1);
    return decision;
  });
}

interface Applied {
  readonly assets: ReadonlyMap<AssetKey, CatalogAsset>;
  readonly stagings: ReadonlyMap<string, Staging>;
  readonly versions: readonly NewVersion[];
}

async function applyRows(
  session: SqlSession,
  context: CommitContext,
  applied: Applied & { readonly moves: readonly HeadMove[]; readonly liveEnvironment: string },
): Promise<void> {
  const { assets, liveEnvironment } = applied;
  for (const asset of assets.values()) {
    const versions = applied.versions.filter(({ request }) => request.staged.target.asset.key === asset.key);
    const served = applied.moves.filter((move) => move.asset === asset.key && move.environment === liveEnvironment);
    if (asset.isPartitioned) {
      await moveRows(session, {
        assetId: asset.assetId,
        superseded: served.flatMap((move) => (move.from === null ? [] : [move.from])),
        restored: served.filter((move) => move.rows === "stored").map((move) => move.to),
        staged: versions.map(({ request, version }) => ({
          rows: stagingOf(applied, request).rows,
          version,
          isServed: request.environment === liveEnvironment,
        })),
      });
      continue;
    }
    for (const { request, version } of versions) {
      await session.run(
        `alter table ${stagingOf(applied, request).rows.table} rename to ${tableNames.versionBare(asset.assetId, version)}`,
      );
    }
    const last = served.at(-1);
    if (last !== undefined) {
      const select = `select * from ${tableNames.version(asset.assetId, last.to)}`;
      await context.dialect.serve(session, context.dialect.renderView(asset.key), select);
    }
  }
}

async function applyExtras(session: SqlSession, context: CommitContext, applied: Applied): Promise<void> {
  for (const { request, version } of applied.versions) {
    const { quarantineTable } = stagingOf(applied, request);
    if (quarantineTable === null) continue;
    await session.run(
      `insert into ${internalSchema}.quarantine (asset_id, partition, version, source, reason, row_json) select $1::integer, $2::varchar, $3::integer, source, reason, row_json from ${quarantineTable}`,
      [idOf(applied.assets, request.staged.target.asset.key), request.staged.target.partition, version],
    );
  }
  const merges = applied.versions.filter(({ request }) => stagingOf(applied, request).isMerge);
  if (merges.length === 0) return;
  await context.merge.publish(
    session,
    merges.map(({ request, version }) => ({
      assetId: idOf(applied.assets, request.staged.target.asset.key),
      target: request.staged.target,
      version,
      commitId: request.commitId,
      environment: request.environment,
      baseVersion: request.baseVersion,
      batches: request.staged.batches,
      stagingTable: (suffix) => stagingOf(applied, request).stagingTable(suffix),
    })),
  );
}

function stagingOf(applied: Applied, request: CommitRequest): Staging {
  const staging = applied.stagings.get(request.staged.target.attempt);
  if (staging === undefined) throw goneError(request);
  return staging;
}

function nameOf(asset: AssetKey, partition: PartitionKey): string {
  return partition === "" ? asset : `${asset}@${partition}`;
}

function staleError({ request, head }: StaleCommit): WatersmeetError {
  const { asset, partition } = request.staged.target;
  const name = nameOf(asset.key, partition);
  const seen = head === null ? "no version" : `version ${head}`;
  return new WatersmeetError(
    "STORE_STALE",
    `${name} was built on ${request.baseVersion === null ? "no version" : `version ${request.baseVersion}`}, but readers of "${request.environment}" see ${seen}`,
    {
      hint: "Another run published in between. Plan again: what is up to date will be skipped.",
      details: { asset: asset.key, partition, environment: request.environment, base: request.baseVersion, head },
    },
  );
}

function goneError(request: CommitRequest): WatersmeetError {
  const { asset, partition, attempt } = request.staged.target;
  return new WatersmeetError(
    "STORE_STAGING_GONE",
    `What attempt ${attempt} staged for ${nameOf(asset.key, partition)} is not in the store any more`,
    {
      hint: "It was discarded, or the store was opened anew since. Run the step again.",
      details: { asset: asset.key, partition, attempt },
    },
  );
}
