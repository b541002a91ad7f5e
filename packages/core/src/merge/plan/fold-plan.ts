import type { Column } from "../../schema/row-schema.ts";
import { compareStrings } from "../../values/compare.ts";
import type { MergeSpec } from "../contribution/contribution.ts";
import { keyColumns } from "../contribution/key.ts";
import { cellRules } from "../fold/cell-policies.ts";
import { rowRules } from "../fold/row-policies.ts";
import { cellPolicyOf, type CellPolicy, type RowPolicy } from "../policy.ts";
import { isSameOrder, packOrder, type OrderedBatch, type PackedOrder } from "./packed-order.ts";

/** A live batch, as a store knows it without reading its contributions. */
export interface FoldBatch extends OrderedBatch {
  /** Columns, without the key, that its contributions carry. */
  readonly columns: readonly string[];
  /** Whether contributions say one by one which of them they carry. */
  readonly hasRowPresence: boolean;
}

/** Which contributions say something of a column. */
export interface Presence {
  /** Batches that carry it; `null`: all of them. */
  readonly batches: readonly number[] | null;
  /** Its position in the schema, when contributions have presence bits; otherwise `null`. */
  readonly bit: number | null;
  /** A stored NULL says nothing: the schema reads it as an absent property. */
  readonly isNullAbsent: boolean;
}

/** Columns whose cells always come from the same contribution: the one with the greatest, or with `first` the least, token of those that carry them. */
export interface CellGroup {
  readonly columns: readonly Column[];
  readonly picks: "greatest" | "least";
  /** Index into `orders`. */
  readonly order: number;
  readonly presence: Presence;
}

/** A column whose cell is worked out from the values of all surviving contributions that carry it. NULL says nothing: only other values count, and win. */
export interface AggregateCell {
  readonly column: Column;
  /**
   * `min` and `max` in the order of `compareValues`; of equal values the contribution with the greatest token of `order` is the winner. `sum` must be exact, within
   * `greatestSum`. Every contribution with a value is a winner of the others. Without any value: NULL, of `count` 0.
   */
  readonly policy: "min" | "max" | "setUnion" | "sum" | "count";
  /** Index into `orders`: recency first. */
  readonly order: number;
  readonly presence: Presence;
}

/** How to fold a set of batches in SQL: what the policy comes to for exactly these. Data; each engine renders it its own way. */
export interface FoldPlan {
  readonly key: readonly Column[];
  /** All columns of the result, in the schema's order. */
  readonly columns: readonly Column[];
  readonly batches: readonly number[];
  /** By batch: a number for its source, the same for all batches of a source. */
  readonly sources: readonly (readonly [batch: number, source: number])[];
  /** Distinct orders; the first decides which contribution a row belongs to. */
  readonly orders: readonly [PackedOrder, ...PackedOrder[]];
  /** Recency-first, by which deletes and retracts hide: index into `orders`; `null` when there are none. */
  readonly maskOrder: number | null;
  readonly hasRetracts: boolean;
  /** The first is the row itself: its key, and the columns that follow it wherever it goes. */
  readonly groups: readonly [CellGroup, ...CellGroup[]];
  readonly aggregates: readonly AggregateCell[];
  /** Columns that a function of the author's joins. They are in `groups` too, as if they were recency first, for engines that cannot call it. */
  readonly custom: readonly Column[];
  /** Of each column that a batch carries, who says something of it: what the value hash is over, also where rows are taken whole. */
  readonly said: readonly { readonly column: Column; readonly presence: Presence }[];
  /** Columns that no batch carries: NULL. */
  readonly unset: readonly Column[];
  /** Columns to count contributions in that no batch carries: 0. */
  readonly uncounted: readonly Column[];
  /** Two batches of one source have the same sequence: only the values can decide between their rows. */
  readonly needsValueHash: boolean;
  /** Contributions with equal tokens and value hashes are in several batches, and must be counted or added up once. */
  readonly countsEqualOnce: boolean;
  /**
   * What becomes of the rows of a key. `unionAll`: every survivor is a row, and `_row` tells it from others. `keepConflicts`: of the survivors with the greatest
   * stratum (`orders[0]`, divided by its `stratumSize`), the greatest of each source, and of those the distinct rows; all of them are winners, equal ones too.
   * Under both a row's cells are its contribution's own, NULL where it carries none, and `groups` has one group.
   */
  readonly rows: RowPolicy;
  /** Rows of one key must be equal. */
  readonly isUnionDistinct: boolean;
}

/** Works out the fold of a set of batches. Pure. */
export function planFold(spec: MergeSpec, batches: readonly FoldBatch[]): FoldPlan {
  const { policy, schema } = spec;
  const orders = collectOrders(spec, batches);
  const hasRetracts = batches.some((batch) => batch.hasRetracts);
  const masks = hasRetracts || batches.some((batch) => batch.hasDeletes);
  const cells = planCells(spec, batches, (name) => orders.indexOf(name));
  const maskOrder = masks ? orders.indexOf("recencyFirst") : null;
  const needsValueHash =
    new Set(batches.map((batch) => `${batch.batchSequence}:${batch.source}`)).size < batches.length;
  return {
    key: keyColumns(schema, policy.key),
    columns: schema.columns,
    batches: batches.map((batch) => batch.number),
    sources: numberSources(batches),
    orders: orders.list(),
    maskOrder,
    hasRetracts,
    ...cells,
    needsValueHash,
    countsEqualOnce: needsValueHash && cells.aggregates.some(({ policy }) => policy === "sum" || policy === "count"),
    rows: policy.rows,
    isUnionDistinct: policy.rows === "unionDistinct",
  };
}

/** The orders that are asked for, each once; the first is the rows'. */
function collectOrders({ policy }: MergeSpec, batches: readonly FoldBatch[]) {
  const owner = packOrder(policy, batches, rowRules[policy.rows].order);
  const others: PackedOrder[] = [];
  return {
    indexOf(name: PackedOrder["order"]): number {
      const packed = packOrder(policy, batches, name);
      const known = [owner, ...others].findIndex((order) => isSameOrder(order, packed));
      return known >= 0 ? known : others.push(packed);
    },
    list: (): FoldPlan["orders"] => [owner, ...others],
  };
}

const always: Presence = { batches: null, bit: null, isNullAbsent: false };

function planCells(
  spec: MergeSpec,
  batches: readonly FoldBatch[],
  orderIndex: (name: PackedOrder["order"]) => number,
): Pick<FoldPlan, "groups" | "aggregates" | "custom" | "said" | "unset" | "uncounted"> {
  const { policy, schema } = spec;
  const groups = new Map<string, CellGroup>();
  const aggregates: AggregateCell[] = [];
  const none: { readonly column: Column; readonly policy: CellPolicy }[] = [];
  const custom: Column[] = [];
  const said: { readonly column: Column; readonly presence: Presence }[] = [];
  for (const [bit, column] of schema.columns.entries()) {
    if (policy.key.includes(column.name)) continue;
    const cell = cellPolicyOf(policy, column.name);
    const carried = findPresence(batches, column, bit);
    if (carried === null) {
      none.push({ column, policy: cell });
      continue;
    }
    said.push({ column, presence: carried });
    if (cell === "custom") custom.push(column);
    const presence = isWholeRow(policy.rows) ? always : carried;
    const order = orderIndex(cellRules[cell].order);
    if (isAggregate(cell)) aggregates.push({ column, policy: cell, order, presence });
    else addToGroup(groups, column, { picks: cell === "first" ? "least" : "greatest", order, presence });
  }
  const ownId = identifyGroup(null, { picks: "greatest", order: 0, presence: always });
  const own = groups.get(ownId) ?? { columns: [], picks: "greatest", order: 0, presence: always };
  groups.delete(ownId);
  const isCount = (one: { readonly policy: CellPolicy }) => one.policy === "count";
  return {
    groups: [own, ...groups.values()],
    aggregates,
    custom,
    said,
    unset: none.filter((one) => !isCount(one)).map(({ column }) => column),
    uncounted: none.filter(isCount).map(({ column }) => column),
  };
}

function isWholeRow(rows: RowPolicy): boolean {
  return !rowRules[rows].isKeyUnique;
}

function isAggregate(policy: CellPolicy): policy is AggregateCell["policy"] {
  return policy !== "custom" && cellRules[policy].picks === null;
}

type GroupKind = Omit<CellGroup, "columns">;

function addToGroup(groups: Map<string, CellGroup>, column: Column, kind: GroupKind): void {
  const id = identifyGroup(column, kind);
  groups.set(id, { ...kind, columns: [...(groups.get(id)?.columns ?? []), column] });
}

/** A column whose NULL is absent is present where it is not NULL, which no other column can share. */
function identifyGroup(column: Column | null, { order, picks, presence }: GroupKind): string {
  return JSON.stringify([order, picks, presence, presence.isNullAbsent ? (column?.name ?? null) : null]);
}

function findPresence(batches: readonly FoldBatch[], column: Column, bit: number): Presence | null {
  const carrying = batches.filter((batch) => batch.columns.includes(column.name));
  if (carrying.length === 0) return null;
  return {
    batches: carrying.length === batches.length ? null : carrying.map((batch) => batch.number),
    bit: carrying.some((batch) => batch.hasRowPresence) ? bit : null,
    isNullAbsent: column.nullAs === "absent",
  };
}

function numberSources(batches: readonly FoldBatch[]): FoldPlan["sources"] {
  const names = [...new Set(batches.map((batch) => batch.source))].sort(compareStrings);
  return batches.map((batch) => [batch.number, names.indexOf(batch.source)]);
}
