import type { Row } from "@watersmeet/core/schema";
import type { StageTarget } from "../port/staging.ts";
import type { Staged } from "../store.ts";

/** An attempt whose rows stay in memory until its commit. */
export function stageSmall(target: StageTarget, rows: readonly Row[]): Staged {
  if (target.asset.isStamped === true) throw new TypeError(`The versions of "${target.asset.key}" are differences`);
  return { target, rows, rowCount: rows.length, quarantinedCount: 0, batches: [], fates: {} };
}
