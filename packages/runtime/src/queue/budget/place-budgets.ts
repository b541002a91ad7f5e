import type { AssetKey } from "@watersmeet/core/values";
import type { LaneBudget } from "../../ledger/database.ts";

/** A budget in the shape of its run. */
export interface PlacedBudget {
  /** Of the asset. */
  readonly position: number;
  readonly lane: number;
  readonly bytes: number;
}

export function placeBudgets(
  assets: readonly { readonly key: AssetKey; readonly position: number }[],
  lanes: readonly { readonly budget?: LaneBudget }[],
): readonly PlacedBudget[] {
  const positions = new Map(assets.map(({ key, position }) => [key, position]));
  return lanes.flatMap(({ budget }, lane) => {
    const position = budget === undefined ? undefined : positions.get(budget.asset);
    return budget === undefined || position === undefined ? [] : [{ position, lane, bytes: budget.bytes }];
  });
}
