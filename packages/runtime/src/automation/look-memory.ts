import type { AutomationRow } from "./records/automation-rows.ts";

/**
 * Up to which event an evaluator has found that a condition at rest is not concerned. Only in memory: another process looks once at what came since the condition was
 * recorded. Without it, a condition that rests for weeks would have every event of these weeks looked at, each time.
 */
export interface LookMemory {
  /** The event after which changes matter. */
  since(row: AutomationRow | null): bigint;
  /** Nothing up to this event concerns the condition as it is recorded. */
  keep(row: AutomationRow, sequence: bigint): void;
}

export function createLookMemory(): LookMemory {
  const known = new Map<string, { readonly revision: string; readonly sequence: bigint }>();
  return {
    since(row) {
      if (row === null) return 0n;
      const recorded = BigInt(row.sequence ?? "0");
      const kept = known.get(row.name);
      return kept?.revision === row.revision && kept.sequence > recorded ? kept.sequence : recorded;
    },
    keep: ({ name, revision }, sequence) => void known.set(name, { revision, sequence }),
  };
}
