import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Turns } from "../queue/claim/fair-turns.ts";
import type { HeadsOfRuns } from "../queue/claim/find-heads.ts";
import { resolveInputs } from "../queue/claim/resolve-inputs.ts";
import type { HeldStep } from "../queue/claim/take-ready.ts";
import type { VersionMemory } from "../queue/claim/version-memory.ts";
import type { RunCode } from "../queue/deploy/pinned-code.ts";
import type { NextClaim } from "../queue/record/record-outcomes.ts";
import type { ShapeOf } from "../queue/shape/shape-cache.ts";
import { decideChunk } from "./decide-chunk.ts";
import type { Slots } from "./slots.ts";

/** What both ways of claiming share: a look for work, and the record of the work before. */
export interface Chunks {
  /** What to ask for now; `undefined` when there is no room that is worth it. Its room is reserved until `end`. */
  begin(look?: {
    /** Somebody has rung: what is new may be urgent, so it gets room for one round of the slots although the worker has enough in store. @default false */
    readonly isCalled: boolean;
  }): { readonly request: NextClaim; readonly end: () => void } | undefined;
  /** Starts what was claimed. `heads`: what was looked up with the claim. */
  start(held: readonly HeldStep[], heads?: HeadsOfRuns): Promise<void>;
  /** From now on there is no room. */
  close(): void;
}

export interface ChunkOptions {
  readonly db: LedgerDb;
  readonly slots: Slots;
  readonly concurrency: number;
  readonly workerId: () => string;
  readonly stores: () => ReadonlySet<string>;
  readonly shapeOf: ShapeOf;
  readonly installationId: string;
  readonly code: RunCode;
  readonly memory: VersionMemory;
  readonly turns: Turns;
}

export function createChunks(options: ChunkOptions): Chunks {
  const { db, slots, concurrency, memory, shapeOf, installationId, code } = options;
  let isClosed = false;
  return {
    begin({ isCalled } = { isCalled: false }) {
      if (isClosed) return undefined;
      const held = Math.max(0, slots.heldCount() - (isCalled ? concurrency : 0));
      const { limit, isWorthwhile, areShort } = decideChunk({ concurrency, held, meanMs: slots.meanMs() });
      if (!isWorthwhile && !(isCalled && limit > 0)) return undefined;
      const { workerId, stores, turns } = options;
      const request = {
        workerId: workerId(),
        stores: stores(),
        limit,
        suspects: slots.suspectRoom(),
        turns,
        takesReleased: areShort,
        foreign: code.foreign,
      };
      return { request, end: slots.reserve(limit) };
    },
    close() {
      isClosed = true;
    },
    async start(held, heads) {
      if (held.length === 0) return;
      slots.start(await resolveInputs(db, held, { shapeOf, installationId, memory, heads, code }));
    },
  };
}
