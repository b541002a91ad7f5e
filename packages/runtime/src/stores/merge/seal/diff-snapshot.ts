import { WatersmeetError } from "@watersmeet/core/errors";
import type { StagedBranch } from "../../port/staged-merge.ts";
import { numberOf } from "../../sql-session.ts";
import { renderBaseCount, renderDropUnchanged, renderRetracts, type SealedSnapshot } from "./render-snapshot.ts";
import type { NewDelivery, SealContext } from "./seal-context.ts";

const defaultShrinkPerMille = 500;

/**
 * Turns a snapshot that was sealed whole into what changed since the one before it: what is equal is taken out, what is absent becomes a retract (M13). Answers the number of retracts.
 * @throws {MERGE_SNAPSHOT_SHRANK}
 */
export async function diffSnapshot(
  context: SealContext,
  {
    branch,
    snapshot,
    delivery,
  }: {
    readonly branch: StagedBranch;
    readonly snapshot: Omit<SealedSnapshot, "before" | "chain">;
    readonly delivery: NewDelivery;
  },
): Promise<number> {
  const { dialect, host, reader, spec } = context;
  const whole: SealedSnapshot = {
    ...snapshot,
    before: reader.renderContributions(delivery.chain),
    chain: delivery.chain.map((batch) => reader.toFoldBatch(batch).number),
  };
  const [base] = await host.session.run(renderBaseCount(spec, whole));
  const baseRows = base === undefined ? 0 : numberOf(base, "row_count");
  const retracts = await host.session.change(renderRetracts(spec, whole));
  const perMille = branch.shrinkPerMille ?? defaultShrinkPerMille;
  if (retracts * 1000 > perMille * baseRows) throw refuseShrunk(context, { branch, delivery, retracts, baseRows });
  await host.session.run(renderDropUnchanged(dialect, spec, whole));
  return retracts;
}

function refuseShrunk(
  { host: { target } }: SealContext,
  {
    branch,
    delivery: { delivery },
    retracts,
    baseRows,
  }: {
    readonly branch: StagedBranch;
    readonly delivery: NewDelivery;
    readonly retracts: number;
    readonly baseRows: number;
  },
): WatersmeetError {
  return new WatersmeetError(
    "MERGE_SNAPSHOT_SHRANK",
    `Version ${delivery.origin.version} of ${delivery.origin.asset}, which branch "${branch.name}" of ${target.asset.key} reads, lacks ${retracts} of the ${baseRows} rows of the snapshot before it`,
    {
      hint: "An extract that ended early looks like this. Correct the asset and run again; if the rows are really gone, give the branch a greater share in the merge's mayShrink.",
      details: {
        asset: target.asset.key,
        partition: target.partition,
        branch: branch.name,
        absentRows: retracts,
        baseRows,
      },
    },
  );
}
