-- Budgets of what waits between the stages of a run, limits that begin again after an outage, and probes.

-- What a run has made of an asset with a budget, until all steps of the run that read it have ended. Written under the run's lock.
create table watersmeet.staged_output (
  run_id bigint not null references watersmeet.run (id) on delete cascade,
  ordinal integer not null,
  lane smallint not null,
  size_bytes bigint not null check (size_bytes >= 0),
  primary key (run_id, ordinal)
);

-- How full the budget of a lane is. No row: nothing was made yet. Written under the run's lock, read by claims without one.
create table watersmeet.lane_budget (
  run_id bigint not null references watersmeet.run (id) on delete cascade,
  lane smallint not null,
  staged_bytes bigint not null default 0,
  -- The budget; more after the lane was let through although it was full, because nothing else of the run could go on.
  allowed_bytes bigint not null check (allowed_bytes > 0),
  is_paused boolean not null default false,
  -- All that was made so far, read or not: what the next step is likely to make.
  made_bytes bigint not null default 0,
  made_count integer not null default 0,
  primary key (run_id, lane)
);

-- When it went from open to closed last, by itself or by hand: limits that adapt begin again at a quarter.
alter table watersmeet.breaker add column closed_at timestamptz;
-- The closing that the controller has heard of. Written by its tick alone: who closes a breaker holds no lock of a resource.
alter table watersmeet.resource add column restarted_at timestamptz;

-- Half-open, of a breaker with a probe: until when a worker is asking. Null: nobody has asked since it opened. Past: the answer told nothing, so a step is tried.
alter table watersmeet.breaker add column probing_until timestamptz;
