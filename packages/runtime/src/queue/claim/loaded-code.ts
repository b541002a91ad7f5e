import type { AssetKey } from "@watersmeet/core/values";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ShapeOf } from "../shape/shape-cache.ts";

/** The code that a worker has loaded: an asset's version, `undefined` for one that it does not have. */
export type LoadedCode = (asset: AssetKey) => string | undefined;

/** Assets of a run that were planned for other code than a worker has: their steps are for others. */
export type ForeignAssets = (db: LedgerDb, runId: RunId) => Promise<readonly AssetKey[]>;

/** A step is pinned to its asset's version, not to the whole of the code: what has not changed runs on any worker, before and after a deployment. */
export function findForeignAssets(shapeOf: ShapeOf, loaded: LoadedCode): ForeignAssets {
  return async (db, runId) => {
    const { assets, positions } = await shapeOf(db, runId);
    return assets.flatMap(({ key }, position) => (positions[position]?.codeVersion === loaded(key) ? [] : [key]));
  };
}
