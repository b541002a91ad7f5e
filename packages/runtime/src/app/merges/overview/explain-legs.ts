import { findOpenLegs, type Cut, type CutLeg } from "@watersmeet/core/merge";
import { renderTimestamp } from "@watersmeet/core/schema";
import type { MergePartitionOverview } from "./merge-overview.ts";

type Sentences = MergePartitionOverview["waitingFor"];

/** Branches of which something was expected by now. */
export function explainOverdue(legs: readonly CutLeg[], now: Date): Sentences {
  return legs.flatMap(({ branch, state, cadence }) => {
    const isDue = cadence !== undefined && now.getTime() - Date.parse(cadence.lastAt) > cadence.everyMs;
    if (!isDue || state === "finished") return [];
    return [
      {
        branch,
        why: `It is overdue: something is expected every ${renderDuration(cadence.everyMs)}, and last came at ${cadence.lastAt}.`,
      },
    ];
  });
}

/**
 * Branches of which something of the partition's window may still come. `until`: its end as an instant; `null`: it has none. Of a merge whose branches tell no times nothing
 * can be said.
 */
export function explainIncomplete(
  cut: Cut | null,
  legs: readonly CutLeg[],
  { until, required }: { readonly until: string | null; readonly required: readonly string[] },
): Sentences {
  if (cut?.isComplete !== false || until === null) return [];
  if (cut.legs.every(({ watermark }) => watermark === null)) return [];
  const completeUntil = String(BigInt(Date.parse(until)) * 1_000n);
  return findOpenLegs(legs, { completeUntil, required }).map(({ branch, watermark }) => {
    const known = watermark === null ? null : renderTimestamp(BigInt(watermark));
    const place = known === null ? "nobody knows how far it is" : `it is complete up to ${known}`;
    return { branch, why: `The version does not hold all of its window, which ends at ${until}: ${place}.` };
  });
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** As authors write it. */
function renderDuration(ms: number): string {
  const [unit, size] = units.find(([, one]) => ms % one === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}
