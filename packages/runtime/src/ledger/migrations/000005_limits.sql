-- Limits of outside systems: several per step with weights, rates, limits that adapt, and what people set for a while.

-- As configured; whoever opens the project last sets it. Null: no limit of units. Of a limit that adapts: the largest it may become.
alter table watersmeet.resource alter column concurrency drop not null;
alter table watersmeet.resource add column is_auto boolean not null default false;
alter table watersmeet.resource add column least integer not null default 1 check (least > 0);
-- Starts per span, and how many may be saved up; null: no rate.
alter table watersmeet.resource add column rate_count integer check (rate_count > 0);
alter table watersmeet.resource add column rate_ms double precision check (rate_ms > 0);
alter table watersmeet.resource add column rate_burst integer check (rate_burst > 0);
alter table watersmeet.resource add constraint resource_rate_check check ((rate_count is null) = (rate_ms is null) and (rate_count is null) = (rate_burst is null));
-- When the bucket will be full again (GCRA): every start moves it by one interval.
alter table watersmeet.resource add column full_at timestamptz;
-- Of a limit that adapts: where it is, what its controller remembers, and when it looks again.
alter table watersmeet.resource add column auto_limit double precision;
alter table watersmeet.resource add column auto_memory jsonb;
alter table watersmeet.resource add column tick_at timestamptz;

-- What a person set instead of the configured limit. Rows are never changed but for their end; the newest one that holds counts.
create table watersmeet.resource_override (
  id bigint generated always as identity primary key,
  resource text not null,
  concurrency integer not null check (concurrency > 0),
  given_by text not null check (given_by <> ''),
  reason text not null check (reason <> ''),
  given_at timestamptz not null default now(),
  until timestamptz,
  ended_at timestamptz,
  ended_by text,
  check ((ended_at is null) = (ended_by is null))
);
create index resource_override_open on watersmeet.resource_override (resource, id) where ended_at is null;

-- "Not before": what a resource answered to one step holds for the steps of all workers. Only added to, so that no writer waits for a claim.
create table watersmeet.resource_hold (
  resource text not null,
  until timestamptz not null,
  reason text not null,
  noted_at timestamptz not null default now()
);
create index resource_hold_until on watersmeet.resource_hold (resource, until);

-- Steps that ended at a resource whose limit adapts, until its controller has looked at them.
create table watersmeet.resource_sample (
  id bigint generated always as identity primary key,
  resource text not null,
  asset text not null,
  duration_ms double precision not null,
  row_count bigint not null,
  outcome text not null check (outcome in ('ok', 'failed', 'throttled')),
  ended_at timestamptz not null
);
create index resource_sample_by_resource on watersmeet.resource_sample (resource, id);

-- What a step of an asset usually takes at such a resource: a line through what was seen, fading.
create table watersmeet.asset_pace (
  asset text primary key,
  weight double precision not null,
  mean_ms double precision not null,
  mean_rows double precision not null,
  rows_rows double precision not null,
  rows_ms double precision not null
);

-- What the controller saw and did.
create table watersmeet.limit_history (
  resource text not null,
  at timestamptz not null default clock_timestamp(),
  concurrency integer not null,
  slowdown double precision,
  base double precision not null,
  in_flight integer not null,
  ready integer not null,
  completed integer not null,
  failed integer not null,
  reason text not null,
  primary key (resource, at)
);

-- Lanes whose next step needs more units than are free, although some are: after a while they are kept for it.
create table watersmeet.lane_wait (
  -- No foreign key: its check would wait for who records steps of the run, and that one may wait for a resource.
  run_id bigint not null,
  lane smallint not null,
  since timestamptz not null default now(),
  -- When a worker that could take it last asked.
  seen_at timestamptz not null default now(),
  primary key (run_id, lane)
);

-- Several resources per step.
alter table watersmeet.run_asset add column resources jsonb not null default '[]';
update watersmeet.run_asset set resources = jsonb_build_array(jsonb_build_object('name', resource, 'weight', 1)) where resource is not null;
alter table watersmeet.run_asset drop column resource;
update watersmeet.run set lanes = (
  select jsonb_agg(jsonb_build_object('store', lane -> 'store', 'resources',
    case jsonb_typeof(lane -> 'resource') when 'string' then jsonb_build_array(jsonb_build_object('name', lane -> 'resource', 'weight', 1)) else '[]' end)
    order by position)
  from jsonb_array_elements(lanes) with ordinality as old (lane, position))
where lanes <> '[]';
