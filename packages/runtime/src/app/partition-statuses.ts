import { assessAsset, createPlanningState, type Assessment, type StateSnapshot } from "@watersmeet/core/plan";
import { listOrdinals, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { PartitionStatus } from "../ledger/records.ts";
import type { Project } from "../project/project.ts";
import { readState, type PlanDeps } from "./make-plan.ts";

/** How an asset's partitions stand, by the planner's own judgement. */
export interface AssetPicture {
  readonly assessment: Assessment;
  readonly snapshot: StateSnapshot;
  readonly running: ReadonlySet<PartitionKey>;
}

export async function readPicture(
  deps: PlanDeps & { readonly db: LedgerDb },
  project: Project,
  asset: AssetKey,
): Promise<AssetPicture> {
  const read = project.graph.upstream.get(asset)?.map((edge) => edge.from) ?? [];
  const snapshot = await readState(deps, project, [asset, ...read]);
  const state = createPlanningState({ graph: project.graph, snapshot, now: new Date() });
  return {
    assessment: assessAsset(state, asset),
    snapshot,
    running: await listRunning(deps.db, deps.environment, asset),
  };
}

/** In the order of the partitions. What runs counts first, then what failed, then how old it is. */
export function listStatuses(
  asset: AssetKey,
  picture: AssetPicture,
): readonly { readonly partition: PartitionKey; readonly status: PartitionStatus }[] {
  const failed = picture.snapshot.failed.get(asset);
  const { space, groups } = picture.assessment;
  const statuses: PartitionStatus[] = [];
  for (const { freshness, partitions } of groups) {
    const status = statusOfFreshness[freshness.kind];
    for (const ordinal of listOrdinals(partitions)) statuses[ordinal] = status;
  }
  return statuses.map((status, ordinal) => {
    const partition = space.keyAt(ordinal);
    if (picture.running.has(partition)) return { partition, status: "running" };
    return { partition, status: failed?.has(partition) === true ? "failed" : status };
  });
}

const statusOfFreshness = { missing: "missing", upToDate: "materialized", stale: "stale" } as const;

async function listRunning(db: LedgerDb, environment: string, asset: AssetKey): Promise<ReadonlySet<PartitionKey>> {
  const { rows } = await sql<{ partition: PartitionKey }>`
    select step.partition from watersmeet.run
    join watersmeet.run_asset on run_asset.run_id = run.id and run_asset.asset = ${asset}
    join watersmeet.step on step.run_id = run.id and step.asset = ${asset} and step.state = 'running'
    where run.state < 'succeeded' and run.environment = ${environment}`.execute(db);
  return new Set(rows.map((row) => row.partition));
}
