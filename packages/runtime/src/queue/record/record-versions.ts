import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { MaterializationId, RunId } from "../../ledger/records.ts";
import type { StepOutcome } from "../../step/step.ts";
import type { RunShape } from "../shape/run-shape.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";
import { insertVersions, versionKey, type NewVersion } from "./insert-versions.ts";

type Committed = Extract<StepOutcome, { kind: "committed" }>;

/** Records of what these attempts committed; gives the version of each attempt that has one. `publish` moves heads and marks failures. */
export async function recordVersions(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
  shapes: ReadonlyMap<RunId, RunShape>,
): Promise<{
  readonly versions: ReadonlyMap<AcceptedAttempt, MaterializationId>;
  readonly publish: () => Promise<void>;
}> {
  const committed = accepted.flatMap((each) => {
    const shape = shapes.get(each.run.id);
    if (each.ended.outcome.kind !== "committed" || shape === undefined) return [];
    return [{ each, version: toNewVersion(each, each.ended.outcome, shape) }];
  });
  const made = committed.map(({ version }) => version);
  const [ids, unchanged] = await Promise.all([insertVersions(tx, made), findUnchanged(tx, accepted)]);
  const versions = new Map(unchanged);
  for (const { each, version } of committed) {
    const id = ids.get(versionKey(version.storeId, version.commit.commitId));
    if (id !== undefined) versions.set(each, id);
  }
  return {
    versions,
    async publish() {
      await Promise.all([moveHeads(tx, made, ids), markFailures(tx, accepted)]);
    },
  };
}

function toNewVersion({ ended, run, position }: AcceptedAttempt, outcome: Committed, shape: RunShape): NewVersion {
  const planned = shape.assets[position.position]?.planned;
  return {
    commit: outcome.commit,
    store: position.store,
    storeId: run.storeIds[position.store] ?? "",
    environment: run.environment,
    codeVersion: ended.code?.codeVersion ?? planned?.codeVersion ?? "",
    schemaVersion: ended.code?.schemaVersion ?? planned?.schemaVersion ?? "",
    sizeBytes: outcome.sizeBytes,
    quarantinedCount: outcome.quarantinedCount,
    facts: outcome.facts,
    runId: ended.step.runId,
    ordinal: ended.step.ordinal,
    attempt: ended.step.attempt,
    requestedBy: run.requestedBy,
    traceId: run.traceId,
    startedAt: ended.startedAt,
    inputs: ended.inputs,
    inputIds: ended.inputIds,
    positions: shape.assets[position.position]?.inputs.map((input) => input.planned.position) ?? [],
    orders: ended.orders,
  };
}

/**
 * The ledger's heads follow the store's. Two runs may record in another order than they committed in, so the later commit stays. A replay was seen, or moved the
 * head, after its attempt had begun: what was committed since then stays as well. That age goes by the worker's clock and is taken from the ledger's, so a clock
 * that is wrong does no harm; nor does it where one new version comes after another, whatever their commits say of the time.
 */
export async function moveHeads(
  tx: Transaction<LedgerDatabase>,
  versions: readonly NewVersion[],
  ids: ReadonlyMap<string, MaterializationId>,
): Promise<void> {
  const heads = new Map<string, { readonly version: NewVersion; readonly id: MaterializationId }>();
  for (const version of versions) {
    const { asset, partition, commitId, committedAt } = version.commit;
    const id = ids.get(versionKey(version.storeId, commitId));
    const key = JSON.stringify([version.environment, asset, partition]);
    const other = heads.get(key)?.version.commit.committedAt;
    if (id !== undefined && (other === undefined || other <= committedAt)) heads.set(key, { version, id });
  }
  const moved = [...heads.values()];
  if (moved.length === 0) return;
  await sql`
    insert into watersmeet.head (environment, asset, partition, materialization_id, moved_at)
    select environment, asset, partition, id,
      case when age_ms is null then committed_at else greatest(now() - age_ms * interval '1 millisecond', committed_at) end
    from unnest(
      ${moved.map(({ version }) => version.environment)}::text[],
      ${moved.map(({ version }) => version.commit.asset)}::text[],
      ${moved.map(({ version }) => version.commit.partition)}::text[],
      ${moved.map(({ id }) => id)}::bigint[],
      ${moved.map(({ version }) => version.commit.committedAt)}::timestamptz[],
      ${moved.map(({ version: { commit, startedAt } }) => (commit.isReplay ? Date.now() - startedAt.getTime() : null))}::float8[])
      as moved (environment, asset, partition, id, committed_at, age_ms)
    on conflict (environment, asset, partition) do update
      set materialization_id = excluded.materialization_id, moved_at = excluded.moved_at
      where head.moved_at <= excluded.moved_at or exists (
        select from watersmeet.materialization as seen
        join watersmeet.materialization as made on made.id = excluded.materialization_id and made.store_id = seen.store_id
        where seen.id = head.materialization_id and seen.committed_at = head.moved_at and made.committed_at = excluded.moved_at
          and seen.version < made.version)`.execute(tx);
}

/** Remembers which partitions ended badly, and forgets those that ended well since. */
async function markFailures(tx: Transaction<LedgerDatabase>, accepted: readonly AcceptedAttempt[]): Promise<void> {
  const bad = accepted.filter(({ move }) => move.state === "failed" || move.state === "blocked");
  const good = accepted.filter(({ move }) => move.state === "succeeded" || move.state === "unchanged");
  if (bad.length > 0) {
    await sql`
      insert into watersmeet.failed_partition (environment, asset, partition, run_id, ordinal, failed_at)
      select * from unnest(
        ${bad.map(({ run }) => run.environment)}::text[],
        ${bad.map(({ ended }) => ended.step.asset)}::text[],
        ${bad.map(({ ended }) => ended.step.partition)}::text[],
        ${bad.map(({ run }) => run.id)}::bigint[],
        ${bad.map(({ ended }) => ended.step.ordinal)}::integer[],
        ${bad.map(({ ended }) => ended.finishedAt)}::timestamptz[])
      on conflict (environment, asset, partition) do update
        set run_id = excluded.run_id, ordinal = excluded.ordinal, failed_at = excluded.failed_at`.execute(tx);
  }
  // Most often there is none, and looking for each took as long as some of the writes.
  if (good.some(({ run }) => run.hasFailures)) {
    await sql`
      delete from watersmeet.failed_partition using unnest(
        ${good.map(({ run }) => run.environment)}::text[],
        ${good.map(({ ended }) => ended.step.asset)}::text[],
        ${good.map(({ ended }) => ended.step.partition)}::text[]) as good (environment, asset, partition)
      where failed_partition.environment = good.environment and failed_partition.asset = good.asset
        and failed_partition.partition = good.partition`.execute(tx);
  }
}

/** The versions that were found to be what a step would have made. */
async function findUnchanged(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
): Promise<readonly (readonly [AcceptedAttempt, MaterializationId])[]> {
  const unchanged = accepted.flatMap((each) =>
    each.ended.outcome.kind === "unchanged" ? [{ each, commitId: each.ended.outcome.commitId }] : [],
  );
  if (unchanged.length === 0) return [];
  const { rows } = await sql<{ id: MaterializationId; store_id: string; commit_id: string }>`
    select id, store_id, commit_id from watersmeet.materialization
    where commit_id = any(${unchanged.map(({ commitId }) => commitId)}::text[])`.execute(tx);
  const ids = new Map(rows.map((row) => [versionKey(row.store_id, row.commit_id), row.id]));
  return unchanged.flatMap(({ each, commitId }) => {
    const id = ids.get(versionKey(each.run.storeIds[each.position.store] ?? "", commitId));
    return id === undefined ? [] : [[each, id] as const];
  });
}
