import type { ResourceUse, WaitPolicy } from "@watersmeet/core";
import type { CutDecision, MergeOrder } from "@watersmeet/core/merge";
import type { RunReason, SkipReason } from "@watersmeet/core/plan";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from "kysely";
import type { DecisionKind, MaterializationId, OnDeploy, RunId, RunState, StepState } from "./records.ts";

/** Tables of schema `watersmeet`, as Kysely sees them. Big integers arrive as text. The one home of these types. */
export interface LedgerDatabase {
  readonly installation: { id: Generated<string>; created_at: Generated<Date> };
  readonly environment: { name: string; parent: string | null; created_at: Generated<Date> };
  readonly store: {
    name: string;
    store_id: string;
    address: string;
    reconciled_sequence: Generated<string>;
    opened_at: Generated<Date>;
  };
  readonly worker: {
    id: GeneratedAlways<string>;
    host: string;
    pid: number;
    slots: number;
    stores: readonly string[];
    started_at: Generated<Date>;
    beat_at: Generated<Date>;
  };
  readonly run: RunTable;
  readonly run_flush: {
    run_id: RunId;
    revision: number;
    good: readonly number[];
    bad: readonly number[];
    made: readonly number[];
  };
  readonly step_hold: {
    run_id: RunId;
    revision: number;
    worker_id: string;
    taken_at: Generated<Date>;
    steps: readonly number[];
  };
  readonly run_asset: RunAssetTable;
  readonly step: StepTable;
  readonly attempt: AttemptTable;
  /** A view: with the attempts that steps tell themselves. */
  readonly ended_attempt: AttemptTable;
  readonly materialization: MaterializationTable;
  readonly head: {
    environment: string;
    asset: AssetKey;
    partition: PartitionKey;
    materialization_id: MaterializationId;
    moved_at: Date;
  };
  readonly batch: BatchTable;
  readonly decision: DecisionTable;
  readonly merge_order: MergeOrderTable;
  readonly head_pin: HeadPinTable;
  readonly failed_partition: {
    environment: string;
    asset: AssetKey;
    partition: PartitionKey;
    run_id: RunId;
    ordinal: number;
    failed_at: Date;
  };
  readonly resource: {
    name: string;
    concurrency: number | null;
    is_auto: Generated<boolean>;
    least: Generated<number>;
    rate_count: number | null;
    rate_ms: number | null;
    rate_burst: number | null;
    full_at: Date | null;
    auto_limit: number | null;
    auto_memory: ColumnType<Json, string | null, string | null>;
    restarted_at: Date | null;
    tick_at: Date | null;
  };
  readonly resource_lease: {
    resource: string;
    run_id: RunId;
    ordinal: number;
    worker_id: string;
    weight: Generated<number>;
    taken_at: Generated<Date>;
    is_probe: Generated<boolean>;
  };
  readonly resource_override: ResourceOverrideTable;
  readonly staged_output: { run_id: RunId; ordinal: number; lane: number; size_bytes: string };
  readonly lane_budget: {
    run_id: RunId;
    lane: number;
    staged_bytes: string;
    allowed_bytes: string;
    is_paused: Generated<boolean>;
    made_bytes: Generated<string>;
    made_count: Generated<number>;
  };
  readonly resource_sample: { id: GeneratedAlways<string>; resource: string; asset: string };
  readonly breaker: BreakerTable;
  readonly breaker_bucket: BreakerBucketTable;
  readonly breaker_suspect: {
    resource: string;
    worker_id: string;
    until: Date;
    times: Generated<number>;
    reason: string;
  };
  readonly event: {
    sequence: GeneratedAlways<string>;
    at: GeneratedAlways<Date>;
    kind: string;
    run_id: RunId | null;
    asset: AssetKey | null;
    partition: PartitionKey | null;
    body: ColumnType<Json, string, never>;
  };
  readonly log_line: {
    id: GeneratedAlways<string>;
    run_id: RunId;
    ordinal: number;
    attempt: number;
    at: Date;
    level: "debug" | "info" | "warn" | "error";
    message: string;
    fields: ColumnType<Json, string | null, never>;
  };
}

/** How a step is claimed: it needs a process that can open the store, and units of all of these resources at once. */
export interface Lane {
  readonly store: string;
  /** By name. */
  readonly resources: readonly ResourceUse[];
  /** Such a lane is its asset's alone. Absent: as much as is made may wait. */
  readonly budget?: LaneBudget;
}

/** How much of an asset may wait for the steps of its run that read it, before no more is begun. */
export interface LaneBudget {
  readonly asset: AssetKey;
  readonly bytes: number;
}

interface RunTable {
  id: ColumnType<RunId, never, never>;
  kind: "run" | "backfill";
  environment: string;
  state: Generated<RunState>;
  round: Generated<number>;
  selection: string;
  partitions: string | null;
  requested_by: string;
  idempotency_key: string | null;
  max_parallel: number | null;
  on_deploy: Generated<OnDeploy>;
  code_as_of: Generated<Date>;
  code_revision: Generated<number>;
  failure: ColumnType<Json, undefined, string | null>;
  step_count: number;
  open_count: number;
  revision: Generated<number>;
  window_size: number | null;
  skipped: JSONColumnType<Partial<Record<SkipReason["kind"], number>>>;
  lanes: JSONColumnType<readonly Lane[]>;
  trace_id: string;
  plan: ColumnType<unknown, string, never>;
  created_at: Generated<Date>;
  started_at: Date | null;
  finished_at: Date | null;
}

interface RunAssetTable {
  run_id: RunId;
  position: number;
  asset: AssetKey;
  first_ordinal: number;
  step_count: number;
  open_count: number;
  reasons: JSONColumnType<readonly RunReason[]>;
  code_version: string;
  schema_version: string;
  store: string;
  resources: JSONColumnType<readonly ResourceUse[]>;
  lane: Generated<number>;
  priority: Generated<number>;
  max_attempts: number;
  wait: ColumnType<WaitPolicy | null, string | null, never>;
  layout: string | null;
  succeeded: Generated<number>;
  unchanged: Generated<number>;
  failed: Generated<number>;
  blocked: Generated<number>;
  upstream_failed: Generated<number>;
  cancelled: Generated<number>;
  row_count: Generated<string>;
  busy_ms: Generated<string>;
  first_started_at: Date | null;
  last_finished_at: Date | null;
}

interface StepTable {
  run_id: RunId;
  ordinal: number;
  asset: AssetKey;
  partition: PartitionKey;
  state: StepState;
  lane: number;
  reason: number;
  priority: number;
  pending: number;
  attempt: Generated<number>;
  failures: Generated<number>;
  crashes: Generated<number>;
  round: Generated<number>;
  worker_id: string | null;
  not_before: Date | null;
  started_at: Date | null;
  finished_at: Date | null;
  materialization_id: MaterializationId | null;
  row_count: string | null;
  progress: ColumnType<
    { readonly done: number; readonly total: number | null; readonly message: string | null } | null,
    string | null,
    string | null
  >;
  failure: ColumnType<Json, string | null, string | null>;
  timings: readonly number[] | null;
  deadline_at: ColumnType<Date | null, undefined, Date | null>;
  decision: ColumnType<CutDecision | null, undefined, string | null>;
}

interface AttemptTable {
  run_id: RunId;
  ordinal: number;
  attempt: number;
  outcome: string;
  worker_id: string;
  started_at: Date;
  finished_at: Date;
  timings: ColumnType<Json, string | null, never>;
  failure: ColumnType<Json, string | null, never>;
}

interface MaterializationTable {
  id: ColumnType<MaterializationId, never, never>;
  store: string;
  store_id: string;
  asset: AssetKey;
  partition: PartitionKey;
  version: number;
  commit_id: string;
  code_version: string;
  schema_version: string;
  data_digest: string;
  row_count: string;
  size_bytes: string;
  quarantined_count: string;
  facts: ColumnType<Json, string | null, never>;
  environment: string;
  run_id: RunId | null;
  ordinal: number | null;
  attempt: number;
  requested_by: string;
  trace_id: string;
  started_at: Date;
  committed_at: Date;
  input_positions: readonly string[];
  input_ids: readonly MaterializationId[];
  input_fingerprints: JSONColumnType<Record<string, string>>;
}

interface BatchTable {
  id: GeneratedAlways<string>;
  materialization_id: MaterializationId;
  branch: string;
  batch_key: string;
  batch_id: string;
  generation: number;
  digest: string;
  row_count: string;
  outcome: "admitted" | "duplicate" | "superseding" | "held" | "rejected" | "revoked";
}

interface DecisionTable {
  id: GeneratedAlways<string>;
  environment: string;
  asset: AssetKey;
  kind: DecisionKind;
  given_by: string;
  reason: string;
  details: ColumnType<Json, string, never>;
  given_at: GeneratedAlways<Date>;
  after_materialization: string;
}

interface MergeOrderTable {
  decision_id: string;
  environment: string;
  asset: AssetKey;
  partition: PartitionKey;
  batch_id: string;
  kind: MergeOrder["kind"];
  overrides_closed: boolean;
}

interface HeadPinTable {
  decision_id: string;
  environment: string;
  asset: AssetKey;
  partition: PartitionKey;
  store: string;
  store_id: string;
  from_version: number;
  to_version: number;
  materialization_id: MaterializationId;
  moved_at: Date | null;
}

interface ResourceOverrideTable {
  id: GeneratedAlways<string>;
  resource: string;
  concurrency: number;
  given_by: string;
  reason: string;
  given_at: GeneratedAlways<Date>;
  until: Date | null;
  ended_at: ColumnType<Date | null, undefined, Date>;
  ended_by: ColumnType<string | null, undefined, string>;
}

interface BreakerTable {
  resource: string;
  settings: ColumnType<Json, string | null, string | null>;
  retry_budget: ColumnType<Json, string | null, string | null>;
  state: Generated<"closed" | "open" | "forcedOpen" | "disabled">;
  generation: Generated<string>;
  counted_from: Generated<string>;
  retry_at: ColumnType<Date | null, Date | null | undefined>;
  opened_at: ColumnType<Date | null, Date | null | undefined>;
  closed_at: ColumnType<Date | null, Date | null | undefined>;
  probing_until: ColumnType<Date | null, Date | null | undefined>;
  failed_probes: Generated<number>;
  probe_ok: Generated<number>;
  reason: ColumnType<string | null, string | null | undefined>;
  changed_by: Generated<string>;
  changed_at: Generated<Date>;
}

interface BreakerBucketTable {
  resource: string;
  worker_id: string;
  bucket_at: Date;
  generation: string;
  ok: Generated<number>;
  bad: Generated<number>;
  slow: Generated<number>;
  attempts: Generated<number>;
  retries: Generated<number>;
  bad_streak: Generated<number>;
  unreachable_streak: Generated<number>;
}
