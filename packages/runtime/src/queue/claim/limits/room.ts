import type { ResourceUse } from "@watersmeet/core";
import type { Bucket } from "../../limits/rate.ts";

/** What a claim may still take of one resource; counted down while it takes. */
export interface Room {
  /** In units; `Infinity`: no limit. */
  readonly limit: number;
  free: number;
  /** Of the rate; `Infinity`: no rate. */
  tokens: number;
  /** Steps that a breaker lets through; `Infinity`: it is closed. */
  permits: number;
  /** `null`: no rate. */
  readonly bucket: Bucket | null;
  /** Whether only time or giving back is lacking: neither a breaker nor a "not before" keeps steps away. */
  readonly isOpen: boolean;
  /** Whether what is taken now are probes of a breaker. */
  readonly isProbe: boolean;
  /** Tokens that were taken. */
  spent: number;
  /** Until more may be taken without anybody giving back, from now; `null`: only giving back helps. */
  readonly againInMs: number | null;
}

export type Rooms = ReadonlyMap<string, Room>;

/** How many steps that use these resources may start now. A resource that no room is known of has none left. */
export function countFitting(rooms: Rooms, uses: readonly ResourceUse[]): number {
  let fitting = Number.POSITIVE_INFINITY;
  for (const use of uses) {
    const room = rooms.get(use.name);
    if (room === undefined) return 0;
    const units = Math.floor(room.free / unitsOf(room, use));
    const starts = Math.floor(room.tokens / tokensOf(room, use));
    fitting = Math.min(fitting, units, starts, room.permits);
  }
  return Math.max(0, fitting);
}

export function takeRoom(rooms: Rooms, uses: readonly ResourceUse[], steps: number): void {
  for (const use of uses) {
    const room = rooms.get(use.name);
    if (room === undefined) continue;
    room.free -= steps * unitsOf(room, use);
    room.tokens -= steps * tokensOf(room, use);
    room.spent += steps * tokensOf(room, use);
    room.permits -= steps;
  }
}

/** A step that is heavier than the limit takes all of it, and runs alone: it would never run otherwise, once somebody has lowered the limit. */
export function unitsOf(room: Room, use: ResourceUse): number {
  return Math.min(use.weight, Math.max(1, room.limit));
}

function tokensOf(room: Room, use: ResourceUse): number {
  return room.bucket === null ? 0 : Math.min(use.weight, room.bucket.rate.burst);
}
