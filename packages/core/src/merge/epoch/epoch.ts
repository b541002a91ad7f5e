import type { ColumnType } from "../../schema/row-schema.ts";

/** A column as an epoch fixes it. Its id stays when it is renamed; an id that was dropped never comes back. */
export interface EpochField {
  /** By default the name that the column was first declared with; `.meta({ field: "old_name" })` keeps it across a rename. */
  readonly id: string;
  readonly name: string;
  readonly type: ColumnType;
  readonly isNullable: boolean;
  readonly isKey: boolean;
  /** What a number measures, from `.meta({ unit: "EUR" })`; a change of it is a change of meaning. */
  readonly unit: string | null;
}

/** One form of a merge's schema that batches were, or are, written in. */
export interface Epoch {
  /** 1 for the first. */
  readonly number: number;
  readonly fields: readonly EpochField[];
  /** SHA-256 over the fields. */
  readonly hash: string;
}

/** What the author says of a form of the schema that has been left behind, in order; the next one, or the schema itself, follows it. */
export interface EpochStep {
  /** Fields of the form that was left. */
  readonly fields: readonly EpochField[];
  readonly hash: string;
  /** What changed and why. */
  readonly note: string;
  readonly isLossy: boolean;
  /** Fingerprint of the function that brings a row to the next form; `null`: the change is compatible and needs none. */
  readonly upcaster: string | null;
}
