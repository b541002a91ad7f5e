import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { readCommitRecord } from "../../step/commit-record.ts";
import type { Commit, Store } from "../../stores/store.ts";
import { violation, type Violation } from "../violations.ts";

const pageSize = 1000;

/**
 * I1, I2, I4, I10: what the ledger and a store say of each other. The store is the authority: a commit without a record is recorded later, a record without
 * its commit is a loss.
 */
export async function compareStore(db: LedgerDb, store: Store): Promise<readonly Violation[]> {
  const recorded = await readRecorded(db, store);
  const commits = await listAllCommits(store);
  const underWay = await listUnderWay(db);
  return [
    ...findTwice(store, commits),
    ...findUnrecorded(store, { commits, recorded, underWay }),
    ...findLost(store, commits, recorded),
    ...(await compareHeads(db, store)),
  ];
}

interface Recorded {
  readonly commitId: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  /** Whether readers of some environment see it, by the ledger. */
  readonly isHead: boolean;
}

async function readRecorded(db: LedgerDb, store: Store): Promise<readonly Recorded[]> {
  const { rows } = await sql<Recorded>`
    select commit_id as "commitId", asset, partition, version,
      exists (select from watersmeet.head where head.materialization_id = materialization.id) as "isHead"
    from watersmeet.materialization where store_id = ${store.storeId} order by id`.execute(db);
  return rows;
}

async function listAllCommits(store: Store): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  for (let after = 0n; ;) {
    const page = await store.listCommits({ after, limit: pageSize });
    const last = page.at(-1);
    if (last === undefined) return commits;
    commits.push(...page);
    after = last.sequence;
  }
}

/** Steps whose commit may be in the store already, and whose record is on its way. */
async function listUnderWay(db: LedgerDb): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ step: string }>`
    select run_id || '/' || ordinal as step from watersmeet.step where state = 'running'`.execute(db);
  return new Set(rows.map((row) => row.step));
}

function findTwice(store: Store, commits: readonly Commit[]): readonly Violation[] {
  const seen = new Set<string>();
  return commits.flatMap((commit) => {
    const { asset, partition, version, commitId } = commit;
    const names = [`commit ${commitId}`, `version ${version} of ${nameOf(commit)}`];
    const twice = names.filter((name) => seen.has(name));
    for (const name of names) seen.add(name);
    const place = { store: store.name, asset, partition };
    return twice.map((name) => violation("COMMIT_TWICE", place, `the store ${store.name} has ${name} twice`));
  });
}

function findUnrecorded(
  store: Store,
  facts: {
    readonly commits: readonly Commit[];
    readonly recorded: readonly Recorded[];
    readonly underWay: ReadonlySet<string>;
  },
): readonly Violation[] {
  const known = new Set(facts.recorded.map((each) => each.commitId));
  return facts.commits.flatMap((commit) => {
    const record = readCommitRecord(commit);
    if (record === null || known.has(commit.commitId) || facts.underWay.has(`${record.runId}/${record.ordinal}`))
      return [];
    const { asset, partition, version } = commit;
    const message = `the store ${store.name} has version ${version} of ${nameOf(commit)}, of which the ledger has no record`;
    return [violation("COMMIT_UNRECORDED", { store: store.name, asset, partition }, message)];
  });
}

/** Garbage collection keeps what is served and the newest version of every partition: what is missing and was neither may have been collected. */
function findLost(store: Store, commits: readonly Commit[], recorded: readonly Recorded[]): readonly Violation[] {
  const there = new Set(commits.map((commit) => commit.commitId));
  const newest = new Map<string, number>();
  for (const commit of commits) newest.set(nameOf(commit), Math.max(newest.get(nameOf(commit)) ?? 0, commit.version));
  return recorded.flatMap(({ commitId, asset, partition, version, isHead }) => {
    const name = nameOf({ asset, partition });
    if (there.has(commitId) || (!isHead && version < (newest.get(name) ?? 0))) return [];
    const message = `the ledger has a record of version ${version} of ${name}, which the store ${store.name} does not have`;
    return [violation("COMMIT_LOST", { store: store.name, asset, partition }, message)];
  });
}

interface LedgerHead {
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
}

async function compareHeads(db: LedgerDb, store: Store): Promise<readonly Violation[]> {
  const { rows } = await sql<LedgerHead>`
    select head.environment, head.asset, head.partition, made.version
    from watersmeet.head join watersmeet.materialization as made on made.id = head.materialization_id
    where made.store_id = ${store.storeId}`.execute(db);
  const pending = await listPendingPins(db, store);
  const found: Violation[] = [];
  for (const heads of Map.groupBy(rows, ({ environment, asset }) => JSON.stringify([environment, asset])).values()) {
    const [first] = heads;
    if (first === undefined) continue;
    const seen = await store.listHeads(first.environment, first.asset);
    const versions = new Map(seen.map((head) => [head.partition, head.version]));
    for (const { environment, asset, partition, version } of heads) {
      const actual = versions.get(partition);
      if (actual === version || pending.has(JSON.stringify([environment, asset, partition]))) continue;
      const sees = actual === undefined ? "no version" : `version ${actual}`;
      const message = `the ledger says that readers of ${nameOf({ asset, partition })} see version ${version}; in the store ${store.name} they see ${sees}`;
      found.push(violation("HEAD_DIFFERS", { store: store.name, environment, asset, partition }, message));
    }
  }
  return found;
}

/** Heads that a rollback has begun to move and not yet finished. */
async function listPendingPins(db: LedgerDb, store: Store): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ environment: string; asset: string; partition: string }>`
    select environment, asset, partition from watersmeet.head_pin where moved_at is null and store_id = ${store.storeId}`.execute(
    db,
  );
  return new Set(rows.map(({ environment, asset, partition }) => JSON.stringify([environment, asset, partition])));
}

export function nameOf({ asset, partition }: { readonly asset: AssetKey; readonly partition: PartitionKey }): string {
  return partition === "" ? asset : `${asset}@${partition}`;
}
