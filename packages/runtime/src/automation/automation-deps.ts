import type { StateSnapshot } from "@watersmeet/core/plan";
import type { AssetKey } from "@watersmeet/core/values";
import type { ChildPool } from "../child/child-pool.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { RunId } from "../ledger/records.ts";
import type { Logger } from "../observe/logger.ts";
import type { Project } from "../project/project.ts";
import type { LookMemory } from "./look-memory.ts";

/** A run that automation wants made. */
export interface RunWish {
  readonly select: string;
  readonly partitions: string | null;
  readonly force: boolean;
  readonly refresh: boolean;
  /** Where open-ended partitions end; `null`: now. */
  readonly at: Date | null;
  /** `schedule:nightly` */
  readonly requestedBy: string;
  /** The same key gives the same run. */
  readonly idempotencyKey: string;
}

/** What evaluating stands on. */
export interface AutomationDeps {
  readonly db: LedgerDb;
  readonly environment: string;
  readonly project: () => Project;
  readonly children: Pick<ChildPool, "perform">;
  /** The ledger as the planner sees it, of some assets. */
  readonly readState: (project: Project, assets: readonly AssetKey[]) => Promise<StateSnapshot>;
  readonly submit: (wish: RunWish) => Promise<RunId>;
  readonly now: () => Date;
  readonly memory: LookMemory;
  readonly logger: Logger;
  /** Called between what is recorded and what follows from it: for tests that end the process there. */
  readonly onPhase?: (phase: "recorded" | "submitted") => Promise<void>;
}
