-- The control plane: what should happen, what happened, and the index of what the stores hold.
-- Rows of user data are never here. Hot tables carry no foreign keys: each costs a trigger per row, and the functions that write them hold the run's row lock.

create table watersmeet.installation (
  only_row boolean primary key default true check (only_row),
  -- Goes into attempt ids, so that two ledgers may share one store.
  id text not null default substr(md5(gen_random_uuid()::text), 1, 8),
  created_at timestamptz not null default now()
);
insert into watersmeet.installation default values;

create table watersmeet.environment (
  name text primary key,
  parent text references watersmeet.environment (name),
  created_at timestamptz not null default now(),
  check (parent is distinct from name)
);

-- Stores as they were last opened under their names. Versions that lie in another store than the one a name means now are history:
-- neither heads to plan from nor inputs to read.
create table watersmeet.store (
  name text primary key,
  store_id text not null,
  -- Kind and place, without secrets: another one means that the store has to be opened before anything is believed of it.
  address text not null,
  -- Every commit up to here has its record.
  reconciled_sequence bigint not null default 0,
  opened_at timestamptz not null default now()
);

create table watersmeet.worker (
  id bigint generated always as identity primary key,
  host text not null,
  pid integer not null,
  slots integer not null,
  -- Stores that this worker can open: a DuckDB file has one process.
  stores text[] not null default '{}',
  started_at timestamptz not null default now(),
  beat_at timestamptz not null default now()
);

-- Runs -----------------------------------------------------------------------------------------------------------------------------------

create type watersmeet.run_state as enum ('queued', 'running', 'paused', 'cancelling', 'succeeded', 'failed', 'cancelled');

create table watersmeet.run (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('run', 'backfill')),
  environment text not null references watersmeet.environment (name),
  state watersmeet.run_state not null default 'queued',
  -- Counts how often the run was opened again by a retry; an ending is written once per round.
  round smallint not null default 1,
  selection text not null,
  partitions text,
  requested_by text not null,
  idempotency_key text unique,
  max_parallel integer check (max_parallel > 0),
  step_count integer not null,
  -- Steps that have not ended.
  open_count integer not null check (open_count >= 0),
  skipped jsonb not null,
  -- Ways in which steps are claimed: [{"store": …, "resource": …}], by position.
  lanes jsonb not null,
  trace_id text not null,
  -- json, not jsonb, so that the bytes stay.
  plan json not null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
create index run_open on watersmeet.run (id) where state < 'succeeded';

create table watersmeet.run_asset (
  run_id bigint not null references watersmeet.run (id) on delete cascade,
  position integer not null,
  asset text not null,
  first_ordinal integer not null,
  step_count integer not null,
  open_count integer not null check (open_count >= 0),
  reasons jsonb not null,
  code_version text not null,
  schema_version text not null,
  store text not null,
  resource text,
  max_attempts smallint not null,
  succeeded integer not null default 0,
  unchanged integer not null default 0,
  failed integer not null default 0,
  blocked integer not null default 0,
  upstream_failed integer not null default 0,
  cancelled integer not null default 0,
  row_count bigint not null default 0,
  busy_ms bigint not null default 0,
  first_started_at timestamptz,
  last_finished_at timestamptz,
  primary key (run_id, position)
);
create index run_asset_by_asset on watersmeet.run_asset (asset, run_id);

-- In the order of a step's life; everything from 'succeeded' on is an ending.
create type watersmeet.step_state as enum
  ('waiting', 'ready', 'running', 'succeeded', 'unchanged', 'failed', 'blocked', 'upstreamFailed', 'cancelled');

create table watersmeet.step (
  run_id bigint not null,
  -- A topological order; dense in a run.
  ordinal integer not null,
  asset text not null,
  partition text not null,
  state watersmeet.step_state not null,
  lane smallint not null,
  -- Index into run_asset.reasons.
  reason smallint not null,
  -- Greater first: the longest way that remains behind the step.
  priority integer not null,
  -- Inputs made by this run that are not there yet.
  pending integer not null,
  -- Grows with every claim and fences every write.
  attempt integer not null default 0,
  -- Attempts that count against max_attempts, and workers that died with the step.
  failures smallint not null default 0,
  crashes smallint not null default 0,
  round smallint not null default 1,
  worker_id bigint,
  not_before timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  materialization_id bigint,
  row_count bigint,
  progress jsonb,
  failure jsonb,
  primary key (run_id, ordinal),
  check (state <> 'running' or worker_id is not null)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index step_ready on watersmeet.step (run_id, lane, priority desc, ordinal) where state = 'ready';
-- Steps with which a worker has died: claimed one at a time.
create index step_suspect on watersmeet.step (run_id) where state = 'ready' and crashes > 0;
create index step_running on watersmeet.step (run_id, ordinal) where state = 'running';

-- One row per attempt that ended; the attempt that runs is in its step's row.
create table watersmeet.attempt (
  run_id bigint not null,
  ordinal integer not null,
  attempt integer not null,
  outcome text not null check (outcome in ('committed', 'unchanged', 'blocked', 'failed', 'cancelled', 'lost', 'released')),
  worker_id bigint not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  timings jsonb,
  failure jsonb,
  primary key (run_id, ordinal, attempt)
);

-- Versions -------------------------------------------------------------------------------------------------------------------------------

create table watersmeet.materialization (
  id bigint generated always as identity primary key,
  store text not null,
  store_id text not null,
  asset text not null,
  partition text not null,
  version integer not null,
  commit_id text not null,
  code_version text not null,
  schema_version text not null,
  data_digest text not null,
  row_count bigint not null,
  size_bytes bigint not null,
  quarantined_count bigint not null,
  facts jsonb,
  environment text not null,
  run_id bigint,
  ordinal integer,
  attempt integer not null,
  requested_by text not null,
  trace_id text not null,
  started_at timestamptz not null,
  committed_at timestamptz not null,
  -- Versions that were read: two arrays side by side, in the order of positions, then of partitions. A table of input rows would
  -- triple the rows and the indexes of a backfill; the arrays cost 8 bytes an input, and `input_ids` can carry a GIN index.
  input_positions text[] not null,
  input_ids bigint[] not null,
  -- By position: fingerprint of the digests of what was read; what the planner compares.
  input_fingerprints jsonb not null,
  unique (commit_id, store_id),
  check (cardinality(input_positions) = cardinality(input_ids))
);
create index materialization_by_partition on watersmeet.materialization (asset, partition, id);

create table watersmeet.head (
  environment text not null,
  asset text not null,
  partition text not null,
  materialization_id bigint not null,
  moved_at timestamptz not null,
  primary key (environment, asset, partition)
) with (fillfactor = 80);

-- What the branches of merges delivered.
create table watersmeet.batch (
  id bigint generated always as identity primary key,
  materialization_id bigint not null,
  branch text not null,
  batch_key text not null,
  batch_id text not null,
  generation integer not null,
  digest text not null,
  row_count bigint not null,
  outcome text not null check (outcome in ('admitted', 'duplicate', 'superseding'))
);
create index batch_by_materialization on watersmeet.batch (materialization_id);
create index batch_by_key on watersmeet.batch (batch_key);

-- Partitions whose latest step failed or was blocked.
create table watersmeet.failed_partition (
  environment text not null,
  asset text not null,
  partition text not null,
  run_id bigint not null,
  ordinal integer not null,
  failed_at timestamptz not null,
  primary key (environment, asset, partition)
);

-- Limits ---------------------------------------------------------------------------------------------------------------------------------

create table watersmeet.resource (
  name text primary key,
  concurrency integer not null check (concurrency > 0)
);

-- Capacity in use is counted from these rows, so that it cannot leak: they go with their worker.
create table watersmeet.resource_lease (
  resource text not null references watersmeet.resource (name),
  run_id bigint not null,
  ordinal integer not null,
  worker_id bigint not null references watersmeet.worker (id) on delete cascade,
  weight integer not null default 1 check (weight > 0),
  taken_at timestamptz not null default now(),
  primary key (resource, run_id, ordinal)
);
create index resource_lease_by_step on watersmeet.resource_lease (run_id, ordinal);
create index resource_lease_by_worker on watersmeet.resource_lease (worker_id);

-- Facts and lines ------------------------------------------------------------------------------------------------------------------------

create table watersmeet.event (
  sequence bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  run_id bigint,
  asset text,
  partition text,
  body jsonb not null
);
create index event_by_run on watersmeet.event (run_id, sequence) where run_id is not null;
create index event_by_asset on watersmeet.event (asset, sequence) where asset is not null;

create table watersmeet.log_line (
  id bigint generated always as identity primary key,
  run_id bigint not null,
  ordinal integer not null,
  attempt integer not null,
  at timestamptz not null,
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  message text not null,
  fields jsonb
);
create index log_line_by_step on watersmeet.log_line (run_id, ordinal, id);

-- A reader that has seen sequence n must never find a smaller one later. So who writes events waits for the one before to commit;
-- events are the last statement of their transactions.
create function watersmeet.order_events() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('watersmeet.event', 0));
  return null;
end $$;
create trigger event_order before insert on watersmeet.event for each statement execute function watersmeet.order_events();

create function watersmeet.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger event_append_only before update or delete or truncate on watersmeet.event
  for each statement execute function watersmeet.refuse_change();

-- Endings are written once. Only a new round opens what has ended.
create function watersmeet.refuse_second_ending() returns trigger language plpgsql as $$
begin
  raise exception 'a % has ended as % and cannot become %', tg_table_name, old.state, new.state using errcode = 'restrict_violation';
end $$;
create trigger step_ends_once before update of state on watersmeet.step for each row
  when (old.state >= 'succeeded' and new.state <> old.state and new.round <= old.round)
  execute function watersmeet.refuse_second_ending();
create trigger run_ends_once before update of state on watersmeet.run for each row
  when (old.state >= 'succeeded' and new.state <> old.state and new.round <= old.round)
  execute function watersmeet.refuse_second_ending();
