-- Circuit breakers: one per resource, shared by all workers, and the counts that they are decided by.

create table watersmeet.breaker (
  resource text primary key,
  -- As configured, complete: whoever opens the project last sets them. Null: no breaker is configured for the resource.
  settings jsonb,
  -- How many failures may be tried again; null: as many as their own limits say.
  retry_budget jsonb,
  -- closed: calls are let through and counted. open: none until retry_at, from then on a few probes. forcedOpen and disabled: by hand, until retry_at
  -- (null: until somebody resets it), from then on as closed.
  state text not null default 'closed' check (state in ('closed', 'open', 'forcedOpen', 'disabled')),
  -- Grows with every move; who moves it names the generation that it saw, so that one of those who found the same thing does.
  generation bigint not null default 0,
  -- What was counted in earlier generations tells nothing of the present.
  counted_from bigint not null default 0,
  retry_at timestamptz,
  -- When the trouble began that it is open for; failed probes do not begin another.
  opened_at timestamptz,
  failed_probes smallint not null default 0,
  probe_ok smallint not null default 0,
  reason text,
  changed_by text not null default 'watersmeet',
  changed_at timestamptz not null default now(),
  check (state <> 'open' or (opened_at is not null and retry_at is not null)),
  check (state = 'closed' or reason <> '')
);

-- What a worker's steps met at a resource, in spans of 15 s. Rows older than the window go when new ones come.
create table watersmeet.breaker_bucket (
  resource text not null,
  worker_id bigint not null references watersmeet.worker (id) on delete cascade,
  bucket_at timestamptz not null,
  -- Of the breaker, as the worker saw it.
  generation bigint not null,
  ok integer not null default 0,
  bad integer not null default 0,
  slow integer not null default 0,
  -- Of the retry budget: attempts that ended, and failures that were tried again.
  attempts integer not null default 0,
  retries integer not null default 0,
  -- Failures since the last call that was answered, and those of them that did not reach the resource at all.
  bad_streak integer not null default 0,
  unreachable_streak integer not null default 0,
  primary key (resource, worker_id, bucket_at, generation)
);

-- Workers that fail at a resource at which others do not: they leave it alone for a while.
create table watersmeet.breaker_suspect (
  resource text not null,
  worker_id bigint not null references watersmeet.worker (id) on delete cascade,
  until timestamptz not null,
  times smallint not null default 1,
  reason text not null,
  primary key (resource, worker_id)
);

-- A probe holds a lease like any step; the permit comes back with it.
alter table watersmeet.resource_lease add column if not exists is_probe boolean not null default false;
