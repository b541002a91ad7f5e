create type watersmeet.run_state as enum ('queued', 'running', 'paused', 'cancelling', 'succeeded', 'failed', 'cancelled');
create type watersmeet.step_state as enum ('waiting', 'ready', 'running', 'succeeded', 'unchanged', 'failed', 'blocked', 'upstreamFailed', 'cancelled');

create table watersmeet.asset_pace (
  asset text not null,
  weight double precision not null,
  mean_ms double precision not null,
  mean_rows double precision not null,
  rows_rows double precision not null,
  rows_ms double precision not null
);
create table watersmeet.attempt (
  run_id bigint not null,
  ordinal integer not null,
  attempt integer not null,
  outcome text not null,
  worker_id bigint not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone not null,
  timings jsonb,
  failure jsonb
);
create table watersmeet.automation (
  environment text not null,
  name text not null,
  kind text not null,
  definition text not null,
  evaluated_at timestamp with time zone not null,
  revision bigint not null default 1,
  state jsonb not null,
  seen pg_snapshot,
  sequence bigint,
  failure jsonb
);
create table watersmeet.automation_pause (
  environment text not null,
  name text not null,
  paused_by text not null,
  reason text not null,
  paused_at timestamp with time zone not null default now()
);
create table watersmeet.automation_request (
  id bigint not null generated always as identity,
  tick_id bigint not null,
  environment text not null,
  name text not null,
  dedupe_key text,
  request jsonb not null,
  run_id bigint,
  failure jsonb
);
create table watersmeet.automation_tick (
  id bigint not null generated always as identity,
  environment text not null,
  name text not null,
  kind text not null,
  instant timestamp with time zone not null,
  evaluated_at timestamp with time zone not null,
  outcome text not null,
  missed_count integer not null default 0,
  message text not null,
  explanation jsonb
);
create table watersmeet.batch (
  id bigint not null generated always as identity,
  materialization_id bigint not null,
  branch text not null,
  batch_key text not null,
  batch_id text not null,
  generation integer not null,
  digest text not null,
  row_count bigint not null,
  outcome text not null
);
create table watersmeet.breaker (
  resource text not null,
  settings jsonb,
  retry_budget jsonb,
  state text not null default 'closed'::text,
  generation bigint not null default 0,
  counted_from bigint not null default 0,
  retry_at timestamp with time zone,
  opened_at timestamp with time zone,
  failed_probes smallint not null default 0,
  probe_ok smallint not null default 0,
  reason text,
  changed_by text not null default 'watersmeet'::text,
  changed_at timestamp with time zone not null default now(),
  closed_at timestamp with time zone,
  probing_until timestamp with time zone
);
create table watersmeet.breaker_bucket (
  resource text not null,
  worker_id bigint not null,
  bucket_at timestamp with time zone not null,
  generation bigint not null,
  ok integer not null default 0,
  bad integer not null default 0,
  slow integer not null default 0,
  attempts integer not null default 0,
  retries integer not null default 0,
  bad_streak integer not null default 0,
  unreachable_streak integer not null default 0
);
create table watersmeet.breaker_suspect (
  resource text not null,
  worker_id bigint not null,
  until timestamp with time zone not null,
  times smallint not null default 1,
  reason text not null
);
create table watersmeet.decision (
  id bigint not null generated always as identity,
  environment text not null,
  asset text not null,
  kind text not null,
  given_by text not null,
  reason text not null,
  details jsonb not null default '{}'::jsonb,
  given_at timestamp with time zone not null default now(),
  after_materialization bigint not null
);
create table watersmeet.environment (
  name text not null,
  parent text,
  created_at timestamp with time zone not null default now()
);
create table watersmeet.event (
  sequence bigint not null generated always as identity,
  at timestamp with time zone not null default clock_timestamp(),
  kind text not null,
  run_id bigint,
  asset text,
  partition text,
  body jsonb not null
);
create table watersmeet.failed_partition (
  environment text not null,
  asset text not null,
  partition text not null,
  run_id bigint not null,
  ordinal integer not null,
  failed_at timestamp with time zone not null
);
create table watersmeet.head (
  environment text not null,
  asset text not null,
  partition text not null,
  materialization_id bigint not null,
  moved_at timestamp with time zone not null
) with (fillfactor=80);
create table watersmeet.head_pin (
  decision_id bigint not null,
  environment text not null,
  asset text not null,
  partition text not null,
  store text not null,
  store_id text not null,
  from_version integer not null,
  to_version integer not null,
  materialization_id bigint not null,
  moved_at timestamp with time zone
);
create table watersmeet.installation (
  only_row boolean not null default true,
  id text not null default substr(md5((gen_random_uuid())::text), 1, 8),
  created_at timestamp with time zone not null default now()
);
create table watersmeet.lane_budget (
  run_id bigint not null,
  lane smallint not null,
  staged_bytes bigint not null default 0,
  allowed_bytes bigint not null,
  is_paused boolean not null default false,
  made_bytes bigint not null default 0,
  made_count integer not null default 0
);
create table watersmeet.lane_wait (
  run_id bigint not null,
  lane smallint not null,
  since timestamp with time zone not null default now(),
  seen_at timestamp with time zone not null default now()
);
create table watersmeet.limit_history (
  resource text not null,
  at timestamp with time zone not null default clock_timestamp(),
  concurrency integer not null,
  slowdown double precision,
  base double precision not null,
  in_flight integer not null,
  ready integer not null,
  completed integer not null,
  failed integer not null,
  reason text not null
);
create table watersmeet.log_line (
  id bigint not null generated always as identity,
  run_id bigint not null,
  ordinal integer not null,
  attempt integer not null,
  at timestamp with time zone not null,
  level text not null,
  message text not null,
  fields jsonb
);
create table watersmeet.materialization (
  id bigint not null generated always as identity,
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
  started_at timestamp with time zone not null,
  committed_at timestamp with time zone not null,
  input_positions text[] not null,
  input_ids bigint[] not null,
  input_fingerprints jsonb not null
);
create table watersmeet.merge_order (
  decision_id bigint not null,
  environment text not null,
  asset text not null,
  partition text not null,
  batch_id text not null,
  kind text not null,
  overrides_closed boolean not null default false
);
create table watersmeet.migration (
  id integer not null,
  name text not null,
  applied_at timestamp with time zone not null default now()
);
create table watersmeet.release (
  id bigint not null generated always as identity,
  code_id text not null,
  declared_at timestamp with time zone not null default now()
);
create table watersmeet.resource (
  name text not null,
  concurrency integer,
  is_auto boolean not null default false,
  "least" integer not null default 1,
  rate_count integer,
  rate_ms double precision,
  rate_burst integer,
  full_at timestamp with time zone,
  auto_limit double precision,
  auto_memory jsonb,
  tick_at timestamp with time zone,
  restarted_at timestamp with time zone
);
create table watersmeet.resource_hold (
  resource text not null,
  until timestamp with time zone not null,
  reason text not null,
  noted_at timestamp with time zone not null default now()
);
create table watersmeet.resource_lease (
  resource text not null,
  run_id bigint not null,
  ordinal integer not null,
  worker_id bigint not null,
  weight integer not null default 1,
  taken_at timestamp with time zone not null default now(),
  is_probe boolean not null default false
);
create table watersmeet.resource_override (
  id bigint not null generated always as identity,
  resource text not null,
  concurrency integer not null,
  given_by text not null,
  reason text not null,
  given_at timestamp with time zone not null default now(),
  until timestamp with time zone,
  ended_at timestamp with time zone,
  ended_by text
);
create table watersmeet.resource_sample (
  id bigint not null generated always as identity,
  resource text not null,
  asset text not null,
  duration_ms double precision not null,
  row_count bigint not null,
  outcome text not null,
  ended_at timestamp with time zone not null
);
create table watersmeet.run (
  id bigint not null generated always as identity,
  kind text not null,
  environment text not null,
  state watersmeet.run_state not null default 'queued'::watersmeet.run_state,
  round smallint not null default 1,
  selection text not null,
  partitions text,
  requested_by text not null,
  idempotency_key text,
  max_parallel integer,
  step_count integer not null,
  open_count integer not null,
  skipped jsonb not null,
  lanes jsonb not null,
  trace_id text not null,
  plan json not null,
  created_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  revision integer not null default 0,
  window_size integer,
  on_deploy text not null default 'pin'::text,
  code_as_of timestamp with time zone not null default now(),
  code_revision integer not null default 0,
  failure jsonb
);
create table watersmeet.run_asset (
  run_id bigint not null,
  "position" integer not null,
  asset text not null,
  first_ordinal integer not null,
  step_count integer not null,
  open_count integer not null,
  reasons jsonb not null,
  code_version text not null,
  schema_version text not null,
  store text not null,
  max_attempts smallint not null,
  succeeded integer not null default 0,
  unchanged integer not null default 0,
  failed integer not null default 0,
  blocked integer not null default 0,
  upstream_failed integer not null default 0,
  cancelled integer not null default 0,
  row_count bigint not null default 0,
  busy_ms bigint not null default 0,
  first_started_at timestamp with time zone,
  last_finished_at timestamp with time zone,
  wait jsonb,
  lane smallint not null default 0,
  priority integer not null default 0,
  resources jsonb not null default '[]'::jsonb,
  layout text,
  refusal jsonb
);
create table watersmeet.run_flush (
  run_id bigint not null,
  revision integer not null,
  good integer[] not null,
  bad integer[] not null,
  made integer[] not null default '{}'::integer[]
);
create table watersmeet.split (
  run_id bigint not null,
  ordinal integer not null,
  attempt integer not null,
  environment text not null,
  asset text not null,
  partition text not null,
  parts smallint not null,
  wanted smallint not null,
  row_count bigint not null,
  median_rows double precision,
  expected_ms double precision,
  planned_at timestamp with time zone not null default now(),
  slices jsonb
);
create table watersmeet.staged_output (
  run_id bigint not null,
  ordinal integer not null,
  lane smallint not null,
  size_bytes bigint not null
);
create table watersmeet.step (
  run_id bigint not null,
  ordinal integer not null,
  asset text not null,
  partition text not null,
  state watersmeet.step_state not null,
  lane smallint not null,
  reason smallint not null,
  priority integer not null,
  pending integer not null,
  attempt integer not null default 0,
  failures smallint not null default 0,
  crashes smallint not null default 0,
  round smallint not null default 1,
  worker_id bigint,
  not_before timestamp with time zone,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  materialization_id bigint,
  row_count bigint,
  progress jsonb,
  failure jsonb,
  deadline_at timestamp with time zone,
  decision jsonb,
  timings real[]
) with (fillfactor=70, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_cost_delay=0);
create table watersmeet.step_hold (
  run_id bigint not null,
  revision integer not null,
  worker_id bigint not null,
  taken_at timestamp with time zone not null default now(),
  steps integer[] not null
);
create table watersmeet.store (
  name text not null,
  store_id text not null,
  address text not null,
  reconciled_sequence bigint not null default 0,
  opened_at timestamp with time zone not null default now()
);
create table watersmeet.worker (
  id bigint not null generated always as identity,
  host text not null,
  pid integer not null,
  slots integer not null,
  stores text[] not null default '{}'::text[],
  started_at timestamp with time zone not null default now(),
  beat_at timestamp with time zone not null default now(),
  code_versions jsonb,
  code_id text,
  code_at timestamp with time zone
);

alter table watersmeet.asset_pace add constraint asset_pace_pkey PRIMARY KEY (asset);
alter table watersmeet.attempt add constraint attempt_outcome_check CHECK ((outcome = ANY (ARRAY['committed'::text, 'unchanged'::text, 'blocked'::text, 'failed'::text, 'cancelled'::text, 'lost'::text, 'released'::text])));
alter table watersmeet.attempt add constraint attempt_pkey PRIMARY KEY (run_id, ordinal, attempt);
alter table watersmeet.automation add constraint automation_kind_check CHECK ((kind = ANY (ARRAY['condition'::text, 'schedule'::text, 'sensor'::text])));
alter table watersmeet.automation add constraint automation_pkey PRIMARY KEY (environment, name);
alter table watersmeet.automation_pause add constraint automation_pause_paused_by_check CHECK ((paused_by <> ''::text));
alter table watersmeet.automation_pause add constraint automation_pause_pkey PRIMARY KEY (environment, name);
alter table watersmeet.automation_pause add constraint automation_pause_reason_check CHECK ((reason <> ''::text));
alter table watersmeet.automation_request add constraint automation_request_pkey PRIMARY KEY (id);
alter table watersmeet.automation_request add constraint automation_request_tick_id_fkey FOREIGN KEY (tick_id) REFERENCES watersmeet.automation_tick(id);
alter table watersmeet.automation_tick add constraint automation_tick_kind_check CHECK ((kind = ANY (ARRAY['condition'::text, 'schedule'::text, 'sensor'::text])));
alter table watersmeet.automation_tick add constraint automation_tick_outcome_check CHECK ((outcome = ANY (ARRAY['requested'::text, 'skipped'::text, 'deduplicated'::text, 'failed'::text])));
alter table watersmeet.automation_tick add constraint automation_tick_pkey PRIMARY KEY (id);
alter table watersmeet.batch add constraint batch_outcome_check CHECK ((outcome = ANY (ARRAY['admitted'::text, 'duplicate'::text, 'superseding'::text, 'held'::text, 'rejected'::text, 'revoked'::text])));
alter table watersmeet.batch add constraint batch_pkey PRIMARY KEY (id);
alter table watersmeet.breaker add constraint breaker_check CHECK (((state <> 'open'::text) OR ((opened_at IS NOT NULL) AND (retry_at IS NOT NULL))));
alter table watersmeet.breaker add constraint breaker_check1 CHECK (((state = 'closed'::text) OR (reason <> ''::text)));
alter table watersmeet.breaker add constraint breaker_pkey PRIMARY KEY (resource);
alter table watersmeet.breaker add constraint breaker_state_check CHECK ((state = ANY (ARRAY['closed'::text, 'open'::text, 'forcedOpen'::text, 'disabled'::text])));
alter table watersmeet.breaker_bucket add constraint breaker_bucket_pkey PRIMARY KEY (resource, worker_id, bucket_at, generation);
alter table watersmeet.breaker_bucket add constraint breaker_bucket_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES watersmeet.worker(id) ON DELETE CASCADE;
alter table watersmeet.breaker_suspect add constraint breaker_suspect_pkey PRIMARY KEY (resource, worker_id);
alter table watersmeet.breaker_suspect add constraint breaker_suspect_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES watersmeet.worker(id) ON DELETE CASCADE;
alter table watersmeet.decision add constraint decision_given_by_check CHECK ((given_by <> ''::text));
alter table watersmeet.decision add constraint decision_kind_check CHECK ((kind = ANY (ARRAY['revoke'::text, 'admit'::text, 'reject'::text, 'rollback'::text, 'freeze'::text, 'unfreeze'::text])));
alter table watersmeet.decision add constraint decision_pkey PRIMARY KEY (id);
alter table watersmeet.decision add constraint decision_reason_check CHECK ((reason <> ''::text));
alter table watersmeet.environment add constraint environment_check CHECK ((parent IS DISTINCT FROM name));
alter table watersmeet.environment add constraint environment_parent_fkey FOREIGN KEY (parent) REFERENCES watersmeet.environment(name);
alter table watersmeet.environment add constraint environment_pkey PRIMARY KEY (name);
alter table watersmeet.event add constraint event_pkey PRIMARY KEY (sequence);
alter table watersmeet.failed_partition add constraint failed_partition_pkey PRIMARY KEY (environment, asset, partition);
alter table watersmeet.head add constraint head_pkey PRIMARY KEY (environment, asset, partition);
alter table watersmeet.head_pin add constraint head_pin_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES watersmeet.decision(id);
alter table watersmeet.head_pin add constraint head_pin_pkey PRIMARY KEY (environment, asset, partition, decision_id);
alter table watersmeet.installation add constraint installation_only_row_check CHECK (only_row);
alter table watersmeet.installation add constraint installation_pkey PRIMARY KEY (only_row);
alter table watersmeet.lane_budget add constraint lane_budget_allowed_bytes_check CHECK ((allowed_bytes > 0));
alter table watersmeet.lane_budget add constraint lane_budget_pkey PRIMARY KEY (run_id, lane);
alter table watersmeet.lane_budget add constraint lane_budget_run_id_fkey FOREIGN KEY (run_id) REFERENCES watersmeet.run(id) ON DELETE CASCADE;
alter table watersmeet.lane_wait add constraint lane_wait_pkey PRIMARY KEY (run_id, lane);
alter table watersmeet.limit_history add constraint limit_history_pkey PRIMARY KEY (resource, at);
alter table watersmeet.log_line add constraint log_line_level_check CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warn'::text, 'error'::text])));
alter table watersmeet.log_line add constraint log_line_pkey PRIMARY KEY (id);
alter table watersmeet.materialization add constraint materialization_check CHECK ((cardinality(input_positions) = cardinality(input_ids)));
alter table watersmeet.materialization add constraint materialization_commit_id_store_id_key UNIQUE (commit_id, store_id);
alter table watersmeet.materialization add constraint materialization_pkey PRIMARY KEY (id);
alter table watersmeet.merge_order add constraint merge_order_check CHECK (((kind = 'admit'::text) OR (NOT overrides_closed)));
alter table watersmeet.merge_order add constraint merge_order_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES watersmeet.decision(id);
alter table watersmeet.merge_order add constraint merge_order_kind_check CHECK ((kind = ANY (ARRAY['revoke'::text, 'admit'::text, 'reject'::text])));
alter table watersmeet.merge_order add constraint merge_order_pkey PRIMARY KEY (environment, asset, partition, batch_id, kind, overrides_closed);
alter table watersmeet.migration add constraint migration_pkey PRIMARY KEY (id);
alter table watersmeet.release add constraint release_code_id_key UNIQUE (code_id);
alter table watersmeet.release add constraint release_pkey PRIMARY KEY (id);
alter table watersmeet.resource add constraint resource_concurrency_check CHECK ((concurrency > 0));
alter table watersmeet.resource add constraint resource_least_check CHECK (("least" > 0));
alter table watersmeet.resource add constraint resource_pkey PRIMARY KEY (name);
alter table watersmeet.resource add constraint resource_rate_burst_check CHECK ((rate_burst > 0));
alter table watersmeet.resource add constraint resource_rate_check CHECK ((((rate_count IS NULL) = (rate_ms IS NULL)) AND ((rate_count IS NULL) = (rate_burst IS NULL))));
alter table watersmeet.resource add constraint resource_rate_count_check CHECK ((rate_count > 0));
alter table watersmeet.resource add constraint resource_rate_ms_check CHECK ((rate_ms > (0)::double precision));
alter table watersmeet.resource_lease add constraint resource_lease_pkey PRIMARY KEY (resource, run_id, ordinal);
alter table watersmeet.resource_lease add constraint resource_lease_resource_fkey FOREIGN KEY (resource) REFERENCES watersmeet.resource(name);
alter table watersmeet.resource_lease add constraint resource_lease_weight_check CHECK ((weight > 0));
alter table watersmeet.resource_lease add constraint resource_lease_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES watersmeet.worker(id) ON DELETE CASCADE;
alter table watersmeet.resource_override add constraint resource_override_check CHECK (((ended_at IS NULL) = (ended_by IS NULL)));
alter table watersmeet.resource_override add constraint resource_override_concurrency_check CHECK ((concurrency > 0));
alter table watersmeet.resource_override add constraint resource_override_given_by_check CHECK ((given_by <> ''::text));
alter table watersmeet.resource_override add constraint resource_override_pkey PRIMARY KEY (id);
alter table watersmeet.resource_override add constraint resource_override_reason_check CHECK ((reason <> ''::text));
alter table watersmeet.resource_sample add constraint resource_sample_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'failed'::text, 'throttled'::text])));
alter table watersmeet.resource_sample add constraint resource_sample_pkey PRIMARY KEY (id);
alter table watersmeet.run add constraint run_environment_fkey FOREIGN KEY (environment) REFERENCES watersmeet.environment(name);
alter table watersmeet.run add constraint run_idempotency_key_key UNIQUE (idempotency_key);
alter table watersmeet.run add constraint run_kind_check CHECK ((kind = ANY (ARRAY['run'::text, 'backfill'::text])));
alter table watersmeet.run add constraint run_max_parallel_check CHECK ((max_parallel > 0));
alter table watersmeet.run add constraint run_on_deploy_check CHECK ((on_deploy = ANY (ARRAY['pin'::text, 'upgrade'::text, 'abort'::text])));
alter table watersmeet.run add constraint run_open_count_check CHECK ((open_count >= 0));
alter table watersmeet.run add constraint run_pkey PRIMARY KEY (id);
alter table watersmeet.run add constraint run_window_size_check CHECK ((window_size > 0));
alter table watersmeet.run_asset add constraint run_asset_open_count_check CHECK ((open_count >= 0));
alter table watersmeet.run_asset add constraint run_asset_pkey PRIMARY KEY (run_id, "position");
alter table watersmeet.run_asset add constraint run_asset_run_id_fkey FOREIGN KEY (run_id) REFERENCES watersmeet.run(id) ON DELETE CASCADE;
alter table watersmeet.run_flush add constraint run_flush_pkey PRIMARY KEY (run_id, revision);
alter table watersmeet.split add constraint split_parts_check CHECK ((parts >= 1));
alter table watersmeet.split add constraint split_pkey PRIMARY KEY (run_id, ordinal, attempt);
alter table watersmeet.split add constraint split_row_count_check CHECK ((row_count >= 0));
alter table watersmeet.split add constraint split_run_id_fkey FOREIGN KEY (run_id) REFERENCES watersmeet.run(id) ON DELETE CASCADE;
alter table watersmeet.split add constraint split_wanted_check CHECK ((wanted >= 1));
alter table watersmeet.staged_output add constraint staged_output_pkey PRIMARY KEY (run_id, ordinal);
alter table watersmeet.staged_output add constraint staged_output_run_id_fkey FOREIGN KEY (run_id) REFERENCES watersmeet.run(id) ON DELETE CASCADE;
alter table watersmeet.staged_output add constraint staged_output_size_bytes_check CHECK ((size_bytes >= 0));
alter table watersmeet.step add constraint step_check CHECK (((state <> 'running'::watersmeet.step_state) OR (worker_id IS NOT NULL)));
alter table watersmeet.step add constraint step_pkey PRIMARY KEY (run_id, ordinal);
alter table watersmeet.step_hold add constraint step_hold_pkey PRIMARY KEY (run_id, revision);
alter table watersmeet.store add constraint store_pkey PRIMARY KEY (name);
alter table watersmeet.worker add constraint worker_pkey PRIMARY KEY (id);

CREATE INDEX automation_request_by_tick ON watersmeet.automation_request USING btree (tick_id);
CREATE UNIQUE INDEX automation_request_once ON watersmeet.automation_request USING btree (environment, name, dedupe_key) WHERE (dedupe_key IS NOT NULL);
CREATE INDEX automation_request_open ON watersmeet.automation_request USING btree (environment, id) WHERE ((run_id IS NULL) AND (failure IS NULL));
CREATE INDEX automation_tick_by_name ON watersmeet.automation_tick USING btree (environment, name, id);
CREATE UNIQUE INDEX automation_tick_once ON watersmeet.automation_tick USING btree (environment, name, instant) WHERE (kind = 'schedule'::text);
CREATE INDEX batch_by_key ON watersmeet.batch USING btree (batch_key);
CREATE INDEX batch_by_materialization ON watersmeet.batch USING btree (materialization_id);
CREATE INDEX decision_by_asset ON watersmeet.decision USING btree (environment, asset, id);
CREATE INDEX event_by_asset ON watersmeet.event USING btree (asset, sequence) WHERE (asset IS NOT NULL);
CREATE INDEX event_by_run ON watersmeet.event USING btree (run_id, sequence) WHERE (run_id IS NOT NULL);
CREATE INDEX head_pin_pending ON watersmeet.head_pin USING btree (store) WHERE (moved_at IS NULL);
CREATE INDEX log_line_by_step ON watersmeet.log_line USING btree (run_id, ordinal, id);
CREATE INDEX materialization_by_partition ON watersmeet.materialization USING btree (asset, partition, id);
CREATE INDEX merge_order_by_decision ON watersmeet.merge_order USING btree (decision_id);
CREATE INDEX resource_hold_until ON watersmeet.resource_hold USING btree (resource, until);
CREATE INDEX resource_lease_by_step ON watersmeet.resource_lease USING btree (run_id, ordinal);
CREATE INDEX resource_lease_by_worker ON watersmeet.resource_lease USING btree (worker_id);
CREATE INDEX resource_override_open ON watersmeet.resource_override USING btree (resource, id) WHERE (ended_at IS NULL);
CREATE INDEX resource_sample_by_resource ON watersmeet.resource_sample USING btree (resource, id);
CREATE INDEX run_asset_by_asset ON watersmeet.run_asset USING btree (asset, run_id);
CREATE INDEX run_open ON watersmeet.run USING btree (id) WHERE (state < 'succeeded'::watersmeet.run_state);
CREATE INDEX split_of_partition ON watersmeet.split USING btree (environment, asset, partition, run_id DESC);
CREATE INDEX step_deadline ON watersmeet.step USING btree (deadline_at) WHERE ((state = 'waiting'::watersmeet.step_state) AND (deadline_at IS NOT NULL));
CREATE INDEX step_ready ON watersmeet.step USING btree (run_id, lane, priority DESC, ordinal) WHERE (state = 'ready'::watersmeet.step_state);
CREATE INDEX step_running ON watersmeet.step USING btree (run_id, ordinal) WHERE (state = 'running'::watersmeet.step_state);
CREATE INDEX step_suspect ON watersmeet.step USING btree (run_id) WHERE ((state = 'ready'::watersmeet.step_state) AND (crashes > 0));

create view watersmeet.ended_attempt as
 SELECT attempt.run_id,
    attempt.ordinal,
    attempt.attempt,
    attempt.outcome,
    attempt.worker_id,
    attempt.started_at,
    attempt.finished_at,
    attempt.timings,
    attempt.failure
   FROM watersmeet.attempt
UNION ALL
 SELECT step.run_id,
    step.ordinal,
    step.attempt,
        CASE step.state
            WHEN 'succeeded'::watersmeet.step_state THEN 'committed'::text
            ELSE (step.state)::text
        END AS outcome,
    step.worker_id,
    step.started_at,
    step.finished_at,
        CASE
            WHEN (step.timings IS NOT NULL) THEN jsonb_build_object('userMs', step.timings[1], 'stageMs', step.timings[2], 'gateMs', step.timings[3], 'commitMs', step.timings[4])
            ELSE NULL::jsonb
        END AS timings,
    step.failure
   FROM watersmeet.step
  WHERE ((step.state = ANY (ARRAY['succeeded'::watersmeet.step_state, 'unchanged'::watersmeet.step_state, 'failed'::watersmeet.step_state, 'blocked'::watersmeet.step_state, 'cancelled'::watersmeet.step_state])) AND (step.worker_id IS NOT NULL) AND (NOT (EXISTS ( SELECT
           FROM watersmeet.attempt known
          WHERE ((known.run_id = step.run_id) AND (known.ordinal = step.ordinal) AND (known.attempt = step.attempt))))));

CREATE OR REPLACE FUNCTION watersmeet.end_steps(the_run bigint, seen_revision integer, the_worker bigint, kind_assets text[], kind_stores text[], kind_codes text[], kind_schemas text[], kind_inputs text[], kind_lanes smallint[], kind_priorities integer[], positions integer[], counts integer[], rows_made bigint[], busy_ms bigint[], first_ms double precision[], last_ms double precision[], held_count integer, kinds integer[], ordinals integer[], attempts integer[], reasons smallint[], partitions text[], versions integer[], commit_ids text[], digests text[], row_counts bigint[], sizes bigint[], quarantined bigint[], all_facts jsonb[], timings real[], started_ms double precision[], finished_ms double precision[], committed timestamp with time zone[], input_ids bigint[], input_ends integer[], fingerprints jsonb[], made integer[], done_holds integer[], taken integer[], ready integer[], ready_kinds integer[], ready_partitions text[], ready_reasons smallint[], event_kinds text[], event_assets text[], event_partitions text[], event_bodies jsonb[])
 RETURNS bigint[]
 LANGUAGE plpgsql
AS $function$
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
end $function$;
CREATE OR REPLACE FUNCTION watersmeet.order_events()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended('watersmeet.event', 0));
  return null;
end $function$;
CREATE OR REPLACE FUNCTION watersmeet.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $function$;
CREATE OR REPLACE FUNCTION watersmeet.refuse_second_ending()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'a % has ended as % and cannot become %', tg_table_name, old.state, new.state using errcode = 'restrict_violation';
end $function$;

CREATE TRIGGER decision_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON watersmeet.decision FOR EACH STATEMENT EXECUTE FUNCTION watersmeet.refuse_change();
CREATE TRIGGER event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON watersmeet.event FOR EACH STATEMENT EXECUTE FUNCTION watersmeet.refuse_change();
CREATE TRIGGER event_order BEFORE INSERT ON watersmeet.event FOR EACH STATEMENT EXECUTE FUNCTION watersmeet.order_events();
CREATE TRIGGER merge_order_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON watersmeet.merge_order FOR EACH STATEMENT EXECUTE FUNCTION watersmeet.refuse_change();
CREATE TRIGGER run_ends_once BEFORE UPDATE OF state ON watersmeet.run FOR EACH ROW WHEN (((old.state >= 'succeeded'::watersmeet.run_state) AND (new.state <> old.state) AND (new.round <= old.round))) EXECUTE FUNCTION watersmeet.refuse_second_ending();
CREATE TRIGGER step_ends_once BEFORE UPDATE OF state ON watersmeet.step FOR EACH ROW WHEN (((old.state >= 'succeeded'::watersmeet.step_state) AND (new.state <> old.state) AND (new.round <= old.round))) EXECUTE FUNCTION watersmeet.refuse_second_ending();
