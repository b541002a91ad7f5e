import type { BreakerRecord } from "@watersmeet/runtime";
import { toIso } from "./run-dto.ts";

/** The circuit breaker of a resource as faces show it: times are ISO-8601 UTC. */
export interface BreakerDto {
  readonly resource: string;
  readonly state: BreakerRecord["phase"];
  /** Whether the configuration gives the resource a breaker; without one it opens by hand only. */
  readonly isConfigured: boolean;
  /** Of `open`: when a probe may go; of `forcedOpen` and `disabled`: when that ends. `null`: not by itself. */
  readonly until: string | null;
  readonly openedAt: string | null;
  readonly reason: string | null;
  readonly changedBy: string;
  readonly changedAt: string;
  readonly failedProbes: number;
  /** Since it closed last, within its window. */
  readonly calls: BreakerRecord["calls"];
  /** Within ten minutes. `allowed` is `null` when the resource has no budget. */
  readonly retries: BreakerRecord["retries"];
  /** Steps that are ready and need the resource. */
  readonly waiting: number;
  /** Workers that fail at the resource when others do not, and leave it alone for a while. */
  readonly setApart: readonly { readonly workerId: string; readonly until: string; readonly reason: string }[];
}

export function toBreakerDto({ phase, suspects, until, openedAt, changedAt, ...rest }: BreakerRecord): BreakerDto {
  return {
    ...rest,
    state: phase,
    until: toIso(until),
    openedAt: toIso(openedAt),
    changedAt: changedAt.toISOString(),
    setApart: suspects.map((suspect) => ({ ...suspect, until: suspect.until.toISOString() })),
  };
}
