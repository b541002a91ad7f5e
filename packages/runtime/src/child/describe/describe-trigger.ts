import type { AutomationDefinition } from "@watersmeet/core";
import type { Problem } from "@watersmeet/core/errors";
import type { ManifestSchedule, ManifestSensor } from "@watersmeet/core/manifest";
import { stableJson } from "@watersmeet/core/values";

/** Where a schedule's or sensor's object says something else than its source: then a value was computed that static derivation took for another. */
export function findTriggerProblems(
  trigger: ManifestSchedule | ManifestSensor,
  definition: AutomationDefinition,
): readonly Problem[] {
  const loaded = new Map<string, unknown>(Object.entries(definition));
  return Object.entries(trigger).flatMap(([option, derived]): readonly Problem[] => {
    if (ofTheSource.has(option) || stableJson(derived) === stableJson(loaded.get(option))) return [];
    return [
      {
        code: "MANIFEST_MISMATCH",
        message: `${option} of the ${trigger.kind} "${trigger.name}" is ${stableJson(loaded.get(option))} at run time, but its source says ${stableJson(derived)}`,
        hint: "Write it as a literal: what the environment or a computation decides cannot be seen in the source.",
        at: trigger.location,
      },
    ];
  });
}

/** What only the source tells. */
const ofTheSource: ReadonlySet<string> = new Set(["name", "file", "exportPath", "location", "doc"]);
