import type { ExplainedStep } from "@watersmeet/core/automation";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import type { Page, PageRequest } from "../../ledger/ledger.ts";
import type { RunId } from "../../ledger/records.ts";

/** Something that starts runs by itself, as it stands. */
export interface AutomationOverview {
  /** An asset's key for its condition, else the name of a schedule or sensor. */
  readonly name: AssetKey;
  readonly kind: "condition" | "schedule" | "sensor";
  /** As its author wrote it: `eager()`, `30 2 * * * (Europe/Zurich)`, `every 15s`. */
  readonly says: string;
  readonly doc: string;
  /** What is run, in the selection grammar; `null`: a sensor says. */
  readonly select: string | null;
  readonly file: string;
  readonly line: number;
  readonly pause: { readonly by: string; readonly reason: string; readonly at: Date } | null;
  /** `null`: never, or not since it was changed. */
  readonly evaluatedAt: Date | null;
  /** The next tick or call that is known; `null`: it is evaluated when something changes, or paused. */
  readonly nextAt: Date | null;
  /** Why the last evaluation came to nothing; `null`: it did not fail. */
  readonly failure: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  readonly lastTick: AutomationTick | null;
}

/** An evaluation that came to something. */
export interface AutomationTick {
  readonly id: string;
  readonly name: AssetKey;
  readonly kind: AutomationOverview["kind"];
  /** Of a schedule the instant that it is for, else when it was evaluated. */
  readonly instant: Date;
  readonly evaluatedAt: Date;
  readonly outcome: "requested" | "skipped" | "deduplicated" | "failed";
  readonly missedCount: number;
  readonly message: string;
  /** Of a condition: step by step, for what was requested. */
  readonly explanation: ExplainedStep | null;
  readonly requests: readonly AutomationRequest[];
}

/** A run that was asked for. */
export interface AutomationRequest {
  readonly select: string;
  readonly partitions: string | null;
  readonly dedupeKey: string | null;
  /** `null`: it has not been made yet, or could not be. */
  readonly runId: RunId | null;
  readonly failure: Json;
}

/** Why an asset's condition does what it does, as things are now. */
export interface AutomationExplanation {
  readonly name: AssetKey;
  readonly says: string;
  readonly pause: AutomationOverview["pause"];
  /** How many of the partitions in question the next evaluation requests. */
  readonly requestedCount: number;
  readonly step: ExplainedStep;
}

/** Questions and orders about what starts runs by itself. */
export interface AutomationDesk {
  /** By name. */
  list(): Promise<readonly AutomationOverview[]>;
  /** @throws {AUTOMATION_UNKNOWN} */
  get(name: string): Promise<AutomationOverview>;
  /** Evaluates it no more until it is resumed. @throws {AUTOMATION_UNKNOWN} @throws {USAGE_INVALID} without a reason */
  pause(order: { readonly name: string; readonly by: string; readonly reason: string }): Promise<AutomationOverview>;
  /** Goes on from now: ticks of the time in between are not made up for; what is missing or stale then is. @throws {AUTOMATION_UNKNOWN} */
  resume(order: { readonly name: string; readonly by: string }): Promise<AutomationOverview>;
  /** Newest first; of all when `name` is null. @throws {AUTOMATION_UNKNOWN} */
  history(name: string | null, page: PageRequest): Promise<Page<AutomationTick>>;
  /** Evaluates the condition of an asset, and records nothing. `null`: it has none. Of a partition that does not exist nothing holds. */
  explain(asset: AssetKey, partition: PartitionKey | null): Promise<AutomationExplanation | null>;
}
