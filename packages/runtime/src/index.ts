export type { BreakerDesk } from "./app/resources/breaker-desk.ts";
export type { OpenOptions } from "./app/compose.ts";
export type {
  AutomationDesk,
  AutomationExplanation,
  AutomationOverview,
  AutomationTick,
} from "./app/automation/automation-desk.ts";
export { deriveProject } from "./app/project/derive-project.ts";
export type { LimitDesk } from "./app/resources/limit-desk.ts";
export type { AuditEntry, MergeDesk } from "./app/merges/merge-desk.ts";
export type { ExplainedCell, ExplainedContribution, Explanation } from "./app/merges/explain/explanation.ts";
export type { HeldRequest, OrderResult, RevokeRequest } from "./app/merges/orders/order-request.ts";
export type { MergeOverview, MergePartitionOverview } from "./app/merges/overview/merge-overview.ts";
export type { SchemaEpoch, SchemaReplay, SchemaVerdict } from "./app/merges/schemas/schema-verdict.ts";
export { examineLedgerServer } from "./app/ledger/examine-ledger-server.ts";
export { migrateProjectLedger } from "./app/ledger/migrate-project-ledger.ts";
export { openWatersmeet } from "./app/open-watersmeet.ts";
export type { Examination, RunRequest, Watersmeet, WhyAnswer } from "./app/watersmeet.ts";
export type { Config, ResourceConfig, StoreConfig } from "./config/config.ts";
export type { Doctor } from "./doctor/doctor.ts";
export type { Finding } from "./doctor/environment/finding.ts";
export { judgeNode } from "./doctor/environment/judge-node.ts";
export type { Repair } from "./doctor/repair/repair-ledger.ts";
export { invariants, type Invariant, type Violation, type ViolationCode } from "./doctor/violations.ts";
export { findProject, type ProjectLocation } from "./config/find-project.ts";
export { loadConfig, type ConfigFlags, type ConfigSources } from "./config/load-config.ts";
export { maskUrl } from "./config/mask-secrets.ts";
export type { Ledger, Page, PageRequest } from "./ledger/ledger.ts";
export type {
  LedgerEvent,
  Materialization,
  MaterializationId,
  PartitionStatus,
  RunId,
  OnDeploy,
  RunRecord,
  RunState,
  StepRecord,
  StepState,
} from "./ledger/records.ts";
export type { BreakerOrder } from "./queue/breaker/control-breaker.ts";
export type { BreakerRecord } from "./queue/breaker/list-breakers.ts";
export type { LimitOrder } from "./queue/limits/control-limit.ts";
export type { LimitMove, LimitRecord } from "./queue/limits/list-limits.ts";
export type { Outlier } from "./queue/outliers/find-outliers.ts";
export type { AssetOutliers } from "./app/runs/asset-outliers.ts";
export { describeSplit } from "./queue/split/describe-split.ts";
export type { SplitRecord } from "./queue/split/read-splits.ts";
export { describeWaiting, type WaitingFor } from "./queue/waiting/waiting-for.ts";
export { createLogger, silentLogger, type Logger, type LogLevel } from "./observe/logger.ts";
export type { AssetSpec, Project } from "./project/project.ts";
export type { BatchQuery, BatchRecord, CutRecord, StoredContribution } from "./stores/port/merge-records.ts";
