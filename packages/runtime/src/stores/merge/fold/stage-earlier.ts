import { WatersmeetError } from "@watersmeet/core/errors";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import { internalSchema as s } from "../../catalog/names.ts";
import type { StagedChanges } from "../../merge-seam.ts";
import { checkSample } from "./check-shadow.ts";
import type { FoldWork, PreviousFold, StagedFold } from "./fold-work.ts";

/**
 * Stages the rows of an earlier version that was folded from the same batches by the same rules: the same rows (L4), which still stand in the latest version's table. Taking back
 * what came last, or going back to a version, folds nothing.
 */
export async function stageEarlier(work: FoldWork, before: PreviousFold): Promise<StagedFold> {
  const { host, spec } = work;
  const { version } = before.cut;
  const { openedRows, closedRows } = await stageSince(work, before, null);
  const changedRows = Math.max(openedRows, closedRows);
  const { asset, partition } = host.target;
  const actual = await host.renderVersions({ asset, versions: [{ partition, version }] });
  const names = spec.schema.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  return {
    fates: before.fates,
    delta: { baseVersion: host.tip?.version ?? version, affectedKeys: changedRows, changedRows },
    ...(await checkSample(work, `select ${names} from (${actual}) as v`)),
  };
}

/** What was folded anew of a version: its rows, and the table of the keys that they are of. */
export interface FoldedKeys {
  readonly rows: string;
  readonly keys: string;
}

/** Stages a version that has other rows than one before it where keys were folded again. */
export async function stageOnto(work: FoldWork, before: PreviousFold, folded: FoldedKeys): Promise<StagedChanges> {
  const { host } = work;
  if (before.cut.version === host.tip?.version) return await host.stageChanges(folded);
  return await stageSince(work, before, folded);
}

/** One snapshot: the version is not collected between the look at it and the reading of its rows. */
async function stageSince(work: FoldWork, before: PreviousFold, folded: FoldedKeys | null): Promise<StagedChanges> {
  const { dialect, host } = work;
  const { version } = before.cut;
  await host.session.run(dialect.begin);
  try {
    await requireVersion(work, version);
    const changes = await host.stageEarlier({ version, folded });
    await host.session.run("commit");
    return changes;
  } catch (error) {
    await host.session.run("rollback").catch(() => {});
    throw error;
  }
}

/** @throws {STORE_STALE} */
async function requireVersion({ host: { assetId, session, target } }: FoldWork, version: number): Promise<void> {
  const found = await session.run(
    `select 1 as one from ${s}.stamped_version where asset_id = $1::integer and version = $2::integer`,
    [assetId, version],
  );
  if (found.length > 0) return;
  throw new WatersmeetError(
    "STORE_STALE",
    `Version ${version} of ${target.asset.key}, whose rows the new one was to have, has been removed`,
    { hint: "Run the step again." },
  );
}
