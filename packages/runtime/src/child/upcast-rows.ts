import type { Definition } from "@watersmeet/core";
import type { EpochField } from "@watersmeet/core/merge";
import { buildCellParser, readRowSchema, type Row, type RowSchema } from "@watersmeet/core/schema";
import { openRowWriter } from "../exchange/open-row-writer.ts";
import { readExchangeFile } from "../exchange/read-exchange-file.ts";
import type { ChildResult, ChildWork } from "./protocol.ts";
import { describeUpcastFault, upcastRow, type UpcastStep } from "./upcast-row.ts";

type UpcastWork = Extract<ChildWork, { readonly kind: "upcast" }>;

/**
 * Brings rows of an earlier form to the present one. A row that an upcaster throws on, or makes something of that the schema refuses, keeps its place with the reason: no row is
 * lost, and none takes the others with it.
 */
export async function upcastRows(work: UpcastWork, definition: Definition, signal: AbortSignal): Promise<ChildResult> {
  const upcast = buildUpcast(work, definition);
  const writer = await openRowWriter({ path: work.output.path, schema: work.output.schema });
  try {
    for await (const rows of readExchangeFile(work.file, { signal })) await writer.write(rows.map(upcast));
    return { kind: "file", file: await writer.seal() };
  } finally {
    await writer.abandon();
  }
}

function buildUpcast({ forms, output }: UpcastWork, definition: Definition): (stored: Row) => Row {
  const [own = [], ...others] = forms;
  // The forms that were left behind end with the one before the present.
  const left = definition.epochs.slice(definition.epochs.length - others.length);
  const steps = left.map((epoch, index): UpcastStep => {
    const [from = [], to = []] = forms.slice(index, index + 2);
    return { from, to, upcast: epoch.upcast, nullAsAbsent: listNullAsAbsent(epoch.schema) };
  });
  const present = forms.at(-1) ?? [];
  const parse = buildCellParser(definition.schema, cellsOf(output.schema, present));
  const empty = Object.fromEntries(present.map(({ name }) => [name, null]));
  return (stored) => {
    const ordinal = stored["_ordinal"];
    try {
      const cells = parseCells(upcastRow(readOwn(stored, own), steps), present, parse);
      return { ...empty, ...cells, _ordinal: ordinal, _present: JSON.stringify(Object.keys(cells)), _fault: null };
    } catch (thrown) {
      return { ...empty, _ordinal: ordinal, _present: "[]", _fault: describeUpcastFault(thrown) };
    }
  };
}

function listNullAsAbsent(schema: unknown): ReadonlySet<string> {
  const columns = readRowSchema(schema).schema?.columns ?? [];
  return new Set(columns.filter(({ nullAs }) => nullAs === "absent").map(({ name }) => name));
}

/** The row as its author knew it: what it says nothing of is not there. */
function readOwn(stored: Row, own: readonly EpochField[]): Row {
  const given = stored["_present"];
  const names: unknown = typeof given === "string" ? JSON.parse(given) : null;
  const isPresent = (name: string): boolean => !Array.isArray(names) || names.includes(name);
  return Object.fromEntries(own.filter(({ name }) => isPresent(name)).map(({ name }) => [name, stored[name] ?? null]));
}

type CellParser = ReturnType<typeof buildCellParser>;

function parseCells(row: Row, present: readonly EpochField[], parse: CellParser): Row {
  const cells: Record<string, unknown> = {};
  for (const { name } of present) {
    if (row[name] === undefined) continue;
    const { value, problem } = parse(name, row[name]);
    if (problem !== null) throw new TypeError(`column "${name}": ${problem}`);
    cells[name] = value;
  }
  return cells;
}

/** Columns as the schema has them: those of the file may all be NULL. */
function cellsOf({ columns }: RowSchema, present: readonly EpochField[]): RowSchema {
  const fields = new Map(present.map((field) => [field.name, field]));
  return {
    columns: columns.flatMap((column) => {
      const field = fields.get(column.name);
      return field === undefined ? [] : [{ ...column, type: field.type, isNullable: field.isNullable }];
    }),
  };
}
