import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { Logger } from "../../observe/logger.ts";
import { insertVersions, type NewVersion } from "../../queue/record/insert-versions.ts";
import { moveHeads } from "../../queue/record/record-versions.ts";
import { readCommitRecord } from "../../step/commit-record.ts";
import type { Commit, Store } from "../../stores/store.ts";

export interface ReconcileOptions {
  readonly config: { readonly environment: string };
  readonly db: LedgerDb;
  readonly logger: Logger;
  readonly positionsOf: (asset: string) => readonly string[];
}

const pageSize = 1000;

/**
 * Gives every commit of a store its record: a process may have ended between the two, or the ledger may be older than the store. The store is the
 * authority; what is recorded already stays. Cheap when there is nothing to do: only commits since the last time are looked at.
 */
export async function reconcileStore(store: Store, options: ReconcileOptions): Promise<number> {
  const { db } = options;
  const row = await db
    .selectFrom("store")
    .select("reconciled_sequence")
    .where("name", "=", store.name)
    .executeTakeFirstOrThrow();
  let adopted = 0;
  for (let after = BigInt(row.reconciled_sequence); ;) {
    const commits = await store.listCommits({ after, limit: pageSize });
    const last = commits.at(-1);
    if (last === undefined) break;
    adopted += await adoptCommits(store, commits, options);
    after = last.sequence;
    await db
      .updateTable("store")
      .set({ reconciled_sequence: String(after) })
      .where("name", "=", store.name)
      .execute();
  }
  if (adopted > 0) options.logger.info({ store: store.name, adopted }, "commits without a record were recorded");
  return adopted;
}

async function adoptCommits(store: Store, commits: readonly Commit[], options: ReconcileOptions): Promise<number> {
  const unknown = await listUnknown(options.db, store, commits);
  if (unknown.length === 0) return 0;
  const runs = await findRuns(options.db, unknown);
  const versions = unknown.flatMap((commit) => toVersion(commit, { store, runs, options }) ?? []);
  const served = await findServed(store, versions);
  await options.db.transaction().execute(async (tx) => {
    for (const group of splitBeforeReaders(versions)) {
      const ids = await insertVersions(tx, group);
      await moveHeads(
        tx,
        group.filter((version) => served.has(version.commit.commitId)),
        ids,
      );
    }
    await insertEvents(
      tx,
      versions.map(({ commit, environment }) => ({
        kind: "commit:adopted",
        asset: commit.asset,
        partition: commit.partition,
        body: { environment, version: commit.version },
      })),
    );
  });
  return versions.length;
}

/** Groups in which no version reads another of the same group: a record names the records that it was made from. */
function splitBeforeReaders(versions: readonly NewVersion[]): readonly (readonly NewVersion[])[] {
  const groups: NewVersion[][] = [];
  let made = new Set<string>();
  for (const version of versions) {
    const last = groups.at(-1);
    if (last === undefined || version.inputs.some((input) => made.has(input.commitId))) {
      groups.push([version]);
      made = new Set();
    } else last.push(version);
    made.add(version.commit.commitId);
  }
  return groups;
}

async function listUnknown(db: LedgerDb, store: Store, commits: readonly Commit[]): Promise<readonly Commit[]> {
  const { rows } = await sql<{ commit_id: string }>`
    select commit_id from watersmeet.materialization
    where store_id = ${store.storeId} and commit_id = any(${commits.map((commit) => commit.commitId)}::text[])`.execute(
    db,
  );
  const known = new Set(rows.map((row) => row.commit_id));
  return commits.filter((commit) => !known.has(commit.commitId));
}

interface RunFacts {
  readonly id: string;
  readonly environment: string;
  readonly requested_by: string;
}

async function findRuns(db: LedgerDb, commits: readonly Commit[]): Promise<ReadonlyMap<string, RunFacts>> {
  const ids = [...new Set(commits.flatMap((commit) => readCommitRecord(commit)?.runId ?? []))].filter((id) =>
    /^\d+$/.test(id),
  );
  const { rows } = await sql<RunFacts>`
    select id, environment, requested_by from watersmeet.run where id = any(${ids}::bigint[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

/** `null` for commits that no step made. A run that this ledger does not have belongs to one that was lost. */
function toVersion(
  commit: Commit,
  parts: { readonly store: Store; readonly runs: ReadonlyMap<string, RunFacts>; readonly options: ReconcileOptions },
): NewVersion | null {
  const record = readCommitRecord(commit);
  if (record === null) return null;
  const run = parts.runs.get(record.runId);
  const read = record.inputs.map((input) => input.position);
  return {
    commit,
    store: parts.store.name,
    storeId: parts.store.storeId,
    environment: run?.environment ?? parts.options.config.environment,
    codeVersion: record.codeVersion,
    schemaVersion: record.schemaVersion,
    sizeBytes: record.sizeBytes,
    quarantinedCount: record.quarantinedCount,
    facts: record.facts,
    runId: run?.id ?? null,
    ordinal: run === undefined ? null : record.ordinal,
    attempt: record.attempt,
    requestedBy: run?.requested_by ?? "reconcile",
    traceId: record.traceId,
    startedAt: new Date(record.startedAt),
    inputs: record.inputs,
    inputIds: null,
    positions: [...new Set([...parts.options.positionsOf(commit.asset), ...read])],
    orders: record.orders ?? null,
  };
}

/** Commits that readers see: only these may move a head of the ledger. */
async function findServed(store: Store, versions: readonly NewVersion[]): Promise<ReadonlySet<string>> {
  const served = new Set<string>();
  const places = new Map<string, { readonly environment: string; readonly asset: AssetKey }>();
  for (const { environment, commit } of versions)
    places.set(JSON.stringify([environment, commit.asset]), { environment, asset: commit.asset });
  for (const { environment, asset } of places.values()) {
    for (const head of await store.listHeads(environment, asset)) served.add(head.commitId);
  }
  return served;
}
