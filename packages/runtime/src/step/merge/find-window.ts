import { createPartitionSpace } from "@watersmeet/core/values";
import type { LateTerms } from "../../stores/port/staged-merge.ts";
import type { StepWork } from "../step-work.ts";

/** The window of the step's partition; `null`: it has none. */
export function findWindow({ asset, step, startedAt }: StepWork): LateTerms["window"] {
  const space = createPartitionSpace(asset.partitions, startedAt);
  const ordinal = space.ordinalOf(step.partition);
  const window = ordinal === undefined ? null : space.windowOf(ordinal);
  return window === null ? null : { from: toMicros(window.start), to: toMicros(window.end) };
}

/** Windows begin and end at whole milliseconds. */
function toMicros(instant: string): string {
  return String(BigInt(Date.parse(instant)) * 1_000n);
}
