import type { ChildPool } from "../child/child-pool.ts";
import type { Config } from "../config/config.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { LedgerConnections } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import type { OpenProject } from "../project/open-project.ts";
import type { EventSignal } from "./runs/event-signal.ts";
import type { StoreSet } from "./stores/store-set.ts";

/** What an open project is made of. */
export interface ProjectParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly children: ChildPool;
  readonly connections: LedgerConnections;
  readonly ledger: Ledger;
  readonly project: OpenProject;
  readonly stores: StoreSet;
  readonly events: EventSignal;
  /** Closes all of the above. */
  readonly close: AsyncDisposable;
}
