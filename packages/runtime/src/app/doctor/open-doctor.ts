import type { Doctor } from "../../doctor/doctor.ts";
import { createShapeCache } from "../../queue/shape/shape-cache.ts";
import type { ProjectParts } from "../project-parts.ts";
import { findStored, listPositions } from "../project/project-assets.ts";
import { reconcileStore } from "../stores/reconcile-store.ts";

/** The doctor of a project. What it needs is loaded when it is first asked: no other command does. */
export function openDoctor(parts: ProjectParts): Doctor {
  const load = async (): Promise<Doctor> => {
    const { createDoctor } = await import("../../doctor/doctor.ts");
    const { config, logger, project, stores } = parts;
    const { db, url } = parts.connections;
    const { minDelayMs, maxDelayMs } = config.retries;
    const positionsOf = (asset: string): readonly string[] => listPositions(project.current(), asset);
    return createDoctor({
      config,
      db,
      ledgerUrl: url,
      recordDeps: { shapeOf: createShapeCache(), retry: { minDelayMs, maxDelayMs }, random: Math.random },
      stores: stores.open,
      assetOf(key) {
        const stored = findStored(project.current(), key);
        const schemaVersion = project.current().graph.assets.get(key)?.schemaVersion;
        const hasOwnDigest = project.current().specs.get(key)?.emits === "state";
        return stored === undefined || schemaVersion === undefined
          ? undefined
          : { stored, schemaVersion, hasOwnDigest };
      },
      reconcile: (store) => reconcileStore(store, { config, db, logger, positionsOf }),
    });
  };
  return {
    examineEnvironment: async () => (await load()).examineEnvironment(),
    findViolations: async (options) => (await load()).findViolations(options),
    repair: async () => (await load()).repair(),
  };
}
