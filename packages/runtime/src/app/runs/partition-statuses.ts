import { assessAsset, createPlanningState, type Assessment, type StateSnapshot } from "@watersmeet/core/plan";
import { listOrdinals, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { PartitionStatus } from "../../ledger/records.ts";
import type { Project } from "../../project/project.ts";
import { readState, type PlanDeps } from "./make-plan.ts";

/** How an asset's partitions stand, by the planner's own judgement. */
export interface AssetPicture {
  readonly assessment: Assessment;
  readonly snapshot: StateSnapshot;
  readonly running: ReadonlySet<PartitionKey>;
}

type PictureDeps = PlanDeps & { readonly db: LedgerDb };

export async function readPicture(deps: PictureDeps, project: Project, asset: AssetKey): Promise<AssetPicture> {
  const [picture] = await readPictures(deps, project, [asset]);
  if (picture === undefined) throw new RangeError(`no picture of ${asset}`);
  return picture;
}

/** Of any number of assets at one moment, in their order: the ledger is read once. */
export async function readPictures(
  deps: PictureDeps,
  project: Project,
  assets: readonly AssetKey[],
): Promise<readonly AssetPicture[]> {
  const read = assets.flatMap((asset) => project.graph.upstream.get(asset)?.map((edge) => edge.from) ?? []);
  const snapshot = await readState(deps, project, [...new Set([...assets, ...read])]);
  const state = createPlanningState({ graph: project.graph, snapshot, now: new Date() });
  const running = await listRunning(deps.db, deps.environment, assets);
  return assets.map((asset) => ({
    assessment: assessAsset(state, asset),
    snapshot,
    running: running.get(asset) ?? new Set(),
  }));
}

/** How many partitions of an asset stand how. */
export function countStatuses(asset: AssetKey, picture: AssetPicture): Readonly<Record<PartitionStatus, number>> {
  const counts = { materialized: 0, stale: 0, missing: 0, failed: 0, running: 0 };
  for (const { status } of listStatuses(asset, picture)) counts[status] += 1;
  return counts;
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

const statusOfFreshness = {
  missing: "missing",
  upToDate: "materialized",
  pinned: "materialized",
  stale: "stale",
} as const;

async function listRunning(
  db: LedgerDb,
  environment: string,
  assets: readonly AssetKey[],
): Promise<ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>> {
  const { rows } = await sql<{ asset: AssetKey; partition: PartitionKey }>`
    select step.asset, step.partition from watersmeet.run
    join watersmeet.run_asset on run_asset.run_id = run.id and run_asset.asset = any(${assets}::text[])
    join watersmeet.step on step.run_id = run.id and step.asset = run_asset.asset and step.state = 'running'
    where run.state < 'succeeded' and run.environment = ${environment}`.execute(db);
  const partitions = new Map<AssetKey, Set<PartitionKey>>();
  for (const { asset, partition } of rows) {
    partitions.set(asset, (partitions.get(asset) ?? new Set()).add(partition));
  }
  return partitions;
}
