import { join } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import { computeCommitId } from "@watersmeet/core/plan";
import type { Project, AssetSpec } from "../project/project.ts";
import type { Store } from "../stores/store.ts";
import type { EarlierCommits } from "./earlier-commits.ts";
import type { ExchangeCache } from "./files/exchange-cache.ts";
import { nameSaved } from "./files/saved-directories.ts";
import { identifyWork } from "./identify-work.ts";
import { nameStep, storedAsset, type StepExecutorDeps, type StepWork } from "./step-work.ts";
import type { ClaimedStep, StepListener } from "./step.ts";

export interface PrepareOptions {
  readonly step: ClaimedStep;
  readonly listener: StepListener;
  readonly signal: AbortSignal;
  readonly exchange: ExchangeCache;
  readonly earlier: EarlierCommits;
  /** Folder of this process's attempts. */
  readonly stagingDirectory: string;
}

/** Gathers what the attempt needs and computes its commit id. @throws {ASSET_UNKNOWN} @throws {STEP_OUTDATED} @throws {CONFIG_INVALID} */
export function prepareStep(deps: StepExecutorDeps, options: PrepareOptions): StepWork {
  const { step, stagingDirectory, ...rest } = options;
  const project = deps.project();
  const identified = identifyStep(deps, project, step);
  const { asset, spec, commitId } = identified;
  return {
    ...rest,
    ...identified,
    step,
    project,
    code: { root: project.root, generation: project.generation, files: project.manifest.files },
    storeOf: (of) => findStore(deps.stores, of),
    target: { asset: storedAsset(asset, spec), partition: step.partition, attempt: step.attemptId },
    shadowPerMille: deps.shadowPerMille,
    splits: deps.splits ?? null,
    children: deps.children,
    savedDirectory: nameSaved(deps.stateDirectory, commitId),
    stagingDirectory: join(stagingDirectory, step.attemptId),
    folders: { mayExist: true },
    startedAt: new Date(),
  };
}

/** What a step is about, where it is kept, and the id of its commit. @throws {ASSET_UNKNOWN} @throws {STEP_OUTDATED} @throws {CONFIG_INVALID} */
export function identifyStep(
  { stores }: Pick<StepExecutorDeps, "stores">,
  project: Project,
  step: ClaimedStep,
): Pick<StepWork, "asset" | "spec" | "store" | "identity" | "commitId"> {
  const { asset, spec } = findAsset(project, step);
  const identity = identifyWork(step, asset);
  // A forced step is work of its own, once per run: its retries have the same id, the next run's have not.
  const commitId = computeCommitId({ ...identity, salt: step.isForced ? step.runId : null });
  return { asset, spec, store: findStore(stores, spec), identity, commitId };
}

function findAsset(project: Project, step: ClaimedStep): Pick<StepWork, "asset" | "spec"> {
  const asset = project.graph.assets.get(step.asset);
  const spec = project.specs.get(step.asset);
  if (asset === undefined || spec === undefined) {
    throw new WatersmeetError("ASSET_UNKNOWN", `the project has no asset "${step.asset}" any more`, {
      hint: "Plan again.",
    });
  }
  if (asset.codeVersion !== step.codeVersion || asset.schemaVersion !== step.schemaVersion) {
    throw new WatersmeetError(
      "STEP_OUTDATED",
      `${nameStep(step)} was planned for another version of its code than this worker has loaded`,
      {
        hint: "Plan again, or let a worker with the version that was planned take it.",
        details: { planned: step.codeVersion, loaded: asset.codeVersion },
      },
    );
  }
  return { asset, spec };
}

function findStore(stores: ReadonlyMap<string, Store>, { key, store: name }: AssetSpec): Store {
  const store = stores.get(name);
  if (store !== undefined) return store;
  throw new WatersmeetError(
    "CONFIG_INVALID",
    `"${key}" is kept in the store "${name}", which the configuration does not have`,
    {
      hint: `Add it to stores in watersmeet.config.ts. There are: ${[...stores.keys()].join(", ")}.`,
    },
  );
}
