-- What people, or the system, decided about assets and their versions. A decision is recorded before anything follows from it, and is never changed:
-- what follows is a run like any other, or a move of a head.

create table watersmeet.decision (
  -- Decisions about one asset are inserted one after the other, so their ids are the order in which they were committed.
  id bigint generated always as identity primary key,
  environment text not null,
  asset text not null,
  kind text not null check (kind in ('revoke', 'admit', 'reject', 'rollback', 'freeze', 'unfreeze')),
  -- The run that carries it out has the idempotency key 'decision:<id>'.
  given_by text not null check (given_by <> ''),
  reason text not null check (reason <> ''),
  details jsonb not null default '{}',
  given_at timestamptz not null default now(),
  -- Newest version of the asset that was recorded when the decision was given; 0: none. Puts decisions and versions into one order.
  after_materialization bigint not null
);
create index decision_by_asset on watersmeet.decision (environment, asset, id);

-- What a decision says of one batch of a merge. Given once: saying it again changes nothing.
create table watersmeet.merge_order (
  decision_id bigint not null references watersmeet.decision (id),
  environment text not null,
  asset text not null,
  partition text not null,
  batch_id text not null,
  kind text not null check (kind in ('revoke', 'admit', 'reject')),
  -- An admission may bring rows into a closed period.
  overrides_closed boolean not null default false check (kind = 'admit' or not overrides_closed),
  primary key (environment, asset, partition, batch_id, kind, overrides_closed)
);
create index merge_order_by_decision on watersmeet.merge_order (decision_id);

-- A version that readers were taken back to. It is in force while the head is the one that this move made: any later move of the head ends it.
create table watersmeet.head_pin (
  decision_id bigint not null references watersmeet.decision (id),
  environment text not null,
  asset text not null,
  partition text not null,
  store text not null,
  store_id text not null,
  -- Version that readers saw when it was decided.
  from_version integer not null,
  to_version integer not null,
  materialization_id bigint not null,
  -- When the head was moved; null: decided, and the store has not been asked yet, or its answer was not recorded.
  moved_at timestamptz,
  primary key (environment, asset, partition, decision_id)
);
create index head_pin_pending on watersmeet.head_pin (store) where moved_at is null;

create trigger decision_append_only before update or delete or truncate on watersmeet.decision
  for each statement execute function watersmeet.refuse_change();
create trigger merge_order_append_only before update or delete or truncate on watersmeet.merge_order
  for each statement execute function watersmeet.refuse_change();

-- Late rows are batches of their own, and deliveries of revoked batches are told.
alter table watersmeet.batch drop constraint batch_outcome_check;
alter table watersmeet.batch add constraint batch_outcome_check
  check (outcome in ('admitted', 'duplicate', 'superseding', 'held', 'rejected', 'revoked'));
