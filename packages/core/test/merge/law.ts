import fc from "fast-check";
import { foldHistory, type MergeHistory } from "../../src/merge/batch/batch-set.ts";
import type { SealedBatch, sealBatch } from "../../src/merge/batch/seal-batch.ts";
import type { Contribution, MergeSpec } from "../../src/merge/contribution/contribution.ts";
import type { Fold } from "../../src/merge/fold/fold.ts";
import type { MergeOrder } from "../../src/merge/orders.ts";
import { canonicalRow } from "../../src/schema/canonical-row.ts";

export type FoldSet = (spec: MergeSpec, contributions: readonly Contribution[]) => Fold;

/** What the laws are held against: the real merge, or one with a bug in it. */
export interface MergeParts {
  readonly fold: FoldSet;
  readonly seal: typeof sealBatch;
}

export interface Law {
  readonly title: string;
  /** Throws with a counterexample when the merge breaks the law. */
  check(merge: MergeParts): void;
}

const runs = 60;

export function law<T>(title: string, arbitrary: fc.Arbitrary<T>, hold: (merge: MergeParts, value: T) => void): Law {
  return {
    title,
    check: (merge) =>
      fc.assert(
        fc.property(arbitrary, (value) => hold(merge, value)),
        { numRuns: runs, seed: 20010131 },
      ),
  };
}

/** Canonical bytes of the folded rows, in hex. */
export function bytesOf(spec: MergeSpec, { rows }: Pick<Fold, "rows">): string {
  return rows.map(({ row }) => canonicalRow(spec.schema, row).toString("hex")).join("\n");
}

export function contributionsOf(batches: readonly SealedBatch[]): readonly Contribution[] {
  return batches.flatMap((batch) => batch.contributions);
}

export function revoking(batchIds: readonly string[]): readonly MergeOrder[] {
  return batchIds.map((batchId) => ({ kind: "revoke", batchId }));
}

/** Two histories come to the same table. */
export function same({ fold }: MergeParts, spec: MergeSpec, [a, b]: readonly [MergeHistory, MergeHistory]): void {
  equal(bytesOf(spec, foldHistory(spec, a, fold)), bytesOf(spec, foldHistory(spec, b, fold)));
}

export function equal(a: string, b: string): void {
  if (a !== b) throw new Error(`not the same:\n${a}\n---\n${b}`);
}
