import { unreachable } from "../../errors/unreachable.ts";
import { countRanges, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import { createPartitionSpace, type PartitionSpace } from "../../values/partitions/partition-space.ts";
import type { Plan, PlannedAsset, RunReason, SkipReason } from "../plan.ts";

/**
 * A plan as lines that a person reads: a summary, then per asset what runs and what does not, with reasons, e.g.
 * `  run   missing                      2001-01-01..2001-01-31 (31)`.
 */
export function explainPlan(plan: Plan): readonly string[] {
  const plannedAt = new Date(plan.plannedAt);
  return [summarize(plan), ...plan.assets.flatMap((asset) => explainAsset(asset, plannedAt))];
}

/** `missing`, `input changed: flights`. */
export function describeRunReason(reason: RunReason): string {
  switch (reason.kind) {
    case "missing":
      return "missing";
    case "codeChanged":
      return "code changed";
    case "schemaChanged":
      return "schema changed";
    case "ordersChanged":
      return "batches were revoked, admitted or rejected";
    case "inputChanged":
      return `input changed: ${reason.inputs.join(", ")}`;
    case "inputPlanned":
      return `if input changes: ${reason.inputs.join(", ")}`;
    case "forced":
      return "forced";
    default:
      return unreachable(reason);
  }
}

/** `up to date`, `input missing: flights`. */
export function describeSkipReason(reason: SkipReason): string {
  switch (reason.kind) {
    case "upToDate":
      return "up to date";
    case "notMissing":
      return "has a version";
    case "pinned":
      return "pinned by a rollback";
    case "inputMissing":
      return `input missing: ${reason.inputs.join(", ")}`;
    default:
      return unreachable(reason);
  }
}

/** Partitions as a person writes them: `2001-01-01..2001-01-31 (31), 2001-03-01 (1)`. At most `limit` ranges, then how many more there are. */
export function describePartitions(space: PartitionSpace, ranges: readonly OrdinalRange[], limit: number): string {
  if (space.spec === null) return "not partitioned";
  const shown = ranges.slice(0, limit).map(([from, to]) => {
    const first = space.keyAt(from);
    return to - from === 1 ? first : `${first}..${space.keyAt(to - 1)} (${to - from})`;
  });
  const hidden = ranges.slice(limit);
  if (hidden.length > 0)
    shown.push(`${countRanges(hidden)} more in ${hidden.length} ${hidden.length === 1 ? "range" : "ranges"}`);
  return shown.join(", ");
}

const shownRanges = 4;

function summarize(plan: Plan): string {
  const skipped = plan.assets
    .flatMap((asset) => asset.skip)
    .reduce((sum, group) => sum + countRanges(group.partitions), 0);
  if (plan.assets.length === 0) return `Nothing to plan in ${plan.environment}.`;
  if (plan.stepCount === 0) return `Nothing to run in ${plan.environment}: ${count(skipped, "partition")} skipped.`;
  const running = plan.assets.filter((asset) => asset.run.length > 0).length;
  return `${count(plan.stepCount, "step")} to run in ${plan.environment}, of ${count(running, "asset")}; ${count(skipped, "partition")} skipped.`;
}

function explainAsset(planned: PlannedAsset, plannedAt: Date): readonly string[] {
  const space = createPartitionSpace(planned.partitions, plannedAt);
  const line = (verb: string, reason: string, ranges: readonly OrdinalRange[]): string =>
    `  ${verb}  ${reason.padEnd(28)}  ${describePartitions(space, ranges, shownRanges)}`;
  return [
    planned.asset,
    ...planned.run.map((group) => line("run ", describeRunReason(group.reason), group.partitions)),
    ...planned.skip.map((group) => line("skip", describeSkipReason(group.reason), group.partitions)),
  ];
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
