import { isWatersmeetError, type Problem } from "@watersmeet/core/errors";
import { selectAssets, type Graph } from "@watersmeet/core/graph";
import type { Manifest } from "@watersmeet/core/manifest";
import { parsePartitionExpression } from "@watersmeet/core/values";

/** Schedules and sensors that select what the project does not have: nothing may run that would only fail by itself, at night. */
export function findTriggerProblems(graph: Graph, { triggers = [] }: Manifest): readonly Problem[] {
  return triggers.flatMap((trigger): readonly Problem[] => {
    try {
      if (trigger.select !== null) selectAssets(graph, trigger.select);
      if (trigger.kind === "schedule" && trigger.partitions !== null) parsePartitionExpression(trigger.partitions);
      return [];
    } catch (error) {
      if (!isWatersmeetError(error)) throw error;
      return [
        {
          code: "AUTOMATION_SELECTION_INVALID",
          message: `the ${trigger.kind} "${trigger.name}" cannot be run: ${error.message}`,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
          at: trigger.location,
        },
      ];
    }
  });
}
