-- Steps that end as fast as they are released are written once, when they have ended; until then one row says who has them.

-- Steps without rows that a worker took when they were released: of a run that gives its steps their rows by and by. Written under the run's lock. Where
-- anybody must see such steps as running (the worker dies, one takes long, one fails), they get their rows and the hold goes.
create table watersmeet.step_hold (
  run_id bigint not null,
  -- Of the run, since they were taken.
  revision integer not null,
  worker_id bigint not null,
  taken_at timestamptz not null default now(),
  -- By ordinal. Those that have ended since have rows.
  steps integer[] not null,
  primary key (run_id, revision)
);

-- Runs are not deleted, and looking for the run of every flush cost as much as writing it.
alter table watersmeet.run_flush drop constraint run_flush_run_id_fkey;

-- Records steps of one run that have all succeeded, of a run that is as the worker remembers it and that no other run competes with: one call, one
-- transaction. Gives the ids of their versions; does nothing and gives null when the run is not what the worker takes it for; fails when one of the steps is
-- not held any more. `record-outcomes.ts` says what
-- has to be written in all other cases, and `record/plain/` when this is called.
-- The first `held_count` of the steps have no rows. `kinds` points into the arrays of what many of them have in common; `positions` to `last_ms` are by asset.
create function watersmeet.end_steps(
  the_run bigint, seen_revision integer, the_worker bigint,
  kind_assets text[], kind_stores text[], kind_codes text[], kind_schemas text[], kind_inputs text[], kind_lanes smallint[], kind_priorities integer[],
  positions integer[], counts integer[], rows_made bigint[], busy_ms bigint[], first_ms float8[], last_ms float8[],
  held_count integer, kinds integer[], ordinals integer[], attempts integer[], reasons smallint[], partitions text[], versions integer[], commit_ids text[],
  digests text[], row_counts bigint[], sizes bigint[], quarantined bigint[], all_facts jsonb[], timings real[], started_ms float8[], finished_ms float8[],
  committed timestamptz[], input_ids bigint[], input_ends integer[], fingerprints jsonb[],
  made integer[], done_holds integer[], taken integer[],
  ready integer[], ready_kinds integer[], ready_partitions text[], ready_reasons smallint[],
  event_kinds text[], event_assets text[], event_partitions text[], event_bodies jsonb[])
returns bigint[]
language plpgsql as $$
#variable_conflict use_variable
declare
  the_environment text;
  who text;
  trace text;
  store_ids text[];
  new_revision integer := seen_revision + 1;
  new_ids bigint[];
  ended integer := cardinality(ordinals);
  moved integer;
begin
  update watersmeet.run set revision = new_revision, open_count = open_count - ended
  where run.id = the_run and run.revision = seen_revision and run.state = 'running' and run.round = 1 and run.max_parallel is null
    and not exists (select from watersmeet.run as other
      where other.state < 'succeeded' and other.state in ('queued', 'running') and other.id <> the_run)
  returning run.environment, run.requested_by, run.trace_id into the_environment, who, trace;
  if not found then return null; end if;

  store_ids := array(
    select coalesce(store.store_id, '') from unnest(kind_stores) with ordinality as named (store, place)
    left join watersmeet.store on store.name = named.store order by place);
  new_ids := array(select nextval('watersmeet.materialization_id_seq') from generate_series(1, ended));

  insert into watersmeet.materialization (id, store, store_id, environment, run_id, requested_by, trace_id, asset, code_version, schema_version,
    input_positions, partition, version, commit_id, data_digest, row_count, size_bytes, quarantined_count, facts, ordinal, attempt, started_at,
    committed_at, input_ids, input_fingerprints)
  overriding system value
  select new.id, kind_stores[kind], store_ids[kind], the_environment, the_run, who, trace, kind_assets[kind], kind_codes[kind], kind_schemas[kind],
    kind_inputs[kind]::text[], new.partition, new.version, new.commit_id, new.digest, new.row_count, new.size, coalesce(new.quarantined, 0),
    coalesce(new.facts, '{}'), new.ordinal, new.attempt, to_timestamp(new.started_ms / 1000), new.committed_at,
    input_ids[coalesce(input_ends[place - 1], 0) + 1 : input_ends[place]], new.fingerprints
  from unnest(new_ids, kinds, ordinals, attempts, partitions, versions, commit_ids, digests, row_counts, sizes, quarantined, all_facts, started_ms,
    committed, fingerprints) with ordinality as new (id, kind, ordinal, attempt, partition, version, commit_id, digest, row_count, size, quarantined,
    facts, started_ms, committed_at, fingerprints, place);

  insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending, attempt, worker_id, started_at, finished_at,
    materialization_id, row_count, timings)
  select the_run, new.ordinal, kind_assets[kind], new.partition, 'succeeded', kind_lanes[kind], new.reason, kind_priorities[kind], 0, 1, the_worker,
    to_timestamp(new.started_ms / 1000), to_timestamp(new.finished_ms / 1000), new.id, new.row_count, timings[4 * place - 3 : 4 * place]
  from unnest(new_ids[:held_count], kinds[:held_count], ordinals[:held_count], partitions[:held_count], reasons[:held_count], row_counts[:held_count],
    started_ms[:held_count], finished_ms[:held_count]) with ordinality as new (id, kind, ordinal, partition, reason, row_count, started_ms, finished_ms, place);

  if ended > held_count then
    update watersmeet.step set state = 'succeeded', materialization_id = new.id, row_count = new.row_count,
      timings = timings[4 * (held_count + place) - 3 : 4 * (held_count + place)], started_at = to_timestamp(new.started_ms / 1000),
      finished_at = to_timestamp(new.finished_ms / 1000), progress = null, failure = null
    from unnest(array_fill(the_run, array[ended - held_count]), new_ids[held_count + 1 :], ordinals[held_count + 1 :], attempts[held_count + 1 :],
      row_counts[held_count + 1 :], started_ms[held_count + 1 :], finished_ms[held_count + 1 :]) with ordinality
      as new (run_id, id, ordinal, attempt, row_count, started_ms, finished_ms, place)
    where step.run_id = new.run_id and step.ordinal = new.ordinal and step.attempt = new.attempt and step.state = 'running';
    get diagnostics moved = row_count;
    if moved < ended - held_count then
      raise exception '% of % steps of run % are not held any more', ended - held_count - moved, ended, the_run using errcode = 'WM001';
    end if;
  end if;

  insert into watersmeet.head (environment, asset, partition, materialization_id, moved_at)
  select the_environment, kind_assets[kind], new.partition, new.id, new.committed_at
  from unnest(new_ids, kinds, partitions, committed) as new (id, kind, partition, committed_at)
  on conflict (environment, asset, partition) do update
    set materialization_id = excluded.materialization_id, moved_at = excluded.moved_at
    where head.moved_at <= excluded.moved_at;
  get diagnostics moved = row_count;
  if moved < ended then
    -- Clocks may differ: of two versions of one store the later one stays, whatever their commits say of the time.
    update watersmeet.head set materialization_id = later.id, moved_at = later.committed_at
    from unnest(new_ids) as new (id)
    join watersmeet.materialization as later on later.id = new.id
    join watersmeet.head as old on old.environment = the_environment and old.asset = later.asset and old.partition = later.partition
    join watersmeet.materialization as seen on seen.id = old.materialization_id and seen.store_id = later.store_id
    where head.environment = old.environment and head.asset = old.asset and head.partition = old.partition
      and seen.committed_at = old.moved_at and seen.version < later.version and head.materialization_id = seen.id;
  end if;

  if exists (select from watersmeet.failed_partition) then
    delete from watersmeet.failed_partition using unnest(array_fill(the_environment, array[ended]), kinds, partitions) as good (environment, kind, partition)
    where failed_partition.environment = good.environment and failed_partition.asset = kind_assets[good.kind]
      and failed_partition.partition = good.partition;
  end if;

  update watersmeet.run_asset set open_count = run_asset.open_count - more.count, succeeded = run_asset.succeeded + more.count,
    row_count = run_asset.row_count + more.row_count, busy_ms = run_asset.busy_ms + more.busy_ms,
    first_started_at = least(run_asset.first_started_at, to_timestamp(more.first_ms / 1000)),
    last_finished_at = greatest(run_asset.last_finished_at, to_timestamp(more.last_ms / 1000))
  from unnest(array_fill(the_run, array[cardinality(positions)]), positions, counts, rows_made, busy_ms, first_ms, last_ms)
    as more (run_id, position, count, row_count, busy_ms, first_ms, last_ms)
  where run_asset.run_id = more.run_id and run_asset.position = more.position;

  insert into watersmeet.run_flush (run_id, revision, good, bad, made) values (the_run, new_revision, ordinals, '{}', made);
  if new_revision % 64 = 0 then
    delete from watersmeet.run_flush where run_flush.run_id = the_run and run_flush.revision <= new_revision - 256;
  end if;

  if cardinality(done_holds) > 0 then
    delete from watersmeet.step_hold where step_hold.run_id = the_run and step_hold.revision = any(done_holds);
  end if;
  if cardinality(taken) > 0 then
    insert into watersmeet.step_hold (run_id, revision, worker_id, steps) values (the_run, new_revision, the_worker, taken);
  end if;
  if cardinality(ready) > 0 then
    insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending)
    select the_run, new.ordinal, kind_assets[kind], new.partition, 'ready', kind_lanes[kind], new.reason, kind_priorities[kind], 0
    from unnest(ready, ready_kinds, ready_partitions, ready_reasons) as new (ordinal, kind, partition, reason);
  end if;

  -- The last: from here to the commit no other process can append.
  insert into watersmeet.event (kind, run_id, asset, partition, body)
  select new.kind, the_run, new.asset, new.partition, new.body
  from unnest(event_kinds, event_assets, event_partitions, event_bodies) as new (kind, asset, partition, body);

  return new_ids;
end $$;
