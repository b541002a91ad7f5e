import type { FateCounts } from "@watersmeet/core/merge";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import { internalSchema as s } from "../../catalog/names.ts";
import type { StagedChanges } from "../../merge-seam.ts";
import { numberOf, textOf } from "../../sql-session.ts";
import { checkSample } from "./check-shadow.ts";
import type { FoldWork, StagedFold } from "./fold-work.ts";

/** A version before the latest one. */
interface EarlierFold {
  readonly version: number;
  readonly fates: FateCounts;
}

/**
 * Stages the rows of an earlier version that was folded from the same batches by the same rules: the same rows (L4), which still stand in the latest version's table. Taking back
 * what came last, or going back to a version, folds nothing. `null`: there is no such version.
 */
export async function stageEarlier(work: FoldWork): Promise<StagedFold | null> {
  const { host, spec } = work;
  if (host.tip === null || !host.tip.hasSameColumns) return null;
  const found = await stageFound(work);
  if (found === null) return null;
  const { earlier, changes } = found;
  const { asset, partition } = host.target;
  const actual = await host.renderVersions({ asset, versions: [{ partition, version: earlier.version }] });
  const names = spec.schema.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const changedRows = Math.max(changes.openedRows, changes.closedRows);
  return {
    fates: earlier.fates,
    delta: { baseVersion: host.tip.version, affectedKeys: changedRows, changedRows },
    ...(await checkSample(work, `select ${names} from (${actual}) as v`)),
  };
}

/** One snapshot: the version is not collected between the look at it and the reading of its rows. */
async function stageFound(
  work: FoldWork,
): Promise<{ readonly earlier: EarlierFold; readonly changes: StagedChanges } | null> {
  const { dialect, host, spec } = work;
  await host.session.run(dialect.begin);
  try {
    const earlier = await findEarlier(work);
    const keyColumns = spec.policy.key;
    const changes = earlier === null ? null : await host.stageEarlier({ version: earlier.version, keyColumns });
    await host.session.run("commit");
    return earlier === null || changes === null ? null : { earlier, changes };
  } catch (error) {
    await host.session.run("rollback").catch(() => {});
    throw error;
  }
}

/** The latest of them. What has been settled since a version is in its counts by the fates of then. */
async function findEarlier({ foldId, host, live }: FoldWork): Promise<EarlierFold | null> {
  const { assetId, session, target, tip } = host;
  const numbers = live.map(({ number }) => number).toSorted((a, b) => a - b);
  const settled = live.reduce((sum, { settledCount }) => sum + settledCount, 0);
  const [row] = await session.run(
    `select c.version, c.fold_fates from ${s}.merge_cut c
     join ${s}.stamped_version v on v.asset_id = c.asset_id and v.version = c.version
     join ${s}.stamped_version t on t.asset_id = c.asset_id and t.version = $3::integer and t.strand = v.strand and t.columns_id = v.columns_id
     where c.asset_id = $1::integer and c.partition = $2 and c.version < $3::integer and c.fold_id = $4 and c.batches = $5 and coalesce(c.settled_count, 0) = $6::bigint and c.fold_fates is not null
     order by c.version desc limit 1`,
    [assetId, target.partition, tip?.version ?? 0, foldId, JSON.stringify(numbers), settled],
  );
  if (row === undefined) return null;
  const fates: FateCounts = JSON.parse(textOf(row, "fold_fates"));
  return { version: numberOf(row, "version"), fates };
}
