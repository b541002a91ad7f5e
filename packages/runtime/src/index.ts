export type { Watersmeet, RunRequest, WhyAnswer } from "./app/watersmeet.ts";
export type { Config, ResourceConfig, StoreConfig } from "./config/config.ts";
export type { Ledger, Page, PageRequest } from "./ledger/ledger.ts";
export type {
  LedgerEvent,
  Materialization,
  MaterializationId,
  PartitionStatus,
  RunId,
  RunRecord,
  RunState,
  StepRecord,
  StepState,
} from "./ledger/records.ts";
export type { AssetSpec, Project } from "./project/project.ts";
