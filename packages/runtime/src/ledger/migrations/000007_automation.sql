-- What runs by itself: conditions of assets, schedules and sensors; what they were evaluated to, and what they asked for.

create table watersmeet.automation (
  environment text not null,
  -- An asset's key for its condition, else the name of a schedule or sensor.
  name text not null,
  kind text not null check (kind in ('condition', 'schedule', 'sensor')),
  -- Fingerprint of what it was then: when that changes, what it remembers means nothing.
  definition text not null,
  -- Up to here it has been evaluated: ticks, changes and calls after it are still to come.
  evaluated_at timestamptz not null,
  -- Grows with everything that is recorded: of two evaluators that began at the same one, one is recorded.
  revision bigint not null default 1,
  -- What it remembers: of a condition sets of partitions, of a sensor its cursor.
  state jsonb not null,
  -- Of a condition: what was visible to the evaluation, and the last event before it.
  seen pg_snapshot,
  sequence bigint,
  -- Why the last evaluation came to nothing; null: it did not fail.
  failure jsonb,
  primary key (environment, name)
);

create table watersmeet.automation_pause (
  environment text not null,
  name text not null,
  paused_by text not null check (paused_by <> ''),
  reason text not null check (reason <> ''),
  paused_at timestamptz not null default now(),
  primary key (environment, name)
);

-- An evaluation that came to something. Evaluations that found nothing to do leave no row.
create table watersmeet.automation_tick (
  id bigint generated always as identity primary key,
  environment text not null,
  name text not null,
  kind text not null check (kind in ('condition', 'schedule', 'sensor')),
  -- Of a schedule the instant that the tick is for, else when it was evaluated.
  instant timestamptz not null,
  evaluated_at timestamptz not null,
  outcome text not null check (outcome in ('requested', 'skipped', 'deduplicated', 'failed')),
  -- Ticks before this one that were not run.
  missed_count integer not null default 0,
  message text not null,
  -- Of a condition: the evaluation step by step, for the partitions that were requested.
  explanation jsonb
);
-- However many evaluators there are, and whatever their clocks say, a tick is taken once.
create unique index automation_tick_once on watersmeet.automation_tick (environment, name, instant) where kind = 'schedule';
create index automation_tick_by_name on watersmeet.automation_tick (environment, name, id);

-- A run that was asked for. It is submitted with an idempotency key of its own, so however often that is tried, it is one run.
create table watersmeet.automation_request (
  id bigint generated always as identity primary key,
  tick_id bigint not null references watersmeet.automation_tick (id),
  environment text not null,
  name text not null,
  -- What a sensor says that the run is for.
  dedupe_key text,
  request jsonb not null,
  run_id bigint,
  -- Why no run could be made of it.
  failure jsonb
);
create unique index automation_request_once on watersmeet.automation_request (environment, name, dedupe_key) where dedupe_key is not null;
create index automation_request_open on watersmeet.automation_request (environment, id) where run_id is null and failure is null;
create index automation_request_by_tick on watersmeet.automation_request (tick_id);
