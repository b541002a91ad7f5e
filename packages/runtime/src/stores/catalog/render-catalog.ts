import { renderStampedCatalog } from "../stamped/stamped-catalog.ts";
import { internalSchema } from "./names.ts";

/**
 * The store's own tables, the same on both engines. `version` is the ledger: one row per commit, written in the transaction of its rows.
 * `head` says what readers see, by environment; `move` is the append-only log of how heads moved.
 */
export function renderCatalog(): readonly string[] {
  const s = internalSchema;
  return [
    `create schema if not exists ${s}`,
    `create table if not exists ${s}.meta (name varchar primary key, value varchar not null)`,
    `create table if not exists ${s}.asset (asset_id integer primary key, key varchar not null unique, is_partitioned boolean not null, columns varchar not null, next_version integer not null)`,
    `create table if not exists ${s}.version (commit_id varchar primary key, sequence bigint not null, asset_id integer not null, partition varchar not null, version integer not null, environment varchar not null, row_count bigint not null, data_digest varchar not null, size_bytes bigint not null, quarantined_count bigint not null, record varchar not null, committed_at timestamptz not null)`,
    `create table if not exists ${s}.head (environment varchar not null, asset_id integer not null, partition varchar not null, version integer not null, primary key (environment, asset_id, partition))`,
    `create table if not exists ${s}.move (move_id varchar not null, environment varchar not null, asset_id integer not null, partition varchar not null, from_version integer, to_version integer not null, moved_at timestamptz not null)`,
    ...renderStampedCatalog(),
    `create table if not exists ${s}.quarantine (asset_id integer not null, partition varchar not null, version integer not null, source varchar not null, reason varchar not null, row_json varchar not null)`,
  ];
}
