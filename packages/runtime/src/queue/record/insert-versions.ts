import { fingerprintInput, ordersPosition } from "@watersmeet/core/plan";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { MaterializationId } from "../../ledger/records.ts";
import type { InputVersion, StepOutcome } from "../../step/step.ts";
import type { Commit } from "../../stores/store.ts";

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
  readonly facts: Extract<StepOutcome, { kind: "committed" }>["facts"];
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
  const groups = Map.groupBy(versions, ({ store, storeId, environment, runId, requestedBy, traceId }) =>
    JSON.stringify([store, storeId, environment, runId, requestedBy, traceId]),
  );
  const ids = new Map<string, MaterializationId>();
  for (const group of groups.values()) {
    const [shared] = group;
    if (shared === undefined) continue;
    for (const { id, commit_id } of await insertGroup(tx, { shared, group, inputIds }))
      ids.set(versionKey(shared.storeId, commit_id), id);
  }
  const isNew = (version: NewVersion): boolean => ids.has(versionKey(version.storeId, version.commit.commitId));
  await insertBatches(tx, versions.filter(isNew), ids);
  const known = versions.filter((version) => !isNew(version));
  return known.length === 0 ? ids : new Map([...ids, ...(await findKnown(tx, known))]);
}

/** Versions of one run in one store. What many of them have in common is sent once: the run's as values, the assets' as a list that rows point into. */
async function insertGroup(
  tx: Transaction<LedgerDatabase>,
  part: {
    readonly shared: NewVersion;
    readonly group: readonly NewVersion[];
    readonly inputIds: ReadonlyMap<string, MaterializationId>;
  },
): Promise<readonly { readonly id: MaterializationId; readonly commit_id: string }[]> {
  const { shared, group, inputIds } = part;
  const rows = group.map((version) => describeInputs(version, inputIds));
  const { kinds, indexes } = listKinds(group, rows);
  const { rows: inserted } = await sql<{ id: MaterializationId; commit_id: string }>`
    insert into watersmeet.materialization (store, store_id, environment, run_id, requested_by, trace_id,
      asset, code_version, schema_version, input_positions, partition, version, commit_id, data_digest, row_count, size_bytes,
      quarantined_count, facts, ordinal, attempt, started_at, committed_at, input_ids, input_fingerprints)
    select ${shared.store}, ${shared.storeId}, ${shared.environment}, ${shared.runId}::bigint, ${shared.requestedBy}, ${shared.traceId},
      (${kinds.map((kind) => kind.asset)}::text[])[kind], (${kinds.map((kind) => kind.codeVersion)}::text[])[kind],
      (${kinds.map((kind) => kind.schemaVersion)}::text[])[kind], (${kinds.map((kind) => kind.positions)}::text[])[kind]::text[],
      partition, version, commit_id, data_digest, row_count, size_bytes,
      quarantined_count, facts, ordinal, attempt, started_at, committed_at, ids::bigint[], fingerprints
    from unnest(
      ${indexes}::integer[],
      ${group.map((each) => each.commit.partition)}::text[],
      ${group.map((each) => each.commit.version)}::integer[],
      ${group.map((each) => each.commit.commitId)}::text[],
      ${group.map((each) => each.commit.dataDigest)}::text[],
      ${group.map((each) => each.commit.rowCount)}::bigint[],
      ${group.map((each) => each.sizeBytes)}::bigint[],
      ${group.map((each) => each.quarantinedCount)}::bigint[],
      ${group.map((each) => JSON.stringify(each.facts))}::jsonb[],
      ${group.map((each) => each.ordinal)}::integer[],
      ${group.map((each) => each.attempt)}::integer[],
      ${group.map((each) => each.startedAt)}::timestamptz[],
      ${group.map((each) => each.commit.committedAt)}::timestamptz[],
      ${rows.map((each) => each.ids)}::text[],
      ${rows.map((each) => each.fingerprints)}::jsonb[])
      as made (kind, partition, version, commit_id, data_digest, row_count, size_bytes, quarantined_count, facts, ordinal, attempt,
        started_at, committed_at, ids, fingerprints)
    on conflict (commit_id, store_id) do nothing
    returning id, commit_id`.execute(tx);
  return inserted;
}

interface VersionKind {
  readonly asset: string;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly positions: string;
}

/** Indexes count from 1, as those of Postgres do. */
function listKinds(
  versions: readonly NewVersion[],
  rows: readonly { readonly positions: string }[],
): { readonly kinds: readonly VersionKind[]; readonly indexes: readonly number[] } {
  const kinds: VersionKind[] = [];
  const known = new Map<string, number>();
  const indexes = versions.map(({ commit: { asset }, codeVersion, schemaVersion }, row) => {
    const positions = rows[row]?.positions ?? "{}";
    const key = `${asset} ${codeVersion} ${schemaVersion} ${positions}`;
    const index = known.get(key) ?? kinds.push({ asset, codeVersion, schemaVersion, positions });
    known.set(key, index);
    return index;
  });
  return { kinds, indexes };
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
    fingerprints: renderFingerprints(version.inputs, version),
  };
}

/** As JSON: every position has one, also where nothing was read. Orders count as an input, so that a new one makes the version stale. */
export function renderFingerprints(
  inputs: readonly InputVersion[],
  { positions, orders }: Pick<NewVersion, "positions" | "orders">,
): string {
  const read: Record<string, string> = {};
  let next = 0;
  for (const position of positions) {
    // Inputs come in the order of the positions, most often one of each.
    const own = inputs[next]?.position === position ? inputs.slice(next, findOther(inputs, next)) : [];
    next += own.length;
    read[position] = fingerprintInput(own.length > 0 ? own : inputs.filter((input) => input.position === position));
  }
  if (orders != null) read[ordersPosition] = orders;
  return JSON.stringify(read);
}

function findOther(inputs: readonly InputVersion[], from: number): number {
  let index = from + 1;
  while (inputs[index]?.position === inputs[from]?.position) index += 1;
  return index;
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

/** Asked first: parsing says the same, and costs ten times as much for what is none. */
export function isMerge(facts: NewVersion["facts"]): boolean {
  return typeof facts === "object" && facts !== null && "merge" in facts;
}

/** A merge tells in its facts what its branches delivered. */
async function insertBatches(
  tx: Transaction<LedgerDatabase>,
  versions: readonly NewVersion[],
  ids: ReadonlyMap<string, MaterializationId>,
): Promise<void> {
  const rows = versions.flatMap((version) => {
    const id = ids.get(versionKey(version.storeId, version.commit.commitId));
    if (id === undefined || !isMerge(version.facts)) return [];
    const facts = factsSchema.safeParse(version.facts);
    if (!facts.success) return [];
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
