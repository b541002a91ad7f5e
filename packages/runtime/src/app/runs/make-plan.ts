import { WatersmeetError } from "@watersmeet/core/errors";
import { buildPlan, type Plan, type PlanRequest, type StateSnapshot } from "@watersmeet/core/plan";
import type { AssetKey } from "@watersmeet/core/values";
import type pg from "pg";
import { readSnapshot } from "../../ledger/read-snapshot.ts";
import type { Project } from "../../project/project.ts";
import type { StoreSet } from "../stores/store-set.ts";

export interface PlanDeps {
  readonly pool: pg.Pool;
  readonly stores: Pick<StoreSet, "knownIds">;
  readonly environment: string;
}

/** @throws {SELECTION_INVALID} @throws {PARTITION_INVALID} @throws {ASSET_UNKNOWN} with every problem in `details.problems` */
export async function makePlan(
  deps: PlanDeps,
  project: Project,
  { at, ...request }: PlanRequest & { readonly at?: Date },
): Promise<Plan> {
  const snapshot = await readState(deps, project);
  const built = buildPlan({ graph: project.graph, snapshot, now: at ?? new Date(), request });
  if ("plan" in built) return built.plan;
  const [first] = built.problems;
  throw new WatersmeetError(
    first?.code ?? "SELECTION_INVALID",
    built.problems.map((problem) => problem.message).join("\n"),
    {
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
      details: { problems: built.problems },
    },
  );
}

/** The ledger as the planner sees it: only versions that lie in the stores of now. */
export async function readState(
  deps: PlanDeps,
  project: Project,
  assets?: readonly AssetKey[],
): Promise<StateSnapshot> {
  return readSnapshot(deps.pool, {
    environment: deps.environment,
    storeIds: await deps.stores.knownIds(),
    storeOf: (asset) => project.specs.get(asset)?.store,
    ...(assets === undefined ? {} : { assets }),
  });
}
