import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey } from "@watersmeet/core/values";
import { findLastSequence, insertEvents, notifyFollowers } from "../ledger/events.ts";
import { hasLiveWorker } from "../ledger/workers.ts";
import type { Project } from "../project/project.ts";
import { readOutliers } from "../queue/outliers/read-outliers.ts";
import { listSplits } from "../queue/split/read-splits.ts";
import { readWaiting } from "../queue/waiting/read-waiting.ts";
import { createAutomationDeps, createAutomationSwitch } from "./automation/automation-switch.ts";
import { createAutomationDesk } from "./automation/create-automation-desk.ts";
import { examine } from "./doctor/examine.ts";
import { openDoctor } from "./doctor/open-doctor.ts";
import { createMergeDesk } from "./merges/create-merge-desk.ts";
import type { ProjectParts } from "./project-parts.ts";
import { createBreakerDesk } from "./resources/breaker-desk.ts";
import { createLimitDesk } from "./resources/limit-desk.ts";
import { findAssetOutliers } from "./runs/asset-outliers.ts";
import { explainWhy } from "./runs/explain-why.ts";
import { followEvents, followRun } from "./runs/follow.ts";
import { makePlan, type PlanDeps } from "./runs/make-plan.ts";
import { countStatuses, listStatuses, readPicture, readPictures } from "./runs/partition-statuses.ts";
import { listProvenance } from "./runs/provenance.ts";
import { createRunControl } from "./runs/run-control.ts";
import { submitRequest } from "./runs/submit-request.ts";
import { readHeadRows } from "./stores/read-head-rows.ts";
import type { Watersmeet } from "./watersmeet.ts";
import { createWorkerSwitch } from "./workers/worker-switch.ts";

/** What a face gets in its hands: each question and command goes to the function that knows. */
export function createHandle(parts: ProjectParts): Watersmeet {
  const { config, stores, events, project, ledger } = parts;
  const { environment } = config;
  const { db, pool } = parts.connections;
  const plans: PlanDeps = { pool, stores, environment };
  const worker = createWorkerSwitch(parts);
  const automationDeps = createAutomationDeps(parts, plans);
  const automation = createAutomationDesk(automationDeps);
  const evaluating = createAutomationSwitch(parts, automationDeps);
  const picture = (asset: AssetKey) => {
    requireAsset(project.current(), asset);
    return readPicture({ ...plans, db }, project.current(), asset);
  };
  return {
    config,
    ledger,
    project: () => project.current(),
    ...createReloading(parts),
    plan: (request) => makePlan(plans, project.current(), request),
    submitRun: (request) => submitRequest(parts, plans, request),
    ...createRunControl(db, ledger),
    startWorker: () => worker.start(),
    startAutomation: () => evaluating.start(),
    hasLiveWorker: () => hasLiveWorker(db),
    followRun: (id, signal) => followRun({ ledger, events }, id, signal),
    followEvents: (since, signal) =>
      followEvents({ ledger, events, lastSequence: () => findLastSequence(db) }, since, signal),
    readRows: (asset, options) => readHeadRows({ stores, environment, project: project.current() }, asset, options),
    async countPartitions(assets) {
      for (const asset of assets) requireAsset(project.current(), asset);
      const pictures = await readPictures({ ...plans, db }, project.current(), assets);
      return new Map(pictures.map((each) => [each.assessment.asset, countStatuses(each.assessment.asset, each)]));
    },
    partitionStatuses: async (asset) => listStatuses(asset, await picture(asset)),
    why: async (asset, partition) => ({
      ...(await explainWhy(db, { asset, partition, environment }, await picture(asset))),
      automation: await automation.explain(asset, partition),
    }),
    provenance: (id) => listProvenance(db, id),
    merges: createMergeDesk(parts, (request) => submitRequest(parts, plans, request)),
    breakers: createBreakerDesk(db),
    limits: createLimitDesk(db),
    outliers: (id) => readOutliers(db, id),
    splits: (id) => listSplits(db, id),
    async assetOutliers(asset) {
      requireAsset(project.current(), asset);
      return findAssetOutliers(db, { asset, environment });
    },
    waitingFor: (steps) => readWaiting(db, steps),
    automation,
    examine: () => examine({ config, db, stores }),
    doctor: openDoctor(parts),
    async [Symbol.asyncDispose]() {
      await evaluating.stop();
      await worker.stop();
      await parts.close[Symbol.asyncDispose]();
    },
  };
}

function requireAsset(project: Project, asset: AssetKey): void {
  if (project.graph.assets.has(asset)) return;
  throw new WatersmeetError("ASSET_UNKNOWN", `There is no asset ${asset}`, { hint: "`watersmeet assets` lists them." });
}

function createReloading({
  project,
  connections,
}: ProjectParts): Pick<Watersmeet, "reloadProject" | "onProjectChanged"> {
  const listeners = new Set<(project: Project) => void>();
  return {
    async reloadProject() {
      const loaded = await project.reload();
      const event = { kind: "project:changed", body: { generation: loaded.generation } };
      await connections.db.transaction().execute((tx) => insertEvents(tx, [event]));
      await notifyFollowers(connections.db);
      for (const listener of listeners) listener(loaded);
      return loaded;
    },
    onProjectChanged(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
