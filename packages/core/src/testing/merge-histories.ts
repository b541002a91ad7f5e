import type fastCheck from "fast-check";
import { sealBatch, type DeliveredBatch, type DeliveredRow, type SealedBatch } from "../merge/batch/seal-batch.ts";
import type { MergeSpec, Operation } from "../merge/contribution/contribution.ts";
import { rowRules } from "../merge/fold/row-policies.ts";
import type { MergeOrder } from "../merge/orders.ts";
import { rowPolicies, type CellPolicy, type RowPolicy } from "../merge/policy.ts";
import { compareStrings } from "../values/compare.ts";
import {
  historyColumns,
  historyEventTime,
  historyKeys,
  historyTimes,
  policiesOf,
  valuesOf,
} from "./merge-history-columns.ts";

type Fc = typeof fastCheck;
type Arbitrary<T> = fastCheck.Arbitrary<T>;

/** A merge and the batches that its sources sealed, each once, in the order of their making. */
export interface GeneratedHistory {
  readonly spec: MergeSpec;
  readonly delivered: readonly DeliveredBatch[];
  readonly batches: readonly SealedBatch[];
}

export interface HistoryOptions {
  /** @default all three */
  readonly operations?: readonly Operation[];
  /** Whether batches of one source may have the same sequence, so that only values decide. @default true */
  readonly haveTies?: boolean;
  /** @default all */
  readonly rowPolicies?: readonly RowPolicy[];
  /** Of columns. @default all but `custom` */
  readonly cellPolicies?: readonly CellPolicy[];
  /** Only what is chosen by tokens: no other policies of columns, no tolerance, no sequences of rows, one row a key at most. @default false */
  readonly isPlain?: boolean;
}

const plain = {
  rowPolicies: ["recencyFirst", "priorityFirst", "unionDistinct"],
  cellPolicies: ["recencyFirst", "priorityFirst"],
} as const satisfies HistoryOptions;

/**
 * Histories that force what merges are hard for: few keys, few times, equal tokens, redelivered keys, absent and null cells, deletes, retracts, every policy
 * and hostile values. Sums fit their columns. `fc` is fast-check.
 */
export function mergeHistories(fc: Fc, options: HistoryOptions = {}): Arbitrary<GeneratedHistory> {
  return fc
    .record({ spec: specs(fc, options), batches: fc.array(batchShapes(fc, options), { minLength: 1, maxLength: 7 }) })
    .map(({ spec, batches }) => {
      const delivered = batches.map((batch, index) => deliver(batch, { index, haveTies: options.haveTies !== false }));
      const sealings = delivered.map((batch) => sealUnambiguously(spec, batch));
      return {
        spec,
        delivered: sealings.map(({ delivered }) => delivered),
        batches: sealings.map(({ batch }) => batch),
      };
    });
}

/** What happened to a merge after all: generations, late parts of deliveries, and what people decided. */
export interface DecidedHistory extends GeneratedHistory {
  /** About batches of the history, and one that never came. */
  readonly orders: readonly MergeOrder[];
}

/** Histories in which batches take the place of earlier ones, wait, are turned away, admitted and taken back. */
export function decidedHistories(fc: Fc, options: HistoryOptions = {}): Arbitrary<DecidedHistory> {
  return mergeHistories(fc, options).chain((given) => {
    const shape = fc.record({
      restates: fc.boolean(),
      late: fc.constantFrom("none" as const, "none" as const, "held" as const, "rejected" as const),
      lateFrom: fc.nat({ max: 5 }),
    });
    return fc
      .array(shape, { minLength: given.delivered.length, maxLength: given.delivered.length })
      .map((shapes) => splitAndRestate(given, shapes))
      .chain((split) => {
        const ids = [...split.batches.map((batch) => batch.batchId), "never delivered"];
        const order = fc.record({
          kind: fc.constantFrom("revoke" as const, "admit" as const, "admit" as const, "reject" as const),
          batchId: fc.constantFrom(...ids),
        });
        return fc.array(order, { maxLength: 5 }).map((orders) => ({ ...split, orders }));
      });
  });
}

interface DeliveryShape {
  /** Whether it is the next generation of the delivery before it. */
  readonly restates: boolean;
  readonly late: "none" | "held" | "rejected";
  /** Rows from this one on are late. */
  readonly lateFrom: number;
}

function splitAndRestate(given: GeneratedHistory, shapes: readonly DeliveryShape[]): GeneratedHistory {
  const generations = new Map<string, { readonly batchKey: string; readonly generation: number }>();
  const delivered = given.delivered.flatMap((batch, index): readonly DeliveredBatch[] => {
    const { restates, late, lateFrom } = shapes[index] ?? { restates: false, late: "none", lateFrom: 0 };
    const before = restates ? generations.get(batch.source) : undefined;
    const named = {
      ...batch,
      batchKey: before?.batchKey ?? batch.batchKey,
      generation: (before?.generation ?? 0) + 1,
    };
    generations.set(batch.source, named);
    if (late === "none") return [named];
    return [
      { ...named, rows: batch.rows.slice(0, lateFrom) },
      { ...named, rows: batch.rows.slice(lateFrom), part: late },
    ];
  });
  const sealings = delivered.map((batch) => sealUnambiguously(given.spec, batch));
  return {
    spec: given.spec,
    delivered: sealings.map((sealing) => sealing.delivered),
    batches: sealings.map(({ batch }) => batch),
  };
}

/** Rows with an ordinal each, where equal tokens would make a batch ambiguous. */
export function sealUnambiguously(spec: MergeSpec, delivered: DeliveredBatch) {
  const eventTime = spec.policy.eventTime === null ? null : historyEventTime;
  const sealing = sealBatch(spec, eventTime, delivered);
  if (sealing.kind === "sealed") return { delivered, batch: sealing.batch };
  const numbered = { ...delivered, rows: delivered.rows.map((row, index) => ({ ...row, ordinal: BigInt(index) })) };
  const again = sealBatch(spec, eventTime, numbered);
  if (again.kind !== "sealed") throw new TypeError("Rows with an ordinal each are ambiguous");
  return { delivered: numbered, batch: again.batch };
}

interface BatchShape {
  readonly source: string;
  readonly sequence: number;
  readonly rows: readonly DeliveredRow[];
}

function deliver(batch: BatchShape, given: { readonly index: number; readonly haveTies: boolean }): DeliveredBatch {
  return {
    source: batch.source,
    batchKey: `${batch.source}:${given.index}`,
    generation: 1,
    schemaVersion: "1",
    batchSequence: BigInt(given.haveTies ? batch.sequence : given.index),
    rows: batch.rows,
  };
}

function specs(fc: Fc, options: HistoryOptions): Arbitrary<MergeSpec> {
  const allowed = options.isPlain === true ? plain : { rowPolicies, cellPolicies: undefined };
  const columns = historyColumns
    .slice(historyKeys)
    .map(({ name, type }) => [name, policiesOf(type, options.cellPolicies ?? allowed.cellPolicies)] as const);
  return fc
    .record({
      rows: fc.constantFrom(...(options.rowPolicies ?? allowed.rowPolicies)),
      columns: fc.tuple(
        ...columns.map(([name, policies]) =>
          fc.oneof(
            { weight: 1, arbitrary: fc.constant(null) },
            {
              weight: options.isPlain === true ? 1 : 2,
              arbitrary: fc.constantFrom(...policies).map((policy) => [name, policy] as const),
            },
          ),
        ),
      ),
      trust: fc.dictionary(fc.constantFrom("s", "t", "uu"), fc.integer({ min: -1, max: 2 })),
      isDated: fc.boolean(),
      toleranceUs: options.isPlain === true ? fc.constant(0) : fc.constantFrom(0, 0, 2, 1_000_000),
    })
    .map(({ rows, columns, trust, isDated, toleranceUs }) => ({
      policy: {
        key: historyColumns.slice(0, historyKeys).map(({ name }) => name),
        rows,
        columns: rowRules[rows].isByCell ? Object.fromEntries(columns.filter((entry) => entry !== null)) : {},
        trust: { ...trust },
        eventTime: isDated ? historyEventTime.name : null,
        ...(isDated && toleranceUs > 0 ? { toleranceUs } : {}),
      },
      schema: { columns: historyColumns },
      reducers: historyReducers,
    }));
}

/** Joins that keep the laws, for columns with the policy `custom`. */
const historyReducers: NonNullable<MergeSpec["reducers"]> = Object.fromEntries(
  historyColumns.map(({ name }) => [name, keepLongerText]),
);

function keepLongerText(a: unknown, b: unknown): unknown {
  const [one, other] = [textOf(a), textOf(b)];
  return one.length - other.length || compareStrings(one, other) > 0 ? a : b;
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function batchShapes(fc: Fc, options: HistoryOptions): Arbitrary<BatchShape> {
  return fc.record({
    source: fc.constantFrom("s", "t", "uu"),
    sequence: fc.integer({ min: 0, max: 2 }),
    rows: fc.array(deliveredRows(fc, options), { minLength: 1, maxLength: 6 }),
  });
}

function deliveredRows(fc: Fc, options: HistoryOptions): Arbitrary<DeliveredRow> {
  const allowed = options.operations ?? ["upsert", "delete", "retract"];
  const weighted = allowed.map((operation) => ({
    weight: operation === "upsert" ? 6 : 1,
    arbitrary: fc.constant(operation),
  }));
  const columns = historyColumns.slice(historyKeys);
  return fc
    .record({
      id: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...valuesOf("text").slice(0, 7)) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      part: fc.constantFrom(0n, 0n, 9007199254740993n),
      at: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...historyTimes) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      cells: fc.tuple(...columns.map(({ type }) => cellValues(fc, valuesOf(type.kind)))),
      operation: fc.oneof(...weighted),
      sequence: options.isPlain === true ? fc.constant(0n) : fc.constantFrom(0n, 0n, 0n, -1n, 2n ** 53n + 1n),
    })
    .map(({ id, part, at, cells, operation, sequence }) => {
      const present = columns.flatMap(({ name }, index) =>
        operation !== "upsert" || cells[index] === undefined ? [] : [[name, cells[index]] as const],
      );
      return { row: { id, part, at, ...Object.fromEntries(present) }, operation, sequence };
    });
}

/** `undefined` is absent. */
function cellValues(fc: Fc, values: readonly unknown[]): Arbitrary<unknown> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: fc.constantFrom(...values) },
  );
}
