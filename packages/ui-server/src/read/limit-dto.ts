import type { LimitMove, LimitRecord } from "@watersmeet/runtime";
import { toIso } from "./run-dto.ts";

/** What all workers together may ask of a resource, as faces show it: times are ISO-8601 UTC. */
export interface LimitDto {
  readonly resource: string;
  /** Units that may be in use now; `null`: any number. */
  readonly limit: number | null;
  readonly configured: LimitRecord["configured"];
  /** What a person set instead of the configured limit; `null`: nothing. */
  readonly override: {
    readonly concurrency: number;
    readonly by: string;
    readonly reason: string;
    readonly at: string;
    readonly until: string | null;
  } | null;
  /** Units in use. */
  readonly taken: number;
  /** Steps that are ready and need it. */
  readonly waiting: number;
  readonly rate: LimitRecord["rate"];
  /** No step may start before then. */
  readonly blockedUntil: string | null;
  /** Why, when the resource itself said so. */
  readonly heldBecause: string | null;
  /** Some of those who hold units, by asset. */
  readonly holders: LimitRecord["holders"];
}

/** A decision about a limit that adapts. */
export interface LimitMoveDto extends Omit<LimitMove, "at"> {
  readonly at: string;
}

export function toLimitDto({ name, override, blockedUntil, ...rest }: LimitRecord): LimitDto {
  return {
    ...rest,
    resource: name,
    override: override && { ...override, at: override.at.toISOString(), until: toIso(override.until) },
    blockedUntil: toIso(blockedUntil),
  };
}

export function toLimitMoveDto({ at, ...rest }: LimitMove): LimitMoveDto {
  return { ...rest, at: at.toISOString() };
}
