import { hashEpoch, type EpochStep } from "@watersmeet/core/merge";
import type { AssetKey } from "@watersmeet/core/values";
import type { RegisteredEpoch } from "../../../stores/port/merge-records.ts";
import { getMerge, openStoreOf, type DeskParts } from "../merge-subject.ts";
import type { SchemaEpoch } from "./schema-verdict.ts";

/** The forms that a merge's schema had, oldest first, with what their authors said when they left them. */
export async function listSchemaHistory(parts: DeskParts, asset: AssetKey): Promise<readonly SchemaEpoch[]> {
  const merge = getMerge(parts, asset);
  const store = await openStoreOf(parts, merge);
  const { epochs, fields } = merge.terms;
  return tellEpochs(await store.merges.listEpochs(asset), { steps: epochs, present: hashEpoch(fields) });
}

/** What the code says now of leaving a form, else what was on record when the next form came: a step may have been taken out of the code since. */
export function tellEpochs(
  epochs: readonly RegisteredEpoch[],
  { steps, present }: { readonly steps: readonly EpochStep[]; readonly present: string },
): readonly SchemaEpoch[] {
  const notes = new Map(steps.map((step) => [step.hash, step.note]));
  return epochs.map((epoch, index) => ({
    ...epoch,
    note: notes.get(epoch.hash) ?? epochs[index + 1]?.note ?? null,
    isPresent: epoch.hash === present,
  }));
}
