import { WatersmeetError } from "@watersmeet/core/errors";
import {
  fold,
  type BatchStanding,
  type Contribution,
  type Fate,
  type Fold,
  type MergeSpec,
} from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import type { PartitionKey } from "@watersmeet/core/values";
import type { BatchRecord, StoredContribution } from "../../../stores/port/merge-records.ts";
import type { Store } from "../../../stores/store.ts";
import { allBatches } from "../list-batches.ts";
import { nameOf, type DeskMerge } from "../merge-subject.ts";

/** Something that was said of a key, with what became of it in one version. */
export interface Said {
  readonly stored: StoredContribution;
  readonly contribution: Contribution;
  readonly batch: BatchRecord;
  readonly fate: Fate;
}

/** Everything that was said of a key, and what it comes to. */
export interface KeyFold {
  readonly said: readonly Said[];
  /** Of those that count. */
  readonly fold: Fold;
}

/** More than anybody says of one key. */
const maxContributions = 100_000;

/**
 * Folds one key of a version again, by the reference fold: the contributions of the batches that its cut knows, as they stand to that cut. Batches that came later
 * are not part of it. `undefined`: nothing was said of the key.
 */
export async function foldKey(
  store: Store,
  merge: DeskMerge,
  at: { readonly partition: PartitionKey; readonly version: number; readonly key: Row },
): Promise<KeyFold | undefined> {
  const { partition, version, key } = at;
  const stored = await store.merges.readContributions({
    asset: merge.stored,
    partition,
    key,
    limit: maxContributions + 1,
  });
  if (stored.length > maxContributions) {
    throw new WatersmeetError(
      "USAGE_INVALID",
      `More than ${maxContributions} rows speak of this key of ${nameOf(merge.key, partition)}`,
      {
        hint: "That is no key of single rows. Look at the batches instead: `watersmeet batches`.",
      },
    );
  }
  const batchIds = [...new Set(stored.map((each) => each.batchId))];
  const batches =
    batchIds.length === 0
      ? []
      : await store.merges.listBatches({ asset: merge.key, partition, version, batchIds, limit: allBatches });
  return judge(merge, stored, new Map(batches.map((batch) => [batch.batchId, batch])));
}

/** The pure part. */
function judge(
  { policy, spec }: DeskMerge,
  stored: readonly StoredContribution[],
  batches: ReadonlyMap<string, BatchRecord>,
): KeyFold | undefined {
  const known = stored.flatMap((each) => {
    const batch = batches.get(each.batchId);
    return batch === undefined ? [] : [{ stored: each, contribution: toContribution(each), batch }];
  });
  if (known.length === 0) return undefined;
  const counted = known.filter(({ stored: { fault }, batch }) => fault === null && batch.standing === "live");
  const folded = fold(
    toSpec({ policy, spec }),
    counted.map(({ contribution }) => contribution),
  );
  const fates = new Map(counted.map(({ stored: each }, index) => [each, folded.fates[index] ?? "superseded"]));
  return {
    said: known.map((each) => ({ ...each, fate: fates.get(each.stored) ?? fateOfStanding[each.batch.standing] })),
    fold: folded,
  };
}

/** A live batch's contribution that does not count has a fault. */
const fateOfStanding: Readonly<Record<BatchStanding, Fate>> = {
  live: "rejected",
  superseded: "superseded",
  revoked: "revoked",
  held: "held",
  rejected: "rejected",
};

/** The author's own functions are not called here: what they make of the values is read from the version. */
function toSpec({ policy, spec }: Pick<DeskMerge, "policy" | "spec">): MergeSpec {
  const custom = Object.entries(policy.columns).filter(([, cell]) => cell === "custom");
  return {
    policy,
    schema: spec.schema,
    reducers: Object.fromEntries(custom.map(([column]) => [column, (_: unknown, b: unknown) => b])),
  };
}

function toContribution(stored: StoredContribution): Contribution {
  return {
    key: stored.key,
    operation: stored.operation,
    cells: stored.cells,
    eventTimeUs: stored.eventTimeUs === null ? null : BigInt(stored.eventTimeUs),
    source: stored.branch,
    sequence: BigInt(stored.sequence),
    batchSequence: BigInt(stored.batchSequence),
    ordinal: BigInt(stored.ordinal ?? "0"),
    batchId: stored.batchId,
    copy: stored.copy ?? 0,
  };
}
