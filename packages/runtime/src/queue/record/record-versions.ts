import { fingerprintInput, ordersPosition } from "@watersmeet/core/plan";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { MaterializationId, RunId } from "../../ledger/records.ts";
import type { InputVersion, StepOutcome } from "../../step/step.ts";
import type { Commit } from "../../stores/store.ts";
import type { RunShape } from "../shape/run-shape.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";

type Committed = Extract<StepOutcome, { kind: "committed" }>;

/** One version as it is recorded, whoever learned of it: a worker from its step, or the reconciliation from the store. */
export interface NewVersion {
  readonly commit: Commit;
  readonly store: string;
  readonly storeId: string;
  readonly environment: string;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly sizeBytes: number;
  readonly quarantinedCount: number;
  readonly facts: Committed["facts"];
  readonly runId: string | null;
  readonly ordinal: number | null;
  readonly attempt: number;
  readonly requestedBy: string;
  readonly traceId: string;
  readonly startedAt: Date;
  readonly inputs: readonly InputVersion[];
  /** Records of the inputs in their order; `null`: to be looked up by their commit ids. */
  readonly inputIds: readonly MaterializationId[] | null;
  /** Of every input of the asset, read or not. */
  readonly positions: readonly string[];
  /** Of a merge: fingerprint of the orders that went into it. @default none did */
  readonly orders?: string | null;
}

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
  return {
    commit: outcome.commit,
    store: position.store,
    storeId: run.storeIds[position.store] ?? "",
    environment: run.environment,
    codeVersion: position.codeVersion,
    schemaVersion: position.schemaVersion,
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

export function versionKey(storeId: string, commitId: string): string {
  return `${storeId}/${commitId}`;
}

/** Inserts what is not there yet and gives the id of each by `versionKey`. Inputs are found by their commit ids. */
export async function insertVersions(
  tx: Transaction<LedgerDatabase>,
  versions: readonly NewVersion[],
): Promise<ReadonlyMap<string, MaterializationId>> {
  if (versions.length === 0) return new Map();
  const inputIds = await findIdsByCommit(tx, versions);
  const rows = versions.map((version) => describeInputs(version, inputIds));
  const { rows: inserted } = await sql<{ id: MaterializationId; store_id: string; commit_id: string }>`
    insert into watersmeet.materialization (store, store_id, asset, partition, version, commit_id, code_version, schema_version, data_digest,
      row_count, size_bytes, quarantined_count, facts, environment, run_id, ordinal, attempt, requested_by, trace_id, started_at, committed_at,
      input_positions, input_ids, input_fingerprints)
    select store, store_id, asset, partition, version, commit_id, code_version, schema_version, data_digest,
      row_count, size_bytes, quarantined_count, facts, environment, run_id, ordinal, attempt, requested_by, trace_id, started_at, committed_at,
      positions::text[], ids::bigint[], fingerprints
    from unnest(
      ${versions.map((each) => each.store)}::text[],
      ${versions.map((each) => each.storeId)}::text[],
      ${versions.map((each) => each.commit.asset)}::text[],
      ${versions.map((each) => each.commit.partition)}::text[],
      ${versions.map((each) => each.commit.version)}::integer[],
      ${versions.map((each) => each.commit.commitId)}::text[],
      ${versions.map((each) => each.codeVersion)}::text[],
      ${versions.map((each) => each.schemaVersion)}::text[],
      ${versions.map((each) => each.commit.dataDigest)}::text[],
      ${versions.map((each) => each.commit.rowCount)}::bigint[],
      ${versions.map((each) => each.sizeBytes)}::bigint[],
      ${versions.map((each) => each.quarantinedCount)}::bigint[],
      ${versions.map((each) => JSON.stringify(each.facts))}::jsonb[],
      ${versions.map((each) => each.environment)}::text[],
      ${versions.map((each) => each.runId)}::bigint[],
      ${versions.map((each) => each.ordinal)}::integer[],
      ${versions.map((each) => each.attempt)}::integer[],
      ${versions.map((each) => each.requestedBy)}::text[],
      ${versions.map((each) => each.traceId)}::text[],
      ${versions.map((each) => each.startedAt.toISOString())}::timestamptz[],
      ${versions.map((each) => each.commit.committedAt)}::timestamptz[],
      ${rows.map((each) => each.positions)}::text[],
      ${rows.map((each) => each.ids)}::text[],
      ${rows.map((each) => each.fingerprints)}::jsonb[])
      as made (store, store_id, asset, partition, version, commit_id, code_version, schema_version, data_digest, row_count, size_bytes,
        quarantined_count, facts, environment, run_id, ordinal, attempt, requested_by, trace_id, started_at, committed_at, positions, ids,
        fingerprints)
    on conflict (commit_id, store_id) do nothing
    returning id, store_id, commit_id`.execute(tx);
  const ids = new Map(inserted.map((row) => [versionKey(row.store_id, row.commit_id), row.id]));
  await insertBatches(
    tx,
    versions.filter((version) => ids.has(versionKey(version.storeId, version.commit.commitId))),
    ids,
  );
  const known = versions.filter((version) => !ids.has(versionKey(version.storeId, version.commit.commitId)));
  return known.length === 0 ? ids : new Map([...ids, ...(await findKnown(tx, known))]);
}

/** As Postgres reads arrays and JSON. */
function describeInputs(
  version: NewVersion,
  inputIds: ReadonlyMap<string, MaterializationId>,
): { readonly positions: string; readonly ids: string; readonly fingerprints: string } {
  const known = version.inputs.flatMap((input, index) => {
    const id = version.inputIds === null ? inputIds.get(input.commitId) : version.inputIds[index];
    return id === undefined ? [] : [{ position: input.position, id }];
  });
  return {
    // Positions are indexes and member names with dots between: nothing in them needs a quote.
    positions: `{${known.map(({ position }) => `"${position}"`).join(",")}}`,
    ids: `{${known.map(({ id }) => id).join(",")}}`,
    fingerprints: JSON.stringify(fingerprintInputs(version)),
  };
}

/** Every position has one, also where nothing was read. Orders count as an input, so that a new one makes the version stale. */
function fingerprintInputs({ inputs, positions, orders }: NewVersion): Record<string, string> {
  const byPosition = Map.groupBy(inputs, (input) => input.position);
  const read = positions.map((position) => [position, fingerprintInput(byPosition.get(position) ?? [])] as const);
  return Object.fromEntries(orders == null ? read : [...read, [ordersPosition, orders]]);
}

/** For versions whose step nobody here has resolved: those that were adopted from a store. */
async function findIdsByCommit(
  tx: Transaction<LedgerDatabase>,
  versions: readonly NewVersion[],
): Promise<ReadonlyMap<string, MaterializationId>> {
  const unresolved = versions.filter((version) => version.inputIds === null);
  const wanted = [...new Set(unresolved.flatMap((version) => version.inputs.map((input) => input.commitId)))];
  if (wanted.length === 0) return new Map();
  const { rows } = await sql<{ id: MaterializationId; commit_id: string }>`
    select id, commit_id from watersmeet.materialization where commit_id = any(${wanted}::text[]) order by id`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.commit_id, row.id]));
}

async function findKnown(
  tx: Transaction<LedgerDatabase>,
  versions: readonly NewVersion[],
): Promise<readonly (readonly [string, MaterializationId])[]> {
  const { rows } = await sql<{ id: MaterializationId; store_id: string; commit_id: string }>`
    select id, materialization.store_id, materialization.commit_id
    from unnest(${versions.map((each) => each.storeId)}::text[], ${versions.map((each) => each.commit.commitId)}::text[]) as known (store_id, commit_id)
    join watersmeet.materialization on materialization.store_id = known.store_id and materialization.commit_id = known.commit_id`.execute(
    tx,
  );
  return rows.map((row) => [versionKey(row.store_id, row.commit_id), row.id] as const);
}

const factsSchema = z.object({
  merge: z.object({
    batches: z.array(
      z.object({
        branch: z.string(),
        batchKey: z.string(),
        batchId: z.string(),
        generation: z.number().int(),
        digest: z.string(),
        rowCount: z.number().int(),
        outcome: z.enum(["admitted", "duplicate", "superseding", "held", "rejected", "revoked"]),
      }),
    ),
  }),
});

/** A merge tells in its facts what its branches delivered. */
async function insertBatches(
  tx: Transaction<LedgerDatabase>,
  versions: readonly NewVersion[],
  ids: ReadonlyMap<string, MaterializationId>,
): Promise<void> {
  const rows = versions.flatMap((version) => {
    const id = ids.get(versionKey(version.storeId, version.commit.commitId));
    const facts = factsSchema.safeParse(version.facts);
    if (id === undefined || !facts.success) return [];
    return facts.data.merge.batches.map((batch) => ({
      materialization_id: id,
      branch: batch.branch,
      batch_key: batch.batchKey,
      batch_id: batch.batchId,
      generation: batch.generation,
      digest: batch.digest,
      row_count: String(batch.rowCount),
      outcome: batch.outcome,
    }));
  });
  if (rows.length > 0) await tx.insertInto("batch").values(rows).execute();
}

/**
 * The ledger's heads follow the store's. Two runs may record in another order than they committed in, so the later commit stays; a replay moved the head now,
 * whenever its commit was made.
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
    select environment, asset, partition, id, case when is_replay then greatest(now(), committed_at) else committed_at end
    from unnest(
      ${moved.map(({ version }) => version.environment)}::text[],
      ${moved.map(({ version }) => version.commit.asset)}::text[],
      ${moved.map(({ version }) => version.commit.partition)}::text[],
      ${moved.map(({ id }) => id)}::bigint[],
      ${moved.map(({ version }) => version.commit.committedAt)}::timestamptz[],
      ${moved.map(({ version }) => version.commit.isReplay)}::boolean[])
      as moved (environment, asset, partition, id, committed_at, is_replay)
    on conflict (environment, asset, partition) do update
      set materialization_id = excluded.materialization_id, moved_at = excluded.moved_at
      where head.moved_at <= excluded.moved_at`.execute(tx);
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
  // Asked first whether there is any: most often there is none, and looking for each took as long as some of the writes.
  if (good.length > 0) {
    await sql`
      delete from watersmeet.failed_partition using unnest(
        ${good.map(({ run }) => run.environment)}::text[],
        ${good.map(({ ended }) => ended.step.asset)}::text[],
        ${good.map(({ ended }) => ended.step.partition)}::text[]) as good (environment, asset, partition)
      where (select exists(select from watersmeet.failed_partition))
        and failed_partition.environment = good.environment and failed_partition.asset = good.asset
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
