import type { Column } from "../schema/row-schema.ts";
import { compareStrings } from "../values/compare.ts";
import { cellRules } from "./cell-policies.ts";
import type { MergeSpec } from "./contribution.ts";
import { keyColumns } from "./key.ts";
import { isSameOrder, packOrder, type OrderedBatch, type PackedOrder } from "./packed-order.ts";
import { cellPolicyOf, rowPolicyOf } from "./policy.ts";

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

/** Columns whose cells always come from the same contribution. */
export interface CellGroup {
  readonly columns: readonly Column[];
  /** Index into `orders`. */
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
  /** Columns that no batch carries. */
  readonly unset: readonly Column[];
  /** Two batches of one source have the same sequence: only the values can decide between their rows. */
  readonly needsValueHash: boolean;
  /** Rows of one key must be equal. */
  readonly isUnionDistinct: boolean;
}

/** Works out the fold of a set of batches. Pure. */
export function planFold(spec: MergeSpec, batches: readonly FoldBatch[]): FoldPlan {
  const { policy, schema } = spec;
  const key = keyColumns(schema, policy.key);
  const hasRetracts = batches.some((batch) => batch.hasRetracts);
  const masks = hasRetracts || batches.some((batch) => batch.hasDeletes);
  const owner = packOrder(policy, batches, cellRules[rowPolicyOf(policy)].order);
  const others: PackedOrder[] = [];
  const orderIndex = (name: PackedOrder["order"]): number => {
    const packed = packOrder(policy, batches, name);
    const known = [owner, ...others].findIndex((order) => isSameOrder(order, packed));
    return known >= 0 ? known : others.push(packed);
  };
  const groups = new Map<string, CellGroup>();
  const unset: Column[] = [];
  const cells = schema.columns
    .map((column, bit) => ({ column, bit }))
    .filter(({ column }) => !policy.key.includes(column.name));
  for (const { column, bit } of cells) {
    const presence = findPresence(batches, column, bit);
    if (presence === null) {
      unset.push(column);
      continue;
    }
    const order = orderIndex(cellRules[cellPolicyOf(policy, column.name)].order);
    const id = JSON.stringify([order, presence, presence.isNullAbsent ? column.name : null]);
    groups.set(id, { order, presence, columns: [...(groups.get(id)?.columns ?? []), column] });
  }
  const always: Presence = { batches: null, bit: null, isNullAbsent: false };
  const ownId = JSON.stringify([0, always, null]);
  const own = groups.get(ownId) ?? { order: 0, presence: always, columns: [] };
  groups.delete(ownId);
  const maskOrder = masks ? orderIndex("recencyFirst") : null;
  return {
    key,
    columns: schema.columns,
    batches: batches.map((batch) => batch.number),
    sources: numberSources(batches),
    orders: [owner, ...others],
    maskOrder,
    hasRetracts,
    groups: [own, ...groups.values()],
    unset,
    needsValueHash: new Set(batches.map((batch) => `${batch.batchSequence}:${batch.source}`)).size < batches.length,
    isUnionDistinct: policy.rows === "unionDistinct",
  };
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
