import { WatersmeetError } from "../../errors/watersmeet-error.ts";
import { isPlainObject } from "../../schema/canonical-json.ts";
import { cellOf } from "../../schema/cell.ts";
import { normalizeValue, type NormalValue } from "../../schema/normalize-value.ts";
import type { ColumnType, Row } from "../../schema/row-schema.ts";
import type { Operation } from "../contribution/contribution.ts";
import { canonicalKey } from "../contribution/key.ts";
import type { EpochField } from "./epoch.ts";
import type { ColumnReading, EpochReading, UpcastStep } from "./plan-epoch-reading.ts";

/** What a contribution says, without what orders it: that stays as it was in whatever form it is read. */
export interface SaidRow {
  readonly operation: Operation;
  readonly key: Row;
  /** Cells by column, without the key; a column that is not here is absent. */
  readonly cells: Row;
}

/** A row in the present form; or, in a sentence, why its upcaster cannot bring it there: then it is set aside as `upcastFailed`. */
export type UpcastRow =
  | { readonly kind: "row"; readonly key: Row; readonly cells: Row }
  | { readonly kind: "fault"; readonly why: string };

/** A function of the author's: pure. Columns that the row says nothing of are not in it. */
export type Upcaster = (row: Row) => unknown;

/**
 * Makes the function that brings rows of one epoch into the present form. `functions` are those of `reading.steps`, in that order; a reading by columns has none.
 *
 * - What a row says nothing of stays unsaid: a column that is absent is absent afterwards, whatever the function gives for it (M39, L12).
 * - A key keeps its values unless the key has other fields; deletes and retracts carry nothing but the key.
 * - A row that a function throws on, or brings into no row of its form, is a fault of that row alone (M41).
 *
 * @throws {MERGE_EPOCH_CHAIN_BROKEN} by the function made, when an upcaster fills a new column for a row that says nothing at all: that would overwrite what newer rows say
 */
export function buildUpcast(
  reading: Exclude<EpochReading, { readonly kind: "unreadable" }>,
  functions: readonly Upcaster[] = [],
): (said: SaidRow) => UpcastRow {
  const steps = reading.kind === "columns" ? [] : reading.steps;
  const tried = new Set<UpcastStep>();
  return (said) => {
    let row: Pick<SaidRow, "key" | "cells"> = said;
    for (const [index, step] of steps.entries()) {
      const upcast = functions[index];
      if (upcast === undefined)
        throw new TypeError(`there is no function for upcaster ${index + 1} of ${steps.length}`);
      const taken = { operation: said.operation, ...readByColumns(step.columns, row) };
      if (!tried.has(step)) refuseFilling(step, upcast, taken.key);
      tried.add(step);
      const given = applyStep(step, upcast, taken);
      if (given.kind === "fault") return given;
      row = given;
    }
    return { kind: "row", ...readByColumns(reading.columns, row) };
  };
}

function readByColumns(
  columns: readonly ColumnReading[],
  row: Pick<SaidRow, "key" | "cells">,
): Pick<SaidRow, "key" | "cells"> {
  const read = (cells: Row, isKey: boolean) =>
    Object.fromEntries(
      columns.flatMap(({ name, from, type, isCast, isKey: isOfKey }) =>
        isOfKey !== isKey || from === null || !Object.hasOwn(cells, from)
          ? []
          : [[name, isCast ? castTo(type, cells[from]) : cells[from]]],
      ),
    );
  return { key: read(row.key, true), cells: read(row.cells, false) };
}

/** Widening: a decimal is text with the same digits in both. */
function castTo(type: ColumnType, value: unknown): unknown {
  return type.kind === "bigint" && typeof value === "number" ? BigInt(value) : value;
}

function applyStep(step: UpcastStep, upcast: Upcaster, said: SaidRow): UpcastRow {
  if (said.operation !== "upsert" && !step.isKeyChanged)
    return { kind: "row", key: carryKey(step, said.key), cells: {} };
  const given = callUpcaster(upcast, said);
  if ("why" in given) return fault(step, given.why);
  const key = step.isKeyChanged ? giveKey(step, given.row) : { key: carryKey(step, said.key) };
  if ("why" in key) return fault(step, key.why);
  if (said.operation !== "upsert") return { kind: "row", key: key.key, cells: {} };
  const cells = giveCells(step, said, given.row);
  return "why" in cells ? fault(step, cells.why) : { kind: "row", ...key, ...cells };
}

interface Why {
  readonly why: string;
}

function callUpcaster(upcast: Upcaster, said: Pick<SaidRow, "key" | "cells">): { readonly row: object } | Why {
  try {
    const row = upcast(Object.freeze({ ...said.key, ...said.cells }));
    return isPlainObject(row) ? { row } : { why: "gives no row" };
  } catch (error) {
    return { why: `throws ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The same key under the names of the form that is given. */
function carryKey({ columns, gives }: UpcastStep, key: Row): Row {
  const names = new Map(columns.map(({ field, name }) => [field, name]));
  const fields = gives.filter(({ isKey }) => isKey);
  return Object.fromEntries(fields.map(({ id, name }) => [name, key[names.get(id) ?? name]]));
}

function giveKey({ gives }: UpcastStep, row: object): { readonly key: Row } | Why {
  const cells = readGiven(
    gives.filter(({ isKey }) => isKey),
    row,
  );
  if ("why" in cells) return cells;
  const columns = gives
    .filter(({ isKey }) => isKey)
    .map(({ name, type }) => ({ name, type, isNullable: false, nullAs: "null" as const }));
  const key = canonicalKey(columns, cells.cells);
  return key.kind === "key" ? { key: key.cells } : { why: `gives no value for the key's "${key.column}"` };
}

/** Without what the row said nothing of before: a field of both forms that it did not have. */
function giveCells({ columns, gives }: UpcastStep, said: SaidRow, row: object): { readonly cells: Row } | Why {
  const cells = columns.filter(({ isKey }) => !isKey);
  const unsaid = new Set(cells.filter(({ name }) => !Object.hasOwn(said.cells, name)).map(({ field }) => field));
  const given = gives.filter(({ id, isKey }) => !isKey && !unsaid.has(id));
  const taken = new Map(cells.map(({ field, name, type }) => [field, { type, value: said.cells[name] }]));
  return readGiven(given, row, taken);
}

type Taken = ReadonlyMap<string, { readonly type: ColumnType; readonly value: unknown }>;

/** A value that is handed on as it was taken need not be one that could come from JavaScript: a store keeps more, such as an infinite number. */
function readGiven(
  fields: readonly EpochField[],
  row: object,
  taken: Taken = new Map(),
): { readonly cells: Row } | Why {
  const cells: Record<string, unknown> = {};
  for (const { id, name, type, isNullable } of fields) {
    const value = cellOf(row, name);
    if (value === undefined) continue;
    const before = taken.get(id);
    const isHandedOn = before !== undefined && Object.is(before.value, value) && before.type.kind === type.kind;
    const normal = isHandedOn ? { value, problem: null } : normalizeGiven(type, isNullable, value);
    if (normal.problem !== null) return { why: `gives a "${name}" that ${normal.problem}` };
    cells[name] = normal.value;
  }
  return { cells };
}

function normalizeGiven(type: ColumnType, isNullable: boolean, value: unknown): NormalValue {
  if (value !== null) return normalizeValue(type, value);
  return isNullable ? { value, problem: null } : { value, problem: "may not be NULL" };
}

/** A function that gives new columns a value for a row that says nothing would set them in every old row, also where newer rows have set them. */
function refuseFilling(step: UpcastStep, upcast: Upcaster, key: Row): void {
  const given = callUpcaster(upcast, { key, cells: {} });
  if ("why" in given) return;
  const fresh = step.gives.filter(({ id, isKey }) => !isKey && step.columns.every(({ field }) => field !== id));
  const filled = fresh.filter((field) => {
    const read = readGiven([field], given.row);
    return "cells" in read && Object.hasOwn(read.cells, field.name);
  });
  if (filled.length === 0) return;
  const names = filled.map(({ name }) => `"${name}"`).join(", ");
  throw new WatersmeetError(
    "MERGE_EPOCH_CHAIN_BROKEN",
    `The upcaster of form ${step.position + 1} gives ${names} to a row that says nothing but its key`,
    {
      hint: 'Give a new column only where the row says what it is made of: row.amount === undefined ? row : { ...row, currency: "EUR" }. What is left out is absent, which is not NULL.',
      details: { form: step.position + 1, columns: filled.map(({ name }) => name) },
    },
  );
}

function fault({ position }: UpcastStep, why: string): UpcastRow {
  return { kind: "fault", why: `the upcaster of form ${position + 1} ${why}` };
}
