import { WatersmeetError } from "@watersmeet/core/errors";
import type { MergePolicy } from "@watersmeet/core/merge";
import { createPartitionSpace } from "@watersmeet/core/values";
import type { MergeScope } from "../../stores/port/staged-merge.ts";
import { nameStep, type StepWork } from "../step-work.ts";

/** Which rows belong to the step's partition, by the column of the key that says so; `null`: all that its branches deliver (M17). */
export function findScope(work: StepWork, { partitionBy: column }: MergePolicy): MergeScope | null {
  if (column === undefined) return null;
  const { asset, spec, startedAt, step } = work;
  const { partition } = step;
  if (asset.partitions?.kind === "listed") return { column, equals: partition };
  const space = createPartitionSpace(asset.partitions, startedAt);
  const ordinal = space.ordinalOf(partition);
  if (ordinal === undefined || space.time === null)
    throw new WatersmeetError("INTERNAL", `${nameStep(step)} has no window of time`);
  const { timeline } = space.time;
  const type = spec.schema.columns.find(({ name }) => name === column)?.type;
  if (type?.kind === "date") {
    const [from, to] = [timeline.nameOf(ordinal), timeline.nameOf(ordinal + 1)].map(midnightOf);
    return { column, from: from ?? "", to: to ?? "" };
  }
  return { column, from: toMicros(timeline.startOf(ordinal)), to: toMicros(timeline.startOf(ordinal + 1)) };
}

/** A date is one of the partitions' own clock: its window is named by it, `2001-01-31` or `2001-01`. */
function midnightOf(name: string): string {
  return toMicros(Date.parse(`${name.length === 7 ? `${name}-01` : name}T00:00:00Z`));
}

function toMicros(ms: number): string {
  return String(BigInt(ms) * 1_000n);
}
