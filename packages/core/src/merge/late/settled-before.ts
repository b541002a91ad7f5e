import { floorDivide } from "../contribution/token.ts";
import type { Cut } from "../cut/cut.ts";
import { readWatermark } from "./lateness.ts";

/** How long what a merge folds from may still change, and how coarse its times are. */
export interface SettlingTerms {
  /** Behind the watermark; the retention of the merge. */
  readonly keepMs: number;
  /** Of the policy: times in one multiple of it count as equal before the rank. */
  readonly toleranceUs?: number;
}

const usPerMs = 1_000n;
/** After every time that a row can have. */
const endOfTime = 2n ** 63n - 1n;

/**
 * The first time that is not settled, microseconds since 1970: what a branch delivers of an earlier one waits for an order, whichever of the cuts it is judged
 * against, so that the contributions from before need not be kept one by one (M14). The caller knows that the merge judges lateness. `null`: nothing is settled,
 * because there is no cut, one of them knows no watermark, or in one a branch is missing, which is never late.
 */
export function settledBefore(
  cuts: readonly Pick<Cut, "watermark" | "legs">[],
  { keepMs, toleranceUs = 0 }: SettlingTerms,
): bigint | null {
  const starts = cuts.map(({ legs, watermark }) => {
    const us = legs.some(({ state }) => state === "missing") ? null : readWatermark(watermark);
    return us === "infinity" ? endOfTime : us === null ? null : us - BigInt(keepMs) * usPerMs;
  });
  const known = starts.filter((start) => start !== null);
  const [first, ...others] = known;
  if (first === undefined || known.length < starts.length) return null;
  const least = others.reduce((a, b) => (b < a ? b : a), first);
  if (least <= -(2n ** 63n)) return null;
  const width = BigInt(toleranceUs);
  return width === 0n ? least : floorDivide(least, width) * width;
}
