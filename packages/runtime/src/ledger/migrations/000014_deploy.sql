-- What becomes of a run's steps that have not begun when workers with other code register: they stay pinned, go on with the new code, or the run is cancelled.
alter table watersmeet.run add column on_deploy text not null default 'pin' check (on_deploy in ('pin', 'upgrade', 'abort'));
-- A worker that declares its code after this moment brings news to the run.
alter table watersmeet.run add column code_as_of timestamptz not null default now();
-- Grows each time assets of the run are pinned to other code.
alter table watersmeet.run add column code_revision integer not null default 0;
-- Why it was cancelled, when nobody asked for it.
alter table watersmeet.run add column failure jsonb;

-- What the plan took for granted of the asset: what it reads, its partitions, how it is executed. Null: a run from before this was kept.
alter table watersmeet.run_asset add column layout text;
-- Why its steps cannot be executed with the code that was deployed.
alter table watersmeet.run_asset add column refusal jsonb;

-- Every code that a worker has declared, in the order of the first time. Among live workers the newest is the one that is deployed.
create table watersmeet.release (
  id bigint generated always as identity primary key,
  code_id text not null unique,
  declared_at timestamptz not null default now()
);
alter table watersmeet.worker add column code_id text;
alter table watersmeet.worker add column code_at timestamptz;
