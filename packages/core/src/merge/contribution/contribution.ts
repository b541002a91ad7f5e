import type { Row, RowSchema } from "../../schema/row-schema.ts";
import type { MergePolicy } from "../policy.ts";

/** A merge, as far as its result depends on it. */
export interface MergeSpec {
  readonly policy: MergePolicy;
  /** Of the merged rows. */
  readonly schema: RowSchema;
  /** By column with the policy `custom`. */
  readonly reducers?: Readonly<Record<string, Reducer>>;
}

/** Joins two values of a column, neither of them null. */
export type Reducer = (a: unknown, b: unknown) => unknown;

/**
 * `upsert` sets the cells that it carries; `delete` removes the row, whoever wrote it; `retract` withdraws what its own
 * source said of the key.
 */
export type Operation = "upsert" | "delete" | "retract";

/** One row of a batch as a merge sees it. Everything that decides between two contributions is in here: never their arrival. */
export interface Contribution {
  /** The key's cells by column, canonical: see `canonicalKey`. */
  readonly key: Row;
  readonly operation: Operation;
  /** Cells by column, without the key. A column that is not here is *absent* (no opinion); `null` is a value like any other. */
  readonly cells: Row;
  /** Microseconds since 1970-01-01 UTC; `null` when the source is undated, which is before every time. */
  readonly eventTimeUs: bigint | null;
  /** Name of the branch. */
  readonly source: string;
  /** The producer's own sequence of this row, where it has one; otherwise 0. */
  readonly sequence: bigint;
  /** The producer's sequence of the batch: grows with every batch of a source, whatever order they arrive in. */
  readonly batchSequence: bigint;
  /** Position within the batch, where the producer promises one; otherwise 0. */
  readonly ordinal: bigint;
  /** Batch that it was sealed in, and which of the contributions of that batch with an equal token it is, from 0. Only `unionAll` tells such ones apart. */
  readonly batchId: string;
  readonly copy: number;
}

/** Whether the contribution says anything of the column. */
export function hasCell(contribution: Contribution, column: string): boolean {
  return Object.hasOwn(contribution.cells, column);
}
