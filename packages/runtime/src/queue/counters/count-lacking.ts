import { countRanges, type OrdinalRange } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import { getAssetOf, getPartitionOf, toStepRanges, type RunShape } from "../shape/run-shape.ts";

/**
 * What a step that waits still lacks, counted from the steps that make it, for who asks why: single steps, and one for each upstream that it reads as a whole.
 * Workers have the same number in memory.
 */
export async function countLacking(
  db: LedgerDb,
  step: { readonly runId: RunId; readonly ordinal: number },
  shape: RunShape,
): Promise<number> {
  let lacking = 0;
  for (const { steps, isBarrier } of listNeeds(shape, step.ordinal)) {
    const open = countRanges(steps) - (await countEnded(db, step.runId, steps));
    lacking += isBarrier ? Math.min(1, open) : open;
  }
  return lacking;
}

interface Need {
  readonly steps: readonly OrdinalRange[];
  readonly isBarrier: boolean;
}

function listNeeds(shape: RunShape, ordinal: number): readonly Need[] {
  const asset = getAssetOf(shape, ordinal);
  const own = getPartitionOf(asset, ordinal);
  return asset.inputs.flatMap((input): readonly Need[] => {
    const upstream = input.from === null ? undefined : shape.assets[input.from];
    if (upstream === undefined) return [];
    return [{ steps: toStepRanges(upstream, input.mapping.toUpstream([own, own + 1])), isBarrier: input.isBarrier }];
  });
}

/** A step without a row has not ended. */
async function countEnded(db: LedgerDb, runId: RunId, ranges: readonly OrdinalRange[]): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count
    from unnest(${ranges.map(([from]) => from)}::integer[], ${ranges.map(([, to]) => to)}::integer[]) as needed (first, beyond)
    join watersmeet.step on step.run_id = ${runId} and step.ordinal >= needed.first and step.ordinal < needed.beyond
      and step.state >= 'succeeded'`.execute(db);
  return rows[0]?.count ?? 0;
}
