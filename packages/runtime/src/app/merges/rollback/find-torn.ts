import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { findTornHeads } from "../../../ledger/versions/torn-heads.ts";
import { nameOf, type DeskAsset, type DeskParts } from "../merge-subject.ts";
import { listDescendants } from "../orders/give-orders.ts";

const shownHeads = 10;

/**
 * Readers must not be left with assets that were built from what is taken back (M36): such heads are named, unless whoever decides says what becomes of them.
 *
 * @throws {ROLLBACK_TEARS}
 */
export async function refuseTearing(
  parts: DeskParts,
  asset: DeskAsset,
  { partition, to }: { readonly partition: PartitionKey; readonly to: number },
): Promise<void> {
  const torn = await findTornHeads(parts.connections.db, {
    environment: asset.environment,
    asset: asset.key,
    partition,
    to,
    among: listDescendants(asset),
  });
  if (torn.length === 0) return;
  const names = torn.slice(0, shownHeads).map((head) => nameOf(head.asset, head.partition));
  const more = torn.length > shownHeads ? ` and ${torn.length - shownHeads} more` : "";
  throw new WatersmeetError(
    "ROLLBACK_TEARS",
    `Readers see ${names.join(", ")}${more}, built from what would be taken back of ${nameOf(asset.key, partition)}`,
    {
      hint: "Say what becomes of them: --cascade run makes them again from what remains, --cascade leave-stale leaves them as they are, marked as stale.",
      details: { torn: torn.map((head): { asset: AssetKey; partition: PartitionKey } => head) },
    },
  );
}
