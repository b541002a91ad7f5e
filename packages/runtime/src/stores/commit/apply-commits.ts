import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { internalSchema } from "../catalog/names.ts";
import {
  ensureMeta,
  findAssets,
  findCommitOfVersion,
  findCommitRows,
  findHeadRows,
  getAsset,
  type CatalogAsset,
} from "../catalog/read-catalog.ts";
import { idOf, insertVersions, moveHeads } from "../catalog/write-commits.ts";
import { textOf, type SqlSession } from "../sql-session.ts";
import { readTips, tipKey, type StampedTips } from "../stamped/read-tips.ts";
import type { Commit, CommitRequest } from "../store.ts";
import { applyExtras, applyRows } from "./apply-rows.ts";
import type { CommitContext, Staging } from "./commit-context.ts";
import { goneError, movedError, nameOf, overtakenError, staleError } from "./commit-errors.ts";
import {
  decideCommits,
  headKey,
  moveKey,
  type CommitDecision,
  type CommitFacts,
  type HeadMove,
} from "./decide-commits.ts";
import { decideRevert } from "./decide-revert.ts";

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
  const stagings = await context.findStagings(
    requests.flatMap(({ staged }) => (staged.rows === undefined ? [staged.target] : [])),
  );
  const liveEnvironment = await findLiveEnvironment(session, context, first.environment);
  const facts = await readFacts(session, context, { assets, requests });
  const tips = await readTips(session, assets, requests);
  const decisions = decideCalls(calls, facts, { stagings, tips });
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

async function findLiveEnvironment(
  session: SqlSession,
  { facts }: CommitContext,
  environment: string,
): Promise<string> {
  facts.liveEnvironment ??= await ensureMeta(session, "live_environment", environment);
  return facts.liveEnvironment;
}

async function readFacts(
  session: SqlSession,
  context: CommitContext,
  {
    assets,
    requests,
  }: { readonly assets: ReadonlyMap<AssetKey, CatalogAsset>; readonly requests: readonly CommitRequest[] },
): Promise<CommitFacts> {
  const written = requests.map(({ environment, staged: { target } }) => ({
    environment,
    assetId: idOf(assets, target.asset.key),
    partition: target.partition,
  }));
  const known = await findCommitRows(
    session,
    context.dialect,
    requests.map((request) => request.commitId),
  );
  return {
    known: new Map(known.map((commit) => [commit.commitId, commit])),
    moved: await findMoved(session, requests, known),
    heads: new Map([...(await findHeads(session, assets, written)), ...(await findReadHeads(session, requests))]),
    nextVersions: new Map([...assets.values()].map((asset) => [asset.key, asset.nextVersion])),
    committedAt: context.committedAt,
  };
}

/** Which known commits have moved a head already: by `moveKey`. A commit moves the head of an environment when it is made there, or is brought there. */
async function findMoved(
  session: SqlSession,
  requests: readonly CommitRequest[],
  known: readonly Commit[],
): Promise<ReadonlySet<string>> {
  if (known.length === 0) return new Set();
  const environments = [...new Set(requests.map((request) => request.environment))];
  const rows = await session.run(
    `select environment, move_id from ${internalSchema}.move where move_id in (select unnest($1::varchar[])) and environment in (select unnest($2::varchar[]))`,
    [known.map((commit) => commit.commitId), environments],
  );
  return new Set(rows.map((row) => moveKey(textOf(row, "environment"), textOf(row, "move_id"))));
}

/** What readers see of what the requests were read from. Those of other stores, which it has never seen, are left out. */
async function findReadHeads(
  session: SqlSession,
  requests: readonly CommitRequest[],
): Promise<ReadonlyMap<string, number>> {
  const read = requests.flatMap(({ environment, readSet = [] }) => readSet.map((head) => ({ environment, ...head })));
  if (read.length === 0) return new Map();
  const assets = await findAssets(session, [...new Set(read.map(({ asset }) => asset))]);
  const wanted = read.flatMap(({ environment, asset, partition }) => {
    const assetId = assets.get(asset)?.assetId;
    return assetId === undefined ? [] : [{ environment, assetId, partition }];
  });
  return await findHeads(session, assets, wanted);
}

/** By `headKey`. */
async function findHeads(
  session: SqlSession,
  assets: ReadonlyMap<AssetKey, CatalogAsset>,
  wanted: Parameters<typeof findHeadRows>[1],
): Promise<ReadonlyMap<string, number>> {
  const keyOf = new Map([...assets.values()].map((asset) => [asset.assetId, asset.key]));
  const heads = await findHeadRows(session, wanted);
  return new Map(
    heads.flatMap((head) => {
      const key = keyOf.get(head.assetId);
      return key === undefined ? [] : [[headKey(head.environment, key, head.partition), head.version] as const];
    }),
  );
}

export interface RevertOptions {
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly moveId: string;
  readonly expected?: number | null;
}

/**
 * Moves a head to an earlier version, within the transaction that the session is in; the answer is the commit that made the version.
 * A move whose id is in the log already is not made again, wherever the head is now.
 * @throws {STORE_VERSION_UNKNOWN} @throws {STORE_STALE}
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
  const seen = head?.version ?? null;
  const { expected } = options;
  const decision = decideRevert({ isLogged: done !== undefined, seen, version: options.version, expected });
  if (decision === "stale") throw overtakenError(options, seen);
  if (decision === "done") return { ...commit, isReplay: true };
  const { environment, partition, version: to, moveId } = options;
  const moves: readonly HeadMove[] = [
    { moveId, environment, asset: asset.key, partition, from: head?.version ?? null, to, rows: "stored" },
  ];
  const assets = new Map([[asset.key, asset]]);
  const liveEnvironment = await findLiveEnvironment(session, context, environment);
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
  { stagings, tips: found }: { readonly stagings: ReadonlyMap<string, Staging>; readonly tips: StampedTips },
): readonly CallDecision[] {
  const nextVersions = new Map(facts.nextVersions);
  const tips = new Map(found);
  const heads = new Map(facts.heads);
  return calls.map((requests) => {
    const decision = decideCommits(requests, { ...facts, heads, nextVersions });
    if (decision.stale !== null) return { error: staleError(decision.stale) };
    const gone = decision.versions.find(
      ({ request: { staged } }) => staged.rows === undefined && !stagings.has(staged.target.attempt),
    );
    if (gone !== undefined) return { error: goneError(gone.request) };
    const moved = decision.versions.find(
      ({ request }) => !isOnTip(stagings.get(request.staged.target.attempt), tips, request),
    );
    if (moved !== undefined) return { error: movedError(moved.request) };
    for (const { request, version } of decision.versions) {
      const { asset, partition } = request.staged.target;
      nextVersions.set(asset.key, version + 1);
      if (asset.isStamped === true) tips.set(tipKey(asset.key, partition), { strand: 0, version });
    }
    // No call moves the head of another one, but it may have read it.
    for (const { environment, asset, partition, to } of decision.moves)
      heads.set(headKey(environment, asset, partition), to);
    return decision;
  });
}

/** Two attempts may have staged the difference to one version: the first one moves the tip, and the other's is none any more. */
function isOnTip(staging: Staging | undefined, tips: StampedTips, { staged: { target } }: CommitRequest): boolean {
  if (staging === undefined || staging.stamped === null) return true;
  const { seen } = staging.stamped;
  const tip = tips.get(tipKey(target.asset.key, target.partition)) ?? null;
  return seen === null ? tip === null : tip?.strand === seen.strand && tip.version === seen.version;
}
