import { parseTimestamp } from "../../schema/instant.ts";
import type { LatePolicy } from "./late-policy.ts";

/** A version that was published before. */
export interface PastCut {
  /** The instant that it was judged at: ISO-8601 UTC. */
  readonly asOf: string;
  /** Whether it let late rows in. */
  readonly isAmendment: boolean;
}

/** How many more versions because of late rows a partition may have now (M32); `null`: as many as come. */
export function amendmentsLeft(history: readonly PastCut[], policy: LatePolicy, asOf: string): number | null {
  if (policy.amendments === undefined) return null;
  const { count, perMs } = policy.amendments;
  const now = parseTimestamp(asOf) ?? 0n;
  const since = now - BigInt(perMs) * 1_000n;
  const recent = history.filter((cut) => cut.isAmendment && (parseTimestamp(cut.asOf) ?? now) > since);
  return Math.max(0, count - recent.length);
}
