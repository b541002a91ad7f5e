import fc from "fast-check";
import { foldHistory, type MergeHistory } from "../../src/merge/batch/batch-set.ts";
import { sealBatch, type DeliveredRow, type SealedBatch } from "../../src/merge/batch/seal-batch.ts";
import type { Contribution, MergeSpec } from "../../src/merge/contribution/contribution.ts";
import { totalFates } from "../../src/merge/fold/fates.ts";
import type { Fold } from "../../src/merge/fold/fold.ts";
import type { MergeOrder } from "../../src/merge/orders.ts";
import { canonicalRow } from "../../src/schema/canonical-row.ts";
import { goldenBatches, goldenEventTime, goldenSets, goldenSpec } from "../../src/testing/merge-golden.ts";
import { mergeHistories, sealUnambiguously, type GeneratedHistory } from "../../src/testing/merge-histories.ts";

export type FoldSet = (spec: MergeSpec, contributions: readonly Contribution[]) => Fold;

export interface Law {
  readonly title: string;
  /** Throws with a counterexample when the fold breaks the law. */
  check(fold: FoldSet): void;
}

const runs = 150;
const anyOrder = <T>(items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });

/** The laws of a merge and the worked examples, to be held against any fold: the real one keeps them, each planted bug breaks at least one. */
export const laws: Readonly<Record<string, Law>> = {
  golden: {
    title: "the golden example comes out as written",
    check(fold) {
      for (const { batches, revoked, rows } of Object.values(goldenSets)) {
        const history = {
          deliveries: batches.map((batch) => goldenBatches[batch]),
          orders: revoking(revoked.map((batch) => goldenBatches[batch].batchId)),
        };
        equal(JSON.stringify(foldHistory(goldenSpec, history, fold).rows.map(({ row }) => row)), JSON.stringify(rows));
      }
    },
  },
  trust: {
    title: "a change of trust counts for what was delivered before",
    check(fold) {
      const spec = { ...goldenSpec, policy: { ...goldenSpec.policy, trust: { web: 9 } } };
      const { rows } = fold(spec, contributionsOf([goldenBatches.b2, goldenBatches.b6]));
      equal(String(rows[0]?.row["email"]), "ann@w");
    },
  },
  microseconds: {
    title: "one microsecond later is later",
    check(fold) {
      const contributions = contributionsOf([
        sealNames("crm", [["k1", "1000001", "early"]]),
        sealNames("web", [["k1", "1000002", "late"]]),
      ]);
      equal(String(fold(byTime, contributions).rows[0]?.row["email"]), "late");
    },
  },
  sources: {
    title: "sources are told apart by their bytes, not by UTF-16 code units",
    check(fold) {
      const contributions = contributionsOf([
        sealNames("\uff5e", [["k1", "1", "tilde"]]),
        sealNames("\u{1f600}", [["k1", "1", "emoji"]]),
      ]);
      equal(String(fold(byTime, contributions).rows[0]?.row["email"]), "emoji");
    },
  },
  keys: {
    title: "keys of several columns are not confused",
    check(fold) {
      const spec = { ...byTime, policy: { ...byTime.policy, key: ["customer", "name"] } };
      const rows = [
        ["a|", "b"],
        ["a", "|b"],
      ].map(([customer, name]) => ({ row: { customer, name, at: 1 } }));
      const { batch } = sealRows(spec, "web", rows);
      equal(String(fold(spec, batch.contributions).rows.length), "2");
    },
  },
  nulls: {
    title: "a later null wins",
    check(fold) {
      const contributions = contributionsOf([
        sealNames("crm", [["k1", "1", "set"]]),
        sealNames("web", [["k1", "2", null]]),
      ]);
      equal(String(fold(byTime, contributions).rows[0]?.row["email"]), "null");
    },
  },
  priority: {
    title: "a trusted source wins over a later one where trust comes first",
    check(fold) {
      const spec: MergeSpec = { ...byTime, policy: { ...byTime.policy, rows: "priorityFirst", trust: { crm: 1 } } };
      const contributions = contributionsOf([
        sealNames("crm", [["k1", "1", "trusted"]]),
        sealNames("web", [["k1", "2", "later"]]),
      ]);
      equal(String(fold(spec, contributions).rows[0]?.row["email"]), "trusted");
    },
  },
  L1: law(
    "any order of arrival gives the same rows",
    mergeHistories(fc).chain((given) => anyOrder(given.batches).map((shuffled) => ({ given, shuffled }))),
    (fold, { given, shuffled }) => {
      same(
        fold,
        given.spec,
        { deliveries: given.batches, orders: [] },
        {
          deliveries: shuffled.map((batch) => ({ ...batch, contributions: batch.contributions.toReversed() })),
          orders: [],
        },
      );
    },
  ),
  L2: law(
    "what lost can be forgotten before the rest arrives",
    fc.tuple(
      mergeHistories(fc, { operations: ["upsert"], rowPolicies: ["recencyFirst", "priorityFirst"] }),
      fc.nat({ max: 7 }),
    ),
    (fold, [given, at]) => {
      const first = given.batches.slice(0, at).flatMap((batch) => batch.contributions);
      const rest = given.batches.slice(at).flatMap((batch) => batch.contributions);
      const { fates } = fold(given.spec, first);
      const kept = first.filter((_, index) => fates[index] === "winner");
      equal(
        bytesOf(given.spec, fold(given.spec, [...first, ...rest])),
        bytesOf(given.spec, fold(given.spec, [...kept, ...rest])),
      );
    },
  ),
  L3: law(
    "deliveries repeated change nothing",
    mergeHistories(fc).chain((given) => fc.array(fc.constantFrom(...given.batches)).map((again) => ({ given, again }))),
    (fold, { given, again }) => {
      same(
        fold,
        given.spec,
        { deliveries: given.batches, orders: [] },
        { deliveries: [...again, ...given.batches, ...again], orders: [] },
      );
      const twice = given.batches.flatMap((batch) =>
        batch.contributions.flatMap((contribution) => [contribution, contribution]),
      );
      equal(
        bytesOf(given.spec, fold(given.spec, twice)),
        bytesOf(given.spec, foldHistory(given.spec, { deliveries: given.batches, orders: [] }, fold)),
      );
    },
  ),
  L5: law("a batch taken back was never there", withRevocations(), (fold, { given, revoked }) => {
    const ids = new Set(revoked);
    same(
      fold,
      given.spec,
      { deliveries: given.batches, orders: revoking(revoked) },
      { deliveries: given.batches.filter((batch) => !ids.has(batch.batchId)), orders: [] },
    );
  }),
  L7: law(
    "how rows are cut into batches does not matter",
    fc.tuple(mergeHistories(fc), fc.nat({ max: 5 })),
    (fold, [given, at]) => {
      same(
        fold,
        given.spec,
        { deliveries: given.batches, orders: [] },
        { deliveries: splitBatches(given, at), orders: [] },
      );
    },
  ),
  L8: law("rows of other keys do not matter", mergeHistories(fc), (fold, given) => {
    const all = contributionsOf(given.batches);
    const folded = fold(given.spec, all);
    for (const { row } of folded.rows) {
      const own = all.filter((contribution) => isSameKey(contribution.key, row));
      equal(bytesOf(given.spec, fold(given.spec, own)), canonicalRow(given.spec.schema, row).toString("hex"));
    }
  }),
  L9: law(
    "a cell's winner does not depend on the other columns",
    mergeHistories(fc, { haveTies: false, rowPolicies: ["recencyFirst", "priorityFirst"] }),
    (fold, given) => {
      const all = contributionsOf(given.batches);
      const whole = fold(given.spec, all);
      for (const column of given.spec.schema.columns.slice(2)) {
        const narrow = { columns: [...given.spec.schema.columns.slice(0, 2), column] };
        const alone = fold({ ...given.spec, schema: narrow }, all);
        equal(bytesOf({ ...given.spec, schema: narrow }, alone), bytesOf({ ...given.spec, schema: narrow }, whole));
      }
    },
  ),
  L14: law("every contribution has one fate", withRevocations(), (fold, { given, revoked }) => {
    const deliveries = [...given.batches, ...given.batches.slice(0, 2)];
    const merged = foldHistory(given.spec, { deliveries, orders: revoking(revoked) }, fold);
    equal(
      String(totalFates(merged.allFates)),
      String(deliveries.reduce((sum, batch) => sum + batch.contributions.length + batch.rejected.length, 0)),
    );
    equal(String(merged.fates.length), String(totalFates(merged.counts)));
    const owned = new Set(merged.rows.flatMap(({ winners }) => Object.values(winners).flat()));
    const unclaimed = [...owned].filter((winner) => merged.fates[indexOfLive(given, revoked, winner)] !== "winner");
    equal(String(unclaimed.length), "0");
  }),
};

const byTime: MergeSpec = { ...goldenSpec, policy: { ...goldenSpec.policy, columns: {}, trust: {} } };

function sealNames(
  source: string,
  rows: readonly (readonly [customer: string, at: string, email: string | null])[],
): SealedBatch {
  return sealRows(
    byTime,
    source,
    rows.map(([customer, at, email]) => ({ row: { customer, at: Number(at), email } })),
  ).batch;
}

function sealRows(spec: MergeSpec, source: string, rows: readonly DeliveredRow[]) {
  const sealing = sealBatch(spec, goldenEventTime, {
    source,
    batchKey: source,
    generation: 1,
    schemaVersion: "1",
    batchSequence: 1n,
    rows,
  });
  if (sealing.kind !== "sealed") throw new TypeError("ambiguous");
  return sealing;
}

function law<T>(title: string, arbitrary: fc.Arbitrary<T>, hold: (fold: FoldSet, value: T) => void): Law {
  return {
    title,
    check: (fold) =>
      fc.assert(
        fc.property(arbitrary, (value) => hold(fold, value)),
        { numRuns: runs, seed: 20010131 },
      ),
  };
}

function revoking(batchIds: readonly string[]): readonly MergeOrder[] {
  return batchIds.map((batchId) => ({ kind: "revoke", batchId }));
}

function withRevocations() {
  return mergeHistories(fc).chain((given) =>
    fc
      .subarray(given.batches.map((batch) => batch.batchId))
      .map((revoked) => ({ given, revoked: [...revoked, "never-delivered"] })),
  );
}

function splitBatches(given: GeneratedHistory, at: number): readonly SealedBatch[] {
  return given.delivered.flatMap((batch) =>
    [batch.rows.slice(0, at), batch.rows.slice(at)].map(
      (rows, part) => sealUnambiguously(given.spec, { ...batch, batchKey: `${batch.batchKey}/${part}`, rows }).batch,
    ),
  );
}

function contributionsOf(batches: readonly SealedBatch[]): readonly Contribution[] {
  return batches.flatMap((batch) => batch.contributions);
}

function indexOfLive(given: GeneratedHistory, revoked: readonly string[], contribution: Contribution): number {
  return contributionsOf(given.batches.filter((batch) => !revoked.includes(batch.batchId))).indexOf(contribution);
}

function isSameKey(key: Readonly<Record<string, unknown>>, row: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(key).every(([name, value]) => row[name] === value);
}

function same(fold: FoldSet, spec: MergeSpec, ...[a, b]: readonly [MergeHistory, MergeHistory]): void {
  equal(bytesOf(spec, foldHistory(spec, a, fold)), bytesOf(spec, foldHistory(spec, b, fold)));
}

function bytesOf(spec: MergeSpec, folded: Fold): string {
  return folded.rows.map(({ row }) => canonicalRow(spec.schema, row).toString("hex")).join("\n");
}

function equal(a: string, b: string): void {
  if (a !== b) throw new Error(`not the same:\n${a}\n---\n${b}`);
}
