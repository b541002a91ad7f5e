import { readWatermark } from "../late/lateness.ts";
import type { CutLeg } from "./cut.ts";

/** Up to when the legs of a cut must have come for it to hold all of its window. */
export interface WindowEnd {
  /** End of the partition's window, microseconds as text. */
  readonly completeUntil: string;
  /** Branches that have to be complete. @default all */
  readonly required?: readonly string[];
}

/** Legs of which something of the window may still come: neither finished nor past its end (M24 b). Empty: the version is complete. */
export function findOpenLegs<L extends Pick<CutLeg, "branch" | "state" | "watermark">>(
  legs: readonly L[],
  { completeUntil, required = [] }: WindowEnd,
): readonly L[] {
  return legs.filter(
    (leg) => (required.length === 0 || required.includes(leg.branch)) && !hasPassed(leg, completeUntil),
  );
}

/** Whether nothing before a time comes of a source any more. */
export function hasPassed({ state, watermark }: Pick<CutLeg, "state" | "watermark">, until: string): boolean {
  if (state === "finished") return true;
  const known = readWatermark(watermark);
  return known === "infinity" || (known !== null && known >= BigInt(until));
}
