import type fastCheck from "fast-check";
import { sealBatch, type DeliveredBatch, type DeliveredRow, type SealedBatch } from "../merge/batch/seal-batch.ts";
import type { MergeSpec, Operation } from "../merge/contribution/contribution.ts";
import type { CellPolicy } from "../merge/policy.ts";
import type { Column, ColumnType, Row } from "../schema/row-schema.ts";

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
  readonly rowPolicies?: readonly MergeSpec["policy"]["rows"][];
}

const column = (name: string, type: ColumnType, nullAs: Column["nullAs"] = "null"): Column => ({
  name,
  type,
  isNullable: true,
  nullAs,
});

/** Every kind of column; hostile names included. */
export const historyColumns: readonly Column[] = [
  column("id", { kind: "text" }),
  column("part", { kind: "bigint" }),
  column("name", { kind: "text" }),
  column('sc"ore', { kind: "double" }),
  column("seen", { kind: "timestamp" }),
  column("amount", { kind: "decimal", precision: 12, scale: 2 }),
  column("order", { kind: "bigint" }),
  column("flag", { kind: "boolean" }),
  column("day", { kind: "date" }),
  column("note", { kind: "text" }, "absent"),
];

export const historyEventTime: Column = column("at", { kind: "timestamp" });

// The composed and the decomposed letter are one key; the fullwidth tilde sorts after the emoji in UTF-16 and before it in UTF-8.
const texts = ["", "a", "B", "\u00e9", "e\u0301", "\u{1f600}", "\uff5e", "x'\"; --", "null"];

const valuesOf: Readonly<Record<string, readonly unknown[]>> = {
  text: texts,
  bigint: [0n, -1n, 9007199254740993n, 9007199254740992n, 9223372036854775807n],
  double: [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 0.1, -1e300, 5e-324],
  timestamp: ["2001-01-31T05:00:00.123456Z", "2001-01-31T05:00:00.123457Z", "1969-12-31T23:59:59.999999Z"],
  decimal: ["0.00", "12.50", "-0.01", "9999999999.99"],
  boolean: [true, false],
  date: ["2000-02-29", "1969-12-31"],
};

const times = [
  "2001-01-31T05:00:00.000001Z",
  "2001-01-31T05:00:00.000002Z",
  "2001-01-31T05:00:00.000003Z",
  "1969-07-20T20:17:40Z",
];

/**
 * Histories that force what merges are hard for: few keys, few times, equal tokens, redelivered keys, absent and null cells, deletes, retracts
 * and hostile values. `fc` is fast-check.
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
  const cellPolicy = fc.constantFrom<CellPolicy>("recencyFirst", "priorityFirst");
  const cells = historyColumns.slice(2).map(({ name }) => name);
  return fc
    .record({
      rows: fc.constantFrom(...(options.rowPolicies ?? (["recencyFirst", "priorityFirst", "unionDistinct"] as const))),
      columns: fc.dictionary(fc.constantFrom(...cells), cellPolicy, { maxKeys: 3 }),
      trust: fc.dictionary(fc.constantFrom("s", "t", "uu"), fc.integer({ min: -1, max: 2 })),
      isDated: fc.boolean(),
    })
    .map(({ rows, columns, trust, isDated }) => ({
      policy: {
        key: ["id", "part"],
        rows,
        columns: rows === "unionDistinct" ? {} : { ...columns },
        trust: { ...trust },
        eventTime: isDated ? "at" : null,
      },
      schema: { columns: historyColumns },
    }));
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
  return fc
    .record({
      id: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...texts.slice(0, 7)) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      part: fc.constantFrom(0n, 0n, 9007199254740993n),
      at: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...times) }, { weight: 1, arbitrary: fc.constant(null) }),
      cells: fc.tuple(...historyColumns.slice(2).map((column) => cellValues(fc, column))),
      operation: fc.oneof(...weighted),
    })
    .map(({ id, part, at, cells, operation }) => ({
      row: toRow({ id, part, at }, operation === "upsert" ? cells : []),
      operation,
    }));
}

/** `undefined` is absent. */
function cellValues(fc: Fc, { type }: Column): Arbitrary<unknown> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: fc.constantFrom(...(valuesOf[type.kind] ?? [])) },
  );
}

function toRow(row: Row, cells: readonly unknown[]): Row {
  const present = historyColumns
    .slice(2)
    .flatMap(({ name }, index) => (cells[index] === undefined ? [] : [[name, cells[index]] as const]));
  return { ...row, ...Object.fromEntries(present) };
}
