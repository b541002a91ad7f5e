import type { ErrorCode } from "@watersmeet/core/errors";
import type { Plan, PlanRequest } from "@watersmeet/core/plan";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { Config } from "../config/config.ts";
import type { Doctor } from "../doctor/doctor.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { LedgerEvent, Materialization, OnDeploy, PartitionStatus, RunId, RunRecord } from "../ledger/records.ts";
import type { Project } from "../project/project.ts";
import type { Outlier } from "../queue/outliers/find-outliers.ts";
import type { SplitRecord } from "../queue/split/read-splits.ts";
import type { WaitingFor } from "../queue/waiting/waiting-for.ts";
import type { AutomationDesk, AutomationExplanation } from "./automation/automation-desk.ts";
import type { MergeDesk } from "./merges/merge-desk.ts";
import type { BreakerDesk } from "./resources/breaker-desk.ts";
import type { LimitDesk } from "./resources/limit-desk.ts";
import type { AssetOutliers } from "./runs/asset-outliers.ts";

export interface RunRequest extends PlanRequest {
  readonly kind?: "run" | "backfill";
  /** Steps of this run at the same time, over all workers. */
  readonly maxParallel?: number;
  /** What becomes of steps that have not begun when workers with other code register. @default "pin" */
  readonly onDeploy?: OnDeploy;
  /** Who asked: `cli:ana@host`, `http`, `web`. */
  readonly requestedBy: string;
  /** The same key gives the same run. */
  readonly idempotencyKey?: string;
  /** Where open-ended partitions end. @default now */
  readonly at?: Date;
}

/** Why a step or a partition is where it is. */
export interface WhyAnswer {
  readonly asset: AssetKey;
  readonly partition: PartitionKey | null;
  readonly status: PartitionStatus;
  /** Sentences, the decisive one first. */
  readonly reasons: readonly string[];
  /** Why the asset's condition requests it or does not, step by step; `null`: it has none. */
  readonly automation: AutomationExplanation | null;
}

/** The state of what a project stands on. */
export interface Examination {
  /** Of the ledger's server. */
  readonly postgresVersion: string;
  /** Newest migration of the ledger. */
  readonly migration: string;
  readonly stores: readonly {
    readonly name: string;
    readonly kind: "duckdb" | "postgres";
    /** `null`: it could be opened. */
    readonly problem: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null } | null;
  }[];
}

/** Everything that a face (command line, HTTP) may do with a project. Made by `openWatersmeet` and closed by who opened it. */
export interface Watersmeet extends AsyncDisposable {
  readonly config: Config;
  /** Questions to the ledger: see `ledger/`, one function per question. */
  readonly ledger: Ledger;
  /** The project as last derived. */
  project(): Project;
  /** Derives again; children load the new code. Subscribers of `onProjectChanged` are told. */
  reloadProject(): Promise<Project>;
  onProjectChanged(listener: (project: Project) => void): () => void;
  /** @throws {SELECTION_INVALID} @throws {PARTITION_INVALID} @throws {ASSET_UNKNOWN} */
  plan(request: PlanRequest): Promise<Plan>;
  /** Plans, records run and steps, rings the doorbell. With nothing to do the run is recorded as succeeded at once. */
  submitRun(
    request: RunRequest,
  ): Promise<{ readonly run: RunRecord; readonly plan: Plan; readonly isExisting: boolean }>;
  cancelRun(id: RunId, by: string): Promise<RunRecord>;
  pauseRun(id: RunId, by: string): Promise<RunRecord>;
  resumeRun(id: RunId, by: string): Promise<RunRecord>;
  /** Of a run that goes on. @throws {RUN_STATE_CONFLICT} when it has ended */
  changeOnDeploy(id: RunId, onDeploy: OnDeploy, by: string): Promise<RunRecord>;
  /** Failed, blocked and upstreamFailed steps of a finished run go back to waiting or ready. */
  retryRun(id: RunId, by: string): Promise<RunRecord>;
  /** Starts executing steps in this process until disposed. One per process; a no-op when it already runs. */
  startWorker(): Promise<AsyncDisposable>;
  /** Evaluates conditions, schedules and sensors in this process until disposed, unless another process does. One per process; a no-op when it already runs. */
  startAutomation(): Promise<AsyncDisposable>;
  /** Whether any live worker, here or elsewhere, can run this project's steps. */
  hasLiveWorker(): Promise<boolean>;
  /** Ends when the run does. Yields a fresh record at most four times a second, and once at the end. */
  followRun(id: RunId, signal?: AbortSignal): AsyncIterable<RunRecord>;
  /** Events after `since`, then live ones, until the signal. */
  followEvents(since: string | null, signal: AbortSignal): AsyncIterable<LedgerEvent>;
  /** Rows that readers see. @throws {NOT_FOUND} when nothing is published */
  readRows(
    asset: AssetKey,
    options: { readonly partition?: PartitionKey; readonly limit: number },
  ): Promise<readonly Row[]>;
  /** Of many assets at one moment, for lists. @throws {ASSET_UNKNOWN} */
  countPartitions(
    assets: readonly AssetKey[],
  ): Promise<ReadonlyMap<AssetKey, Readonly<Record<PartitionStatus, number>>>>;
  partitionStatuses(
    asset: AssetKey,
  ): Promise<readonly { readonly partition: PartitionKey; readonly status: PartitionStatus }[]>;
  why(asset: AssetKey, partition: PartitionKey | null): Promise<WhyAnswer>;
  /** Versions that a version was made from, transitively, nearest first. */
  provenance(id: Materialization["id"]): Promise<readonly Materialization[]>;
  /** Questions and decisions about merges. */
  readonly merges: MergeDesk;
  /** The circuit breakers of resources. */
  readonly breakers: BreakerDesk;
  /** What all workers together may ask of resources. */
  readonly limits: LimitDesk;
  /** What steps that have not started wait for, in their order; `null`: it runs, or has ended. */
  waitingFor(
    steps: readonly { readonly runId: RunId; readonly ordinal: number }[],
  ): Promise<readonly (WaitingFor | null)[]>;
  /** Steps of a run that are unlike the others of their asset: stragglers, and partitions with far more rows. */
  outliers(id: RunId): Promise<readonly Outlier[]>;
  /** Steps of a run that were made in slices of their input's rows. */
  splits(id: RunId): Promise<readonly SplitRecord[]>;
  /** Both, of one asset, in its last run. @throws {ASSET_UNKNOWN} */
  assetOutliers(asset: AssetKey): Promise<AssetOutliers>;
  /** Questions and orders about conditions, schedules and sensors. */
  readonly automation: AutomationDesk;
  /** For `doctor`: opens every store. */
  examine(): Promise<Examination>;
  /** Looks whether everything holds, and puts right what it can; knows the stores that are open, so after `examine`. */
  readonly doctor: Doctor;
}
