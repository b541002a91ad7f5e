import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type {
  LedgerEvent,
  Materialization,
  MaterializationId,
  RunId,
  RunRecord,
  StepRecord,
  StepState,
} from "./records.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; `null` on the last page. */
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

/** What faces ask of the ledger: reads only. Implemented by one exported function per question in this folder. */
export interface Ledger {
  findRun(id: RunId): Promise<RunRecord | undefined>;
  /** Newest first. */
  listRuns(
    filter: { readonly kind?: "run" | "backfill"; readonly state?: RunRecord["state"] },
    page: PageRequest,
  ): Promise<Page<RunRecord>>;
  /** By ordinal, which is a topological order. */
  listSteps(
    id: RunId,
    filter: { readonly state?: StepState; readonly asset?: AssetKey },
    page: PageRequest,
  ): Promise<Page<StepRecord>>;
  /** Step counts by asset and state, in the order of the plan: for progress bars. */
  summarizeSteps(id: RunId): Promise<
    readonly {
      readonly asset: AssetKey;
      readonly steps: Readonly<Record<StepState, number>>;
      readonly firstStartedAt: Date | null;
      readonly lastFinishedAt: Date | null;
      readonly busyMs: number;
      readonly rowCount: number;
    }[]
  >;
  findMaterialization(id: MaterializationId): Promise<Materialization | undefined>;
  /** Newest first. */
  listMaterializations(
    filter: { readonly asset?: AssetKey; readonly partition?: PartitionKey; readonly runId?: RunId },
    page: PageRequest,
  ): Promise<Page<Materialization>>;
  findHead(environment: string, asset: AssetKey, partition: PartitionKey): Promise<Materialization | undefined>;
  /** By asset: how many partitions have a version, rows in all, when the last one came. */
  summarizeHeads(
    environment: string,
  ): Promise<
    ReadonlyMap<
      AssetKey,
      { readonly partitionCount: number; readonly rowCount: number; readonly lastCommittedAt: Date }
    >
  >;
  listEvents(
    filter: { readonly after?: string; readonly runId?: RunId; readonly asset?: AssetKey },
    page: PageRequest,
  ): Promise<Page<LedgerEvent>>;
  listLogLines(
    id: RunId,
    ordinal: number,
    page: PageRequest,
  ): Promise<Page<{ readonly at: Date; readonly level: string; readonly message: string; readonly attempt: number }>>;
  listWorkers(): Promise<
    readonly {
      readonly id: string;
      readonly host: string;
      readonly pid: number;
      readonly startedAt: Date;
      readonly beatAt: Date;
      readonly running: number;
    }[]
  >;
}
