import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import { pinsHead } from "../../ledger/versions/head-pins.ts";
import { placeKey, type Place } from "./readable-heads.ts";
import type { VersionRow } from "./version-memory.ts";

/** The head of a partition in its own environment. */
export interface HeadRow extends VersionRow {
  readonly commitId: string;
  /** Readers were taken back to it: see `head-pins.ts`. */
  readonly isPinned: boolean;
}

/** By `placeKey`, of the environment of each run. */
export type HeadsOfRuns = ReadonlyMap<RunId, ReadonlyMap<string, HeadRow>>;

/**
 * Versions that steps build on, by `placeKey`: of the environment itself, not of one above it. The environment comes with every row, as the run does in
 * `release-steps.ts`: so that no plan begins with all heads of an environment. What lies in a store that the name does not mean any more is no head.
 */
export async function findHeads(
  db: LedgerDb,
  environment: string,
  places: readonly Place[],
): Promise<ReadonlyMap<string, HeadRow>> {
  if (places.length === 0) return new Map();
  const { rows } = await sql<HeadRow & Place>`
    select head.asset, head.partition, materialization.id, version, commit_id, commit_id as "commitId", data_digest,
      exists (select from watersmeet.head_pin as pin where ${pinsHead}) as "isPinned"
    from unnest(
      ${places.map(() => environment)}::text[],
      ${places.map((place) => place.asset)}::text[],
      ${places.map((place) => place.partition)}::text[]) as wanted (environment, asset, partition)
    join watersmeet.head on head.environment = wanted.environment and head.asset = wanted.asset and head.partition = wanted.partition
    join watersmeet.materialization on materialization.id = head.materialization_id
    left join watersmeet.store on store.name = materialization.store
    where coalesce(store.store_id, materialization.store_id) = materialization.store_id`.execute(db);
  return new Map(rows.map((row) => [placeKey(row), row]));
}
