-- Who may run next is counted in the memory of workers; the ledger keeps what it takes to be sure of it.

-- Grows with every transaction that ends steps of the run, and with every cancel and retry. A worker whose counters are of this revision is exact.
alter table watersmeet.run add column revision integer not null default 0;
-- Steps have ended in these already, and nothing tells which.
update watersmeet.run set revision = 1 where state < 'succeeded';

-- Steps of a run that is too large to have all of its rows at once get theirs when they may run, so many ahead at a time; null: all had theirs from the start.
alter table watersmeet.run add column window_size integer check (window_size > 0);
-- What rows of steps are made with later.
alter table watersmeet.run_asset add column lane smallint not null default 0;
alter table watersmeet.run_asset add column priority integer not null default 0;

-- Which steps ended with which revision. What is missing (a cancel, a retry, or rows that were dropped since) makes a worker count again from the steps.
create table watersmeet.run_flush (
  run_id bigint not null references watersmeet.run (id) on delete cascade,
  revision integer not null,
  -- Steps by ordinal that others may read, and those that ended in another way.
  good integer[] not null,
  bad integer[] not null,
  -- Steps that got their rows.
  made integer[] not null default '{}',
  primary key (run_id, revision)
);

comment on column watersmeet.step.pending is 'inputs made by this run that were not there when the round of the step began';

-- Milliseconds of the last attempt that committed: user code, staging, gates, commit.
alter table watersmeet.step add column timings real[];

-- An attempt that is its step's last has no row of its own, unless it says more than the step does.
create view watersmeet.ended_attempt as
  select run_id, ordinal, attempt, outcome, worker_id, started_at, finished_at, timings, failure from watersmeet.attempt
  union all
  select run_id, ordinal, attempt, case state when 'succeeded' then 'committed' else state::text end, worker_id, started_at, finished_at,
    case when timings is not null then
      jsonb_build_object('userMs', timings[1], 'stageMs', timings[2], 'gateMs', timings[3], 'commitMs', timings[4]) end,
    failure
  from watersmeet.step
  where state in ('succeeded', 'unchanged', 'failed', 'blocked', 'cancelled') and worker_id is not null
    and not exists (select from watersmeet.attempt as known
      where known.run_id = step.run_id and known.ordinal = step.ordinal and known.attempt = step.attempt);
