import type { ColumnType } from "../../schema/row-schema.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import { stableJson } from "../../values/stable-json.ts";
import { hashEpoch } from "./assign-epoch.ts";
import { compareEpochs, widen, type EpochChange } from "./compare-epochs.ts";
import type { Epoch, EpochField, EpochStep } from "./epoch.ts";

/** The forms of a merge's schema as its author declares them. */
export interface EpochChain {
  /** Forms that were left behind, oldest first. */
  readonly steps: readonly EpochStep[];
  /** The form now. */
  readonly present: readonly EpochField[];
}

/** How one column of a form is read from rows of another. */
export interface ColumnReading {
  readonly field: string;
  /** Name in the form that is wanted. */
  readonly name: string;
  readonly type: ColumnType;
  readonly isKey: boolean;
  /** Name in the form that the rows are in; `null`: they say nothing of it, it is *absent* and never a default (M39). */
  readonly from: string | null;
  /** Whether the value is to be cast to `type`; casts are widening and lose nothing. */
  readonly isCast: boolean;
}

/** A function of the author's that rows pass on their way. */
export interface UpcastStep {
  /** Position in `EpochChain.steps`, and so in the definition's `epochs`. */
  readonly position: number;
  /** Fingerprint of the function. */
  readonly upcaster: string;
  /** How rows are brought into the form that the function takes. */
  readonly columns: readonly ColumnReading[];
  /** Whether the form that it gives is keyed by other fields, so that it gives the key too. Otherwise keys stay as they are. */
  readonly isKeyChanged: boolean;
  /** The form that it gives. */
  readonly gives: readonly EpochField[];
}

/** How rows of one epoch are read today. */
export type EpochReading =
  /** By the columns: of the epoch's own table, no code runs. */
  | { readonly kind: "columns"; readonly columns: readonly ColumnReading[] }
  /** Through functions, one after the other; what the last one gives is read by `columns`. */
  | {
      readonly kind: "upcast";
      readonly steps: readonly UpcastStep[];
      readonly columns: readonly ColumnReading[];
      /** Over the functions and the forms on the way: names what is derived. */
      readonly fingerprint: string;
    }
  /** Not at all: between two forms there is a change that only code could bridge. */
  | { readonly kind: "unreadable"; readonly changes: readonly EpochChange[] };

/**
 * How rows of an epoch are read in the present form. A form that the author does not declare is read by its columns alone; one that is declared passes every upcaster from
 * there on, and between them only compatible changes (M39, M41).
 */
export function planEpochReading(chain: EpochChain, epoch: Pick<Epoch, "fields" | "hash">): EpochReading {
  const position = chain.steps.findIndex((step) => step.hash === epoch.hash);
  const ahead = position === -1 ? [] : chain.steps.map((step, at) => ({ ...step, at })).slice(position);
  const steps: UpcastStep[] = [];
  let form = epoch.fields;
  for (const { at, upcaster, fields } of ahead) {
    if (upcaster === null) continue;
    const changes = findIncompatible(form, fields);
    if (changes.length > 0) return { kind: "unreadable", changes };
    const gives = chain.steps[at + 1]?.fields ?? chain.present;
    const isKeyChanged = identifyKey(fields) !== identifyKey(gives);
    steps.push({ position: at, upcaster, columns: readColumns(form, fields), isKeyChanged, gives });
    form = gives;
  }
  const changes = findIncompatible(form, chain.present);
  if (changes.length > 0) return { kind: "unreadable", changes };
  const columns = readColumns(form, chain.present);
  return steps.length === 0
    ? { kind: "columns", columns }
    : { kind: "upcast", steps, columns, fingerprint: nameReading(chain, steps) };
}

function findIncompatible(from: readonly EpochField[], to: readonly EpochField[]): readonly EpochChange[] {
  return compareEpochs(from, to).filter((change) => !change.isCompatible);
}

function readColumns(from: readonly EpochField[], to: readonly EpochField[]): readonly ColumnReading[] {
  const byId = new Map(from.map((field) => [field.id, field]));
  return to.map(({ id, name, type, isKey }) => {
    const old = byId.get(id);
    return {
      field: id,
      name,
      type,
      isKey,
      from: old?.name ?? null,
      isCast: old !== undefined && widen(old.type, type) === "cast",
    };
  });
}

function identifyKey(fields: readonly EpochField[]): string {
  return stableJson(fields.filter(({ isKey }) => isKey).map(({ id, type: { kind } }) => [id, kind]));
}

/** Rows are derived into the present form, so that is part of the name; so is every form that a function takes. */
function nameReading(chain: EpochChain, steps: readonly UpcastStep[]): string {
  const parts = steps.flatMap(({ position, upcaster }) => [chain.steps[position]?.hash ?? "", upcaster]);
  return fingerprint(["upcast-1", hashEpoch(chain.present), ...parts]);
}
