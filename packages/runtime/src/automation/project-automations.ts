import type { Condition } from "@watersmeet/core/automation";
import type { ManifestSchedule, ManifestSensor } from "@watersmeet/core/manifest";
import { compareStrings, fingerprint, stableJson, type AssetKey } from "@watersmeet/core/values";
import type { Project } from "../project/project.ts";

/** One thing of a project that starts runs by itself. */
export type ProjectAutomation =
  | { readonly kind: "condition"; readonly name: AssetKey; readonly condition: Condition }
  | { readonly kind: "schedule"; readonly name: AssetKey; readonly schedule: ManifestSchedule }
  | { readonly kind: "sensor"; readonly name: AssetKey; readonly sensor: ManifestSensor };

/** All of a project, by name. */
export function listProjectAutomations({ manifest }: Pick<Project, "manifest">): readonly ProjectAutomation[] {
  const conditions = manifest.assets.flatMap(({ key, automation }): ProjectAutomation[] =>
    automation === undefined ? [] : [{ kind: "condition", name: key, condition: automation }],
  );
  const triggers = (manifest.triggers ?? []).map((trigger): ProjectAutomation =>
    trigger.kind === "schedule"
      ? { kind: "schedule", name: trigger.name, schedule: trigger }
      : { kind: "sensor", name: trigger.name, sensor: trigger },
  );
  return [...conditions, ...triggers].sort((a, b) => compareStrings(a.name, b.name));
}

/**
 * Names what an automation is. What it remembers belongs to this: ticks of another expression and sets of other partitions mean something else. A sensor's cursor is its
 * own, whatever becomes of its options.
 */
export function fingerprintAutomation({ graph }: Pick<Project, "graph">, automation: ProjectAutomation): string {
  switch (automation.kind) {
    case "condition": {
      const inputs = graph.upstream.get(automation.name) ?? [];
      const spaces = [automation.name, ...inputs.map(({ from }) => from)].map((key) => [
        key,
        graph.assets.get(key)?.partitions ?? null,
      ]);
      const mappings = inputs.map(({ position, mapping }) => [position, mapping]);
      return fingerprint(["condition/1", stableJson([automation.condition, spaces, mappings])]);
    }
    case "schedule":
      return fingerprint(["schedule/1", automation.schedule.cron, automation.schedule.timeZone]);
    case "sensor":
      return fingerprint(["sensor/1"]);
  }
}
