import { selectAssets } from "@watersmeet/core/graph";
import { checkEpochChain, compareWithEpochs } from "@watersmeet/core/merge";
import { getMerge, openStoreOf, type DeskMerge, type DeskParts } from "../merge-subject.ts";
import { createConsumerSearch } from "./find-consumers.ts";
import { replayMerge } from "./replay-merge.ts";
import type { SchemaVerdict } from "./schema-verdict.ts";

/** Of each merge selected: the present form against every form that still has batches (M40). */
export async function checkSchemas(
  parts: DeskParts,
  { select, replay }: { readonly select: string; readonly replay: number | undefined },
): Promise<readonly SchemaVerdict[]> {
  const { graph, specs } = parts.project.current();
  const merges = selectAssets(graph, select).filter((key) => specs.get(key)?.policy != null);
  const verdicts: SchemaVerdict[] = [];
  for (const key of merges) {
    const merge = getMerge(parts, key);
    const verdict = await checkSchema(parts, merge);
    verdicts.push(replay === undefined ? verdict : withReplay(verdict, await replayMerge(parts, merge, replay)));
  }
  return verdicts;
}

/** What cannot be made anew cannot be read, whatever the forms say. */
function withReplay(verdict: SchemaVerdict, replayed: Awaited<ReturnType<typeof replayMerge>>): SchemaVerdict {
  const isMade = replayed.differences.every(({ failure }) => failure === null);
  return { ...verdict, ...replayed, isCompatible: verdict.isCompatible && isMade };
}

async function checkSchema(parts: DeskParts, merge: DeskMerge): Promise<SchemaVerdict> {
  const store = await openStoreOf(parts, merge);
  const registered = await store.merges.listEpochs(merge.key);
  const kept = registered.filter((epoch) => epoch.batches > 0);
  const chain = { steps: merge.terms.epochs, present: merge.terms.fields };
  const findConsumers = await createConsumerSearch(merge);
  const nameNow = new Map(merge.terms.fields.map(({ id, name }) => [id, name]));
  const comparisons = compareWithEpochs(kept, chain);
  const broken = checkEpochChain(chain, registered);
  return {
    asset: merge.key,
    isCompatible: broken.length === 0 && comparisons.every(({ unbridged }) => unbridged.length === 0),
    broken: broken.map(({ message, hint }) => ({ message, hint: hint ?? null })),
    present: merge.terms.fields,
    comparisons: comparisons.map(({ from, changes, isBridged }) => ({
      from,
      changes: changes.map((change) => ({
        ...change,
        consumers: findConsumers([change.field, nameNow.get(change.field) ?? change.field]),
      })),
      isBridged,
    })),
  };
}
